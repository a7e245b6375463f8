//! One item of headquarters, taken up by the same rules as a person's work here.

use crate::{Problem, Settings, Station, intake::admit::newest_assay, model_sets};
use std::collections::BTreeMap;
use wellread_plate::{
    assay::{Assay as Definition, Role as WellRole},
    class::{Call, WellClass},
    format::{PlateFormat, WellId},
};
use wellread_store::{
    Actor, Decision, EventId, HubRole, HubUser, Identity, LayoutKey, ModelOffer, NewLayout, OfferState, OfferedFile,
    RunId, Sha256, Stamp, StoredAssay, UserId, Writing,
};
use wellread_wire::downlink::{Assay, Config, Correction, CorrectionDecision, Item, Layout, ModelSet, Role, User};

/// Takes up an item; what is left of it to do, where something is.
pub(super) fn apply(station: &Station, writing: &Writing<'_>, item: &Item) -> anyhow::Result<Option<String>> {
    match item {
        Item::User(user) => return apply_user(writing, user),
        Item::Role(role) => apply_role(writing, role)?,
        Item::Assay(assay) => apply_assay(writing, assay)?,
        Item::Layout(layout) => apply_layout(writing, layout)?,
        Item::Model(set) => apply_models(writing, set)?,
        Item::Config(config) => apply_config(station, writing, config)?,
        Item::Correction(correction) => apply_correction(station, writing, correction)?,
        Item::Unread(_) => {}
    }
    Ok(None)
}

fn apply_user(writing: &Writing<'_>, user: &User) -> anyhow::Result<Option<String>> {
    let missing = writing.put_hub_user(&HubUser {
        id: UserId::new(user.id),
        username: user.username.clone(),
        password_phc: user.password_phc.clone(),
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        is_active: user.is_active,
        roles: user.roles.clone(),
        offline_days: user.offline_days,
    })?;
    Ok((!missing.is_empty())
        .then(|| format!("'{}' has roles that are not known here yet: {}", user.username, missing.join(", "))))
}

fn apply_role(writing: &Writing<'_>, role: &Role) -> anyhow::Result<()> {
    Ok(writing.put_hub_role(&HubRole {
        name: role.name.clone(),
        description: role.description.clone(),
        permissions: role.permissions.clone(),
        is_active: role.is_active,
    })?)
}

fn apply_assay(writing: &Writing<'_>, assay: &Assay) -> anyhow::Result<()> {
    let read = Definition::from_toml(&assay.id, &assay.toml).map_err(|why| Problem::invalid(why.to_string()))?;
    if (read.id.as_str(), read.version) != (assay.id.as_str(), assay.version) {
        let told = format!("its text says '{}' version {}: headquarters publish it anew", read.id, read.version);
        return Err(Problem::invalid(told).into());
    }
    let known = writing.assay(&assay.id, assay.version)?;
    if known.is_none() && Definition::shipped(&assay.id).is_some() {
        // A later release brings a version of its own under this number.
        let told =
            format!("the id '{}' belongs to an assay of the program: headquarters give theirs another", assay.id);
        return Err(Problem::refused(told).into());
    }
    let stored = StoredAssay { id: read.id, version: read.version, name: assay.name.clone(), toml: assay.toml.clone() };
    Ok(writing.add_hub_assay(&stored)?)
}

fn apply_layout(writing: &Writing<'_>, layout: &Layout) -> anyhow::Result<()> {
    let unreadable = |what: &str| Problem::invalid(format!("{what} is not known to this release: update this station"));
    let format = plate_format(&layout.plate_format).ok_or_else(|| unreadable(&layout.plate_format))?;
    let mut wells: BTreeMap<WellId, WellRole> = BTreeMap::new();
    for (well, role) in &layout.wells {
        let well_id = well.parse().map_err(|_| unreadable(well))?;
        wells.insert(well_id, serde_json::from_value(role.as_str().into()).map_err(|_| unreadable(role))?);
    }
    let key = LayoutKey { id: layout.id.clone(), version: layout.version };
    Ok(writing.put_hub_layout(&NewLayout { key, name: layout.name.clone(), format, wells }, layout.retired)?)
}

