//! The station's database: SQLite, one table or closely tied pair of tables a module.
//!
//! One writer and several readers ([`Database::write`], [`Database::read`]); every change of what matters appends to
//! the hash-chained audit trail and to the outbox in its own transaction. What follows from other rows (a run's state,
//! a sample's summary) is derived by one function each, which [`Database::verify`] runs again.
//!
//! Never here: a clock or a random number (times and ids come in), tokio, a picture, a network, an assay's rule, a
//! file other than the database. No type of the SQLite library shows.

mod access;
mod assay;
mod audit;
mod backup;
mod blob;
mod config;
mod connection;
mod database;
mod derived;
mod digest;
mod error;
mod health;
mod hub_people;
mod ids;
mod images;
mod intake;
mod interface_file;
mod key;
mod layout;
mod model_offer;
mod origin;
mod outbox;
mod page;
mod people;
#[cfg(test)]
mod plans;
mod reading_cache;
mod record;
mod results;
mod review;
mod run;
mod schema;
mod seal;
mod search;
mod signature;
mod stamp;
mod state;
mod station;
mod summary;
mod sync_left;
mod sync_state;
mod verify;
mod wells;
mod words;

pub use access::{Reading, Writing};
pub use assay::{Agreement, AssayKey, ModelRef, StoredAssay};
pub use audit::{AuditEntry, AuditFilter, Head, NewAudit};
pub use backup::{Copied, GoOn};
pub use blob::{Blob, BlobState};
pub use connection::{Connection, Enrolment, RejectedRecord};
pub use database::{Database, Options};
pub use derived::Repaired;
pub use digest::{Sha256, Sha256Error};
pub use error::{Error, Result};
pub use health::{Health, HealthStatus};
pub use hub_people::{HubRole, HubUser};
pub use ids::{EventId, FileId, InterfaceFileId, RunId, SignatureId, StationId, UserId};
pub use images::{Image, ImageKind};
pub use intake::{Admission, IntakeFile, IntakeState, SeenFile};
pub use interface_file::{InterfaceFile, InterfaceStatus, NewInterfaceFile};
pub use key::Key;
pub use layout::{Layout, LayoutKey, NewLayout};
pub use model_offer::{ModelOffer, OfferState, OfferedFile};
pub use origin::Origin;
pub use outbox::{OutboxRecord, SCHEMA_VERSION};
pub use page::{Listed, Page};
pub use people::{NewUser, Role, User};
pub use reading_cache::ReadingKey;
pub use results::{FinalResults, TitreScale};
pub use review::{Decision, NewReview, Override, ReviewEvent, ReviewKind};
pub use run::{Completion, Identity, NewRun, Run, RunFailure, RunStatus};
pub use schema::newest as newest_schema;
pub use search::{RunFilter, RunLine, RunOrder, Tally};
pub use signature::{Meaning, NewSignature, Signature};
pub use stamp::{Actor, Now, Stamp};
pub use state::{Disposition, RunState, Signed};
pub use station::{NewStation, Station};
pub use summary::SampleSummary;
pub use sync_left::LeftItem;
pub use sync_state::{Direction, Pending, SyncState};
pub use verify::{Check, Finding, Verification};
