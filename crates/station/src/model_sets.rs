//! The models a station may read with: the set that comes with the program, and sets that were added to it.
//!
//! A set is a folder with a `manifest.toml`. Added ones are copied beside the database under the hash of their manifest,
//! checked by loading them; the setting `models` names the one in use.

use crate::{
    Problem, Settings, Station,
    eyes::{Eyes, EyesError, MANIFEST, installed_models},
    people::{Permission, Session},
};
use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use wellread_store::{Agreement, OfferState, OfferedFile, Sha256};
use wellread_vision::manifest::{Manifest, ModelKind, ModelSpec};

/// The setting that names the set in use.
pub const SETTING: &str = "models";
/// Names a folder of added sets.
const FOLDER: &str = "models";
/// As many digits of the manifest's hash as name a set.
const NAME_DIGITS: usize = 16;

/// A set of models.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelSet {
    /// What the setting `models` calls it; empty for the one that comes with the program.
    pub id: String,
    /// Whether new plates are read with it.
    pub active: bool,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its models, the one that judges the wells first.
    pub models: Vec<ModelLine>,
    /// What people say of its calls; `None` where it has read no accepted plate.
    pub agreement: Option<Agreement>,
    /// What headquarters say about it; `None` for a set that they do not offer.
    pub offered: Option<OfferedSet>,
}

/// What headquarters say about a set that they offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OfferedSet {
    /// Its name.
    pub name: String,
    /// What they say.
    pub note: String,
    /// Whether they have taken the offer back.
    pub withdrawn: bool,
}

/// One model of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelLine {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub kind: String,
    /// The hash of its file, as the manifest says; loading refuses another.
    pub sha256: String,
    /// The terms it may be used under.
    pub license: String,
    /// Its card, in Markdown; empty where the file is missing.
    pub card: String,
}

impl Station {
    /// Loads the models of a folder, else those that new plates are read with, for so many pictures at once.
    pub fn eyes(&self, folder: Option<&Path>, pictures: usize) -> anyhow::Result<Eyes> {
        let used = match folder {
            Some(folder) => folder.to_owned(),
            None => self.models_in_use(&self.settings()?)?,
        };
        let opened = Eyes::open(Some(&used), pictures);
        opened.map_err(|error| Problem::invalid(format!("the models cannot be used: {error}")).into())
    }

    /// The folder of the models that these settings name.
    pub fn models_in_use(&self, settings: &Settings) -> anyhow::Result<PathBuf> {
        self.set_folder(&settings.models)
    }

    /// Every set, the one that comes with the program first.
    pub fn model_sets(&self) -> anyhow::Result<Vec<ModelSet>> {
        let used = self.settings()?.models;
        let mut sets = Vec::new();
        for id in std::iter::once(String::new()).chain(self.added()?) {
            let folder = self.set_folder(&id)?;
            let manifest = Manifest::load(&folder)?;
            sets.push(self.set(id, &used, manifest)?);
        }
        Ok(sets)
    }

    /// Adds the set of a folder: copies what its manifest names, and loads it once.
    pub fn add_models(&self, session: &Session, folder: &Path, why: &str) -> anyhow::Result<ModelSet> {
        self.ask(session, Permission::ConfigWrite, |_| Ok(()))?;
        let manifest = Manifest::load(folder).map_err(|error| Problem::invalid(error.to_string()))?;
        let text = fs::read(folder.join(MANIFEST)).context("cannot read the manifest")?;
        let sha256 = Sha256::of(&text);
        let id = set_id(&sha256);
        let place = self.offered_place(&sha256);
        if place.is_dir() {
            return Err(Problem::refused("these models were added before: choose them in the list").into());
        }
        let unfinished = place.with_extension("part");
        let copied = copy_set(folder, &manifest, &text, &unfinished).and_then(|()| {
            // Files whose hashes are others, or that the runtime does not take, are refused here.
            Eyes::open(Some(&unfinished), 1).map_err(|error| Problem::invalid(error.to_string()))?;
            Ok(fs::rename(&unfinished, &place)?)
        });
        if copied.is_err() {
            let _ = fs::remove_dir_all(&unfinished);
        }
        copied.with_context(|| format!("the models in {} were not added", folder.display()))?;
        self.note_models(session, "ADD_MODELS", &id, &manifest, why)?;
        let used = self.settings()?.models;
        self.set(id, &used, manifest)
    }

    /// Reads new plates with another set. What was read stays as it is.
    pub fn switch_models(&self, session: &Session, id: &str, why: &str) -> anyhow::Result<()> {
        self.ask(session, Permission::ConfigWrite, |_| Ok(()))?;
        if why.trim().is_empty() {
            return Err(Problem::invalid("say why the models are changed: auditors will ask").into());
        }
        if self.model_sets()?.iter().any(|set| set.id == id && set.offered.as_ref().is_some_and(|set| set.withdrawn)) {
            return Err(Problem::refused("headquarters have taken these models back: choose others").into());
        }
        // A set that cannot be loaded would stop the intake.
        Eyes::open(Some(&self.set_folder(id)?), 1).map_err(|error| Problem::invalid(error.to_string()))?;
        self.configure(session, SETTING, Some(&json!(id)), why)
    }

