//! What a role may allow: the stations' names and the hub's own.

use crate::problem::Problem;
use std::collections::BTreeSet;

/// Look at runs and samples.
pub const RUN_READ: &str = "run:read";
/// Make accounts and say what they may do.
pub const USER_ADMIN: &str = "user:admin";
/// Change settings.
pub const CONFIG_WRITE: &str = "config:write";
/// Read the audit trail.
pub const AUDIT_READ: &str = "audit:read";
/// Make enrol codes, and take stations off the list.
pub const STATION_ADMIN: &str = "station:admin";
/// Publish assays and layouts.
pub const ASSAY_PUBLISH: &str = "assay:publish";
/// Offer sets of models.
pub const MODEL_PUBLISH: &str = "model:publish";
/// Decide about a station's run.
pub const RUN_CORRECT: &str = "run:correct";
/// Look after records that the hub could not take.
pub const SYNC_ADMIN: &str = "sync:admin";

/// Every one, the stations' first.
pub const ALL: [&str; 15] = [
    RUN_READ,
    "run:capture",
    "run:review",
    "run:sign",
    "run:approve",
    "interface:create",
    USER_ADMIN,
    CONFIG_WRITE,
    AUDIT_READ,
    "backup:create",
    STATION_ADMIN,
    ASSAY_PUBLISH,
    MODEL_PUBLISH,
    RUN_CORRECT,
    SYNC_ADMIN,
];

/// Refuses names that there are not.
pub fn check(permissions: &BTreeSet<String>) -> Result<(), Problem> {
    match permissions.iter().find(|name| !ALL.contains(&name.as_str())) {
        None => Ok(()),
        Some(stranger) => {
            Err(Problem::invalid(format!("there is no permission '{stranger}': use some of {}", ALL.join(", "))))
        }
    }
}
