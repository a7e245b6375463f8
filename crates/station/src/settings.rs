//! The settings of a station: typed, each with a default, checked before they are kept.
//!
//! The database keeps those that differ from their defaults, each under its dotted name.

use crate::{
    intake::{
        barcode::Barcodes,
        hints::WatchBy,
        name_pattern::{self, NamePattern},
    },
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
use wellread_store::{Origin, Reading};

/// The settings of a station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The assay of new plates: the id of one the station knows.
    pub assay: String,
    /// The models that read new plates: a set that was added, or empty for the one that comes with the program.
    pub models: String,
    /// How pictures come in.
    pub intake: Intake,
    /// Where results go.
    pub deliver: Deliver,
    /// How people sign in.
    pub people: People,
    /// How headquarters are told.
    pub sync: Sync,
}

/// How pictures come in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intake {
    /// The folder the camera writes into.
    pub inbox: Option<PathBuf>,
    /// Whether its sub-folders are looked at too.
    pub sub_folders: bool,
    /// How the folder is watched.
    pub watch_by: WatchBy,
    /// How long a file's size and time must have rested before it is taken, in milliseconds.
    pub rest_ms: u64,
    /// How often the whole folder is looked through, in milliseconds.
    pub scan_every_ms: u64,
    /// How file names are read.
    pub name_pattern: String,
    /// The kinds of barcode read as suggestions of a sample number, such as "code-128"; none, and nothing is looked for.
    pub barcode_symbologies: Vec<String>,
    /// Where in the picture the labels are: left, top, right and bottom as shares of it.
    pub barcode_region: [f64; 4],
    /// What a barcode must look like to be a sample number: a regular expression for the whole text.
    pub barcode_pattern: String,
    /// Below this much free disk, intake pauses, in mebibytes.
    pub disk_reserve_mib: u64,
    /// The most files waiting in memory.
    pub queue_limit: u32,
    /// Plates read at the same time; 0 for one more than cores.
    pub workers: u32,
    /// The camera's fixed place for the plate, as `wellread read --calibration` takes it.
    pub calibration: Option<PathBuf>,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deliver {
    /// The drop folder.
    pub folder: Option<PathBuf>,
    /// `host:port` of a receiver of HL7 over MLLP.
    pub mllp: Option<String>,
    /// For how long that receiver may take for one message, in seconds.
    pub mllp_within_s: u64,
    /// Whether a sample's file is made as soon as its last plate is accepted.
    pub automatic: bool,
    /// The templates made then, and where none is named.
    pub templates: Vec<String>,
    /// Whether a dropped file counts as delivered only when the receiver has acknowledged it.
    pub wait_for_ack: bool,
    /// For how long an acknowledgement is waited for before the file counts as failed, in seconds.
    pub ack_within_s: u64,
}

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// Wrong passwords in a row until an account is locked.
    pub lock_after: u32,
    /// For how long it is locked the first time, in minutes; each further failure doubles it.
    pub lock_min: u32,
    /// Days until a password must be set anew; 0 for never.
    pub password_expires_days: u32,
    /// The fewest characters of a password.
    pub password_min_chars: u32,
    /// Minutes without a key or a touch until the window asks who is there; 0 for never.
    pub idle_lock_min: u32,
    /// Whether verbs that only read ask who reads.
    pub login_to_read: bool,
}

/// How headquarters are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sync {
    /// How often headquarters are asked whether there is news, in seconds; news from here goes out at once.
    pub every_s: u32,
    /// Whether pictures go there too.
    pub blobs: bool,
    /// A file with certificates, in PEM, of whoever vouches for headquarters beside the usual authorities.
    pub ca_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            assay: "hi".to_owned(),
            models: String::new(),
            intake: Intake::default(),
            deliver: Deliver::default(),
            people: People::default(),
            sync: Sync::default(),
        }
    }
}