    /// The folder of a set.
    pub(crate) fn set_folder(&self, id: &str) -> anyhow::Result<PathBuf> {
        if id.is_empty() {
            return Ok(installed_models().ok_or(EyesError::NoModels)?);
        }
        let folder = self.folder().path().join(FOLDER).join(id);
        let is_name = id.len() == NAME_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name || !folder.join(MANIFEST).is_file() {
            let told = format!(
                "the models '{id}' are not on this station: add them again, or go back to those that came with the program"
            );
            return Err(Problem::invalid(told).into());
        }
        Ok(folder)
    }

    /// Where a set lies once it is added or fetched.
    pub(crate) fn offered_place(&self, sha256: &Sha256) -> PathBuf {
        self.folder().path().join(FOLDER).join(set_id(sha256))
    }

    fn added(&self) -> anyhow::Result<Vec<String>> {
        let entries = match fs::read_dir(self.folder().path().join(FOLDER)) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.context("cannot list the added models")?,
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut ids: Vec<String> = names.filter(|name| self.set_folder(name).is_ok()).collect();
        ids.sort();
        Ok(ids)
    }

    fn set(&self, id: String, used: &str, manifest: Manifest) -> anyhow::Result<ModelSet> {
        let mut specs: Vec<&ModelSpec> = manifest.models.iter().collect();
        specs.sort_by_key(|spec| rank(spec.kind));
        let models: Vec<ModelLine> = specs.into_iter().map(|spec| line(&manifest.folder, spec)).collect();
        let judge = models.first().and_then(|model| model.sha256.parse::<Sha256>().ok());
        let agreement = match judge {
            Some(judge) => self.read(|reading| Ok(reading.agreement(&judge)?))?,
            None => None,
        };
        let offered =
            self.read(|reading| Ok(reading.model_offers()?))?.into_iter().find(|offer| set_id(&offer.sha256) == id);
        let offered = offered.map(|offer| OfferedSet {
            name: offer.name,
            note: offer.note,
            withdrawn: offer.state == OfferState::Withdrawn,
        });
        Ok(ModelSet { active: id == used, id, folder: manifest.folder, models, agreement, offered })
    }

    fn note_models(
        &self,
        session: &Session,
        action: &'static str,
        id: &str,
        manifest: &Manifest,
        why: &str,
    ) -> anyhow::Result<()> {
        let models: Vec<_> = manifest.models.iter().map(|spec| line(&manifest.folder, spec)).collect();
        let hashes: Vec<_> =
            models.iter().map(|m| json!({ "name": m.name, "version": m.version, "sha256": m.sha256 })).collect();
        self.act(session, Permission::ConfigWrite, |writing| {
            Ok(writing.audit(&wellread_store::NewAudit {
                action,
                resource: "models",
                resource_id: id.to_owned(),
                new: Some(json!(hashes)),
                why: why.to_owned(),
                ..wellread_store::NewAudit::default()
            })?)
        })
    }
}

/// What the setting calls a set.
fn set_id(sha256: &Sha256) -> String {
    sha256.to_string().chars().take(NAME_DIGITS).collect()
}

/// Whether a set could be fetched: its manifest names it, and no file of it lies elsewhere.
pub(crate) fn check_offered(sha256: &Sha256, files: &BTreeMap<String, OfferedFile>) -> Result<(), Problem> {
    if files.get(MANIFEST).is_none_or(|manifest| manifest.sha256 != *sha256) {
        return Err(Problem::invalid(
            "it has no manifest, or is named after another one: headquarters publish it anew",
        ));
    }
    let plain = |name: &String| {
        let path = Path::new(name);
        path.file_name().is_some_and(|own| own == path.as_os_str()) && !name.contains(['/', '\\', ':'])
    };
    match files.keys().find(|name| !plain(name)) {
        Some(name) => Err(Problem::invalid(format!("'{name}' lies outside the folder of models"))),
        None => Ok(()),
    }
}

/// A detector judges in the classifier's place where there is one.
const fn rank(kind: ModelKind) -> u8 {
    match kind {
        ModelKind::Detector => 0,
        ModelKind::WellClassifier => 1,
        ModelKind::Locator => 2,
        ModelKind::Landmark => 3,
    }
}

fn line(folder: &Path, spec: &ModelSpec) -> ModelLine {
    ModelLine {
        name: spec.name.clone(),
        version: spec.version.clone(),
        kind: spec.kind.as_str().to_owned(),
        sha256: spec.sha256.clone(),
        license: spec.license.clone(),
        card: fs::read_to_string(folder.join(&spec.card)).unwrap_or_default(),
    }
}

/// Only what the manifest names, by plain file names: nothing outside the folder is reached.
fn copy_set(from: &Path, manifest: &Manifest, text: &[u8], to: &Path) -> anyhow::Result<()> {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for spec in &manifest.models {
        for file in [&spec.file, &spec.card] {
            if file.components().count() != 1 || file.file_name().is_none() {
                return Err(Problem::invalid(format!("{} lies outside the folder of models", file.display())).into());
            }
            let copied = fs::copy(from.join(file), to.join(file));
            match copied {
                // A model without a card can still read.
                Err(why) if *file == spec.card && why.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.with_context(|| format!("cannot copy {}", from.join(file).display()))?),
            }
        }
    }
    crate::folder::put_file(&to.join(MANIFEST), text)
}