/// A plate as runs write it: `96` or `8x12`.
fn plate_format(text: &str) -> Option<PlateFormat> {
    match text.split_once('x') {
        Some((rows, cols)) => PlateFormat::new(rows.parse().ok()?, cols.parse().ok()?).ok(),
        None => PlateFormat::with_wells(text.parse().ok()?),
    }
}

fn apply_models(writing: &Writing<'_>, set: &ModelSet) -> anyhow::Result<()> {
    let own = |hash: &wellread_wire::chain::Sha256| Sha256::new(hash.0);
    let files: BTreeMap<String, OfferedFile> = set
        .files
        .iter()
        .map(|(name, file)| (name.clone(), OfferedFile { sha256: own(&file.sha256), size: file.size }))
        .collect();
    if !set.withdrawn {
        model_sets::check_offered(&own(&set.sha256), &files)?;
    }
    let state = if set.withdrawn { OfferState::Withdrawn } else { OfferState::Wanted };
    Ok(writing.put_model_offer(&ModelOffer {
        sha256: own(&set.sha256),
        name: set.name.clone(),
        note: set.note.clone(),
        files,
        state,
        reason: String::new(),
    })?)
}

/// Settings that only somebody at the station can judge.
const NOT_FROM_AFAR: [&str; 2] = [model_sets::SETTING, super::CA_FILE];

fn apply_config(station: &Station, writing: &Writing<'_>, config: &Config) -> anyhow::Result<()> {
    if NOT_FROM_AFAR.contains(&config.key.as_str()) {
        let told = format!("`{}` is changed at the station alone, by somebody who sees what it does there", config.key);
        return Err(Problem::refused(told).into());
    }
    if !config.value.is_null() {
        let changed = Settings::load(writing)?.with(&config.key, &config.value)?;
        newest_assay(writing, &changed.assay)?;
        for template in &changed.deliver.templates {
            station.template(template)?;
        }
    }
    Ok(writing.set_hub_config(&config.key, &config.value)?)
}

/// A decision of headquarters is an event like anybody's who has seen the newest one, under their account's name.
fn apply_correction(station: &Station, writing: &Writing<'_>, correction: &Correction) -> anyhow::Result<()> {
    if correction.station_id != station.identity().id.uuid() {
        return Ok(());
    }
    let (run, id) = (RunId::new(correction.run_id), EventId::new(correction.id));
    if writing.find_run(run)?.is_none() {
        let told = format!("run {run} is not in this copy of the station's data");
        return Err(Problem::not_found("run", told).into());
    }
    if writing.events(run)?.iter().any(|event| event.id == id) {
        return Ok(());
    }
    let user = UserId::new(correction.user_id);
    writing.put_hub_stranger(user, &correction.username)?;
    let stamp = Stamp { at: writing.stamp().at, by: Actor::User { id: user, name: correction.username.clone() } };
    let reason = (correction.reason_code.clone(), correction.reason_text.clone());
    let decision = decision(&correction.decision)?;
    let settings = Settings::load(writing)?;
    writing.attempt(&stamp, |writing| {
        station.decide(
            writing,
            &settings,
            (id, run),
            |judged| {
                if let Decision::Override { well, class: Some(class), .. } = &decision
                    && judged.assay.call(class).is_none()
                {
                    let told =
                        format!("the assay of run {run} knows no class '{class}', which well {well} is said to show");
                    return Err(Problem::invalid(told));
                }
                Ok(decision)
            },
            reason,
            None,
        )
    })?;
    Ok(())
}

fn decision(said: &CorrectionDecision) -> Result<Decision, Problem> {
    Ok(match said {
        CorrectionDecision::Accept => Decision::Accept,
        CorrectionDecision::Reject => Decision::Reject,
        CorrectionDecision::Sample { sample_no, submission_no, plate_no } => Decision::Sample(Identity {
            sample_no: sample_no.clone(),
            submission_no: submission_no.clone(),
            plate_no: plate_no.clone(),
        }),
        CorrectionDecision::Override { well, class, label } => {
            let unknown =
                |what: &str| Problem::invalid(format!("'{what}' is neither a well nor a class nor a call here"));
            let label: Call = serde_json::from_value(label.as_str().into()).map_err(|_| unknown(label))?;
            let class = class.as_deref().map(|class| WellClass::new(class).ok_or_else(|| unknown(class)));
            Decision::Override { well: well.parse().map_err(|_| unknown(well))?, class: class.transpose()?, label }
        }
    })
}