impl Default for Sync {
    fn default() -> Self {
        Self { every_s: 30, blobs: true, ca_file: None }
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            inbox: None,
            sub_folders: false,
            watch_by: WatchBy::Auto,
            rest_ms: 1_000,
            scan_every_ms: 30_000,
            name_pattern: name_pattern::DEFAULT.to_owned(),
            barcode_symbologies: Vec::new(),
            barcode_region: [0.0, 0.0, 1.0, 1.0],
            barcode_pattern: "[A-Za-z0-9./-]{3,40}".to_owned(),
            disk_reserve_mib: 512,
            queue_limit: 256,
            workers: 0,
            calibration: None,
        }
    }
}

impl Default for Deliver {
    fn default() -> Self {
        Self {
            folder: None,
            mllp: None,
            mllp_within_s: 30,
            automatic: true,
            templates: vec!["labware".to_owned()],
            wait_for_ack: false,
            ack_within_s: 86_400,
        }
    }
}

impl Default for People {
    fn default() -> Self {
        Self {
            lock_after: 5,
            lock_min: 15,
            password_expires_days: 0,
            password_min_chars: 8,
            idle_lock_min: 10,
            login_to_read: false,
        }
    }
}

/// A setting in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettingLine {
    /// Its dotted name.
    pub name: String,
    /// What holds.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub value: Value,
    /// What holds where nobody has said anything.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub default: Value,
    /// Whose it is: what headquarters set, they alone change.
    pub origin: Origin,
}

impl Settings {
    /// Every setting as one moment of the database has it, with its default.
    pub fn lines(reading: &Reading<'_>) -> anyhow::Result<Vec<SettingLine>> {
        let mut lines = Vec::new();
        for ((name, value), (_, default)) in Self::load(reading)?.pairs().into_iter().zip(Self::default().pairs()) {
            let origin = reading.config_origin(&name)?.unwrap_or(Origin::Station);
            lines.push(SettingLine { name, value, default, origin });
        }
        Ok(lines)
    }

    /// The settings as one moment of the database has them.
    pub fn load(reading: &Reading<'_>) -> anyhow::Result<Self> {
        Self::from_pairs(reading.configs()?)
    }

