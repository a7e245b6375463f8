//! What headquarters say, item by item: what about, and how it is taken up here. Each is taken up alone, so that one that
//! cannot be does not keep the others away; it waits and is tried again.

use super::apply::apply;
use crate::Station;
use serde_json::Value;
use wellread_store::{Actor, LeftItem, Stamp, Writing};
use wellread_wire::downlink::Item;

/// Things of headquarters that waited, tried again at each contact, at most.
const RETRIED: u32 = 500;
/// What an item is called that this release cannot read.
const UNREADABLE: &str = "unreadable";
/// What this release knows to take up.
const KINDS: [&str; 7] = ["user", "role", "assay", "layout", "model", "config", "correction"];

/// Takes up one item of a page; `place` names one that cannot be read. Whether it is applied; else it waits.
pub(super) fn take(station: &Station, writing: &Writing<'_>, place: &str, item: &Value) -> anyhow::Result<bool> {
    let why = match serde_json::from_value(item.clone()) {
        // A later hub's word for later stations.
        Ok(Item::Unread(unread)) if !KINDS.contains(&unread.kind.as_str()) => return Ok(true),
        Ok(Item::Unread(unread)) => unread.why,
        Ok(read) => {
            let (kind, key) = about(&read);
            return take_up(station, writing, &read, (kind, &key));
        }
        Err(why) => why.to_string(),
    };
    let told = format!("this release cannot read it ({why}): update this station");
    writing.leave(UNREADABLE, place, &item.to_string(), &told)?;
    Ok(false)
}

/// Tries again what waits. How much still does.
pub(super) fn retry_left(station: &Station, writing: &Writing<'_>) -> anyhow::Result<u64> {
    let mut waiting = 0;
    for LeftItem { kind, key, body, .. } in writing.left_items(RETRIED)? {
        let item = match serde_json::from_str::<Item>(&body) {
            Ok(Item::Unread(_)) | Err(_) => {
                waiting += 1;
                continue;
            }
            Ok(item) => item,
        };
        let (known, about) = about(&item);
        if (known, about.as_str()) != (kind.as_str(), key.as_str()) {
            writing.drop_left(&kind, &key)?;
        }
        waiting += u64::from(!take_up(station, writing, &item, (known, &about))?);
    }
    Ok(waiting)
}

fn take_up(station: &Station, writing: &Writing<'_>, item: &Item, (kind, key): (&str, &str)) -> anyhow::Result<bool> {
    let stamp = Stamp { at: writing.stamp().at, by: Actor::Station };
    match writing.attempt(&stamp, |writing| apply(station, writing, item)) {
        Ok(None) => {
            writing.drop_left(kind, key)?;
            Ok(true)
        }
        Ok(Some(reason)) => {
            writing.leave(kind, key, &serde_json::to_string(item)?, &reason)?;
            Ok(false)
        }
        // The disk is full, or the database locked: that is no fault of the item.
        Err(error) if is_the_stations(&error) => Err(error),
        Err(error) => {
            writing.leave(kind, key, &serde_json::to_string(item)?, &format!("{error:#}"))?;
            Ok(false)
        }
    }
}

fn is_the_stations(error: &anyhow::Error) -> bool {
    use crate::Code::{Busy, Damaged, DiskFull, ReadOnly};
    matches!(crate::code_of(error), Some(Busy | Damaged | DiskFull | ReadOnly))
}

/// What kind of word it is, and about what.
fn about(item: &Item) -> (&'static str, String) {
    match item {
        Item::User(user) => ("user", user.id.to_string()),
        Item::Role(role) => ("role", role.name.clone()),
        Item::Assay(assay) => ("assay", format!("{} {}", assay.id, assay.version)),
        Item::Layout(layout) => ("layout", format!("{} {}", layout.id, layout.version)),
        Item::Model(set) => ("model", set.sha256.to_string()),
        Item::Config(config) => ("config", config.key.clone()),
        Item::Correction(correction) => ("correction", correction.id.to_string()),
        Item::Unread(unread) => (UNREADABLE, unread.kind.clone()),
    }
}
