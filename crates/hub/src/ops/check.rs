//! `backup-check`: whether a database and an object store are whole, and belong together. It changes nothing.

mod blobs;
mod organization;
mod structure;

use crate::{db::Db, objects::Objects};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// How thoroughly.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    /// Of how many blobs of each organization the bytes are hashed; `None` for all.
    pub hashed: Option<u32>,
    /// This moment.
    pub now: DateTime<Utc>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Organizations looked at.
    pub organizations: u64,
    /// Stations.
    pub stations: u64,
    /// Records of their logs.
    pub records: u64,
    /// Entries of feeds.
    pub feed: u64,
    /// Runs.
    pub runs: u64,
    /// Blobs that the database calls verified.
    pub blobs: u64,
    /// Those whose bytes were hashed.
    pub hashed: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What is good to know and no fault.
    pub notes: Vec<String>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A stable code.
    pub code: &'static str,
    /// The organization it is about, if it is about one.
    pub organization: Option<Uuid>,
    /// What is wrong and what to do.
    pub told: String,
}

impl Found {
    fn fault(&mut self, organization: impl Into<Option<Uuid>>, code: &'static str, told: impl Into<String>) {
        self.faults.push(Fault { code, organization: organization.into(), told: told.into() });
    }
}

/// Looks at everything.
pub async fn look(db: &Db, objects: &Objects, depth: Depth) -> anyhow::Result<Found> {
    let mut found = Found::default();
    structure::look(db, objects, depth.now, &mut found).await?;
    let tx = db.nobody().await?;
    let orgs = tx.query("SELECT auth.fn_organization_ids()", &[]).await?;
    tx.commit().await?;
    for row in orgs {
        let org: Uuid = row.try_get(0)?;
        found.organizations += 1;
        organization::look(db, org, &mut found).await?;
        blobs::look(db, objects, org, depth.hashed, &mut found).await?;
    }
    Ok(found)
}