    /// The settings that follow from those kept.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, Value)>) -> anyhow::Result<Self> {
        let mut all = serde_json::to_value(Self::default())?;
        for (name, value) in pairs {
            // A setting of a later release, or one that has gone, must not keep the station from opening.
            if let Some(place) = find(&mut all, &name) {
                *place = value;
            }
        }
        let settings: Self = serde_json::from_value(all)
            .map_err(|why| Problem::invalid(format!("the settings kept cannot be understood: {why}")))?;
        Ok(settings)
    }

    /// The settings with another value, checked.
    pub fn with(&self, name: &str, value: &Value) -> Result<Self, Problem> {
        let unreadable = |why: serde_json::Error| Problem::invalid(format!("`{name}` cannot be that: {why}"));
        let mut all = serde_json::to_value(self).map_err(unreadable)?;
        let Some(place) = find(&mut all, name) else {
            let known = Self::names().join(", ");
            return Err(Problem::invalid(format!("there is no setting `{name}`: use one of {known}")));
        };
        *place = value.clone();
        let changed: Self = serde_json::from_value(all).map_err(unreadable)?;
        changed.check()?;
        Ok(changed)
    }

    /// Every setting, by its dotted name.
    pub fn pairs(&self) -> Vec<(String, Value)> {
        let mut pairs = Vec::new();
        if let Ok(Value::Object(all)) = serde_json::to_value(self) {
            flatten("", &all, &mut pairs);
        }
        pairs
    }

    /// The names of all settings.
    pub fn names() -> Vec<String> {
        Self::default().pairs().into_iter().map(|(name, _)| name).collect()
    }

    fn check(&self) -> Result<(), Problem> {
        let wrong = |name: &str, what: &str| Err(Problem::invalid(format!("`{name}` {what}")));
        let Self { intake, deliver, people, sync, .. } = self;
        if self.assay.is_empty() {
            return wrong("assay", "names an assay such as \"hi\"");
        }
        if !(50..=600_000).contains(&intake.rest_ms) {
            return wrong("intake.rest_ms", "lies between 50 and 600000");
        }
        if !(1_000..=3_600_000).contains(&intake.scan_every_ms) {
            return wrong("intake.scan_every_ms", "lies between 1000 and 3600000");
        }
        if !(1..=100_000).contains(&intake.queue_limit) || intake.workers > 256 {
            return wrong("intake.queue_limit", "lies between 1 and 100000, and `intake.workers` between 0 and 256");
        }
        NamePattern::parse(&intake.name_pattern).map_err(|why| Problem::invalid(why.to_string()))?;
        Barcodes::allow(&intake.barcode_symbologies, &intake.barcode_pattern, intake.barcode_region)?;
        if deliver.mllp.as_ref().is_some_and(|to| !is_address(to)) {
            return wrong("deliver.mllp", "is written HOST:PORT, such as lims.example:2575");
        }
        if !(1..=600).contains(&deliver.mllp_within_s) {
            return wrong("deliver.mllp_within_s", "lies between 1 and 600");
        }
        if !(1..=100).contains(&people.lock_after) || !(1..=1_440).contains(&people.lock_min) {
            return wrong("people.lock_after", "lies between 1 and 100, and `people.lock_min` between 1 and 1440");
        }
        if !(8..=128).contains(&people.password_min_chars) {
            return wrong("people.password_min_chars", "lies between 8 and 128");
        }
        if !(1..=86_400).contains(&sync.every_s) {
            return wrong("sync.every_s", "lies between 1 and 86400");
        }
        if people.idle_lock_min > 24 * 60 {
            return wrong("people.idle_lock_min", "is at most 1440, a day; 0 is never");
        }
        Ok(())
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn find<'v>(all: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let place = name.split('.').try_fold(all, |value, part| value.get_mut(part))?;
    (!place.is_object()).then_some(place)
}

fn flatten(prefix: &str, object: &Map<String, Value>, pairs: &mut Vec<(String, Value)>) {
    for (key, value) in object {
        let name = format!("{prefix}{key}");
        match value {
            Value::Object(inner) => flatten(&format!("{name}."), inner, pairs),
            _ => pairs.push((name, value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_kept_setting_holds_and_the_others_keep_their_defaults() {
        let settings = Settings::from_pairs([("intake.rest_ms".to_owned(), json!(200))]).unwrap();
        assert_eq!(settings.intake.rest_ms, 200, "the one kept");
        assert_eq!(settings.deliver, Deliver::default(), "the others");
        let later = Settings::from_pairs([("intake.sound".to_owned(), json!(true))]).unwrap();
        assert_eq!(later, Settings::default(), "a setting of a later release is passed over");
    }

    #[test]
    fn what_cannot_be_is_refused_and_says_what_would_be_right() {
        let settings = Settings::default();
        for (name, value, told) in [
            ("intake.rest_ms", json!(1), "between 50"),
            ("intake.rest_ms", json!("soon"), "cannot be that"),
            ("intake.barcode_pattern", json!("("), "regular expression"),
            ("deliver.mllp", json!("lims"), "HOST:PORT"),
            ("intake", json!({}), "no setting"),
            ("colour", json!("red"), "no setting"),
        ] {
            let problem = settings.with(name, &value).unwrap_err();
            assert!(problem.message.contains(told), "{name} = {value}: {}", problem.message);
        }
        assert!(settings.with("deliver.mllp", &json!("[::1]:2575")).is_ok(), "an IPv6 address is one too");
    }

    #[test]
    fn every_default_can_be_set() {
        let settings = Settings::default();
        for (name, value) in settings.pairs() {
            assert_eq!(
                settings.with(&name, &value).unwrap(),
                settings,
                "{name} is a setting, and its default is valid"
            );
        }
    }
}
