//! Joining headquarters, pausing, and saying which of two copies of the data goes on.

use super::{Client, SyncError, SyncState, Transport, secret::Secret, trust};
use crate::{
    Problem, Station,
    people::{Permission, Session},
};
use wellread_store::{Direction, Enrolment};
use wellread_wire::{enrol::Enrol, problem::code};

impl Station {
    /// Joins this station to headquarters with a code that they gave. What was made before is told from then on.
    pub fn enrol(&self, session: &Session, url: &str, code: &str) -> anyhow::Result<SyncState> {
        self.ask(session, Permission::ConfigWrite, |_| Ok(()))?;
        let url = checked(url)?;
        let http = trust::open(&url, self.settings()?.sync.ca_file.as_deref())?;
        self.enrol_over(session, &http, &url, code)
    }

    /// The same over any transport.
    pub fn enrol_over(
        &self,
        session: &Session,
        transport: &dyn Transport,
        url: &str,
        code: &str,
    ) -> anyhow::Result<SyncState> {
        self.ask(session, Permission::ConfigWrite, |_| Ok(()))?;
        let secret = Secret::load_or_make(self)?;
        let asked = Enrol {
            code: code.trim().to_owned(),
            station_id: self.identity().id.uuid(),
            name: self.identity().name.clone(),
            public_key: secret.public(),
            app_version: Self::app_version().to_owned(),
        };
        let client = Client::new(transport, &|| false, (uuid::Uuid::nil(), asked.station_id), None);
        let joined = client.enrol(&asked).map_err(enrol_error)?;
        if joined.station_id != asked.station_id {
            return Err(Problem::refused("headquarters took this station for another one: tell them").into());
        }
        let with = Enrolment {
            hub_url: url.to_owned(),
            hub_name: joined.hub_name,
            org_id: joined.org_id.to_string(),
            org_name: joined.org_name,
        };
        self.act(session, Permission::ConfigWrite, |writing| {
            writing.enrol(&with)?;
            for direction in [Direction::Uplink, Direction::Downlink, Direction::Blobs] {
                if writing.sync_state(direction)?.epoch.is_empty() {
                    writing.meet_epoch(direction, &joined.epoch.to_string())?;
                }
            }
            Ok(())
        })?;
        self.sync_state(session)
    }

    /// Lets nothing go to headquarters and nothing come from there, until somebody resumes it.
    pub fn pause_sync(&self, session: &Session, why: &str) -> anyhow::Result<()> {
        if why.trim().is_empty() {
            return Err(Problem::invalid("say why it is paused: whoever finds it so will ask").into());
        }
        self.while_enrolled(session, |writing| Ok(writing.pause_sync(why.trim())?))
    }

    /// Ends a pause.
    pub fn resume_sync(&self, session: &Session) -> anyhow::Result<()> {
        self.while_enrolled(session, |writing| Ok(writing.pause_sync("")?))
    }

    /// Says that this copy of the station's data is the one that goes on, at the next contact.
    pub fn take_over(&self, session: &Session, why: &str) -> anyhow::Result<()> {
        if why.trim().is_empty() {
            return Err(Problem::invalid("say why this copy takes over: headquarters and auditors will ask").into());
        }
        self.while_enrolled(session, |writing| Ok(writing.want_take_over(why.trim())?))
    }

    /// Has the service tell headquarters at once.
    pub fn sync_now(&self, session: &Session) -> anyhow::Result<()> {
        self.ask(session, Permission::RunRead, |_| Ok(()))?;
        if !self.is_service() && !self.folder().is_locked() {
            let told = "nothing is at work here that could: start `wellread watch`, or use `wellread sync`";
            return Err(Problem::refused(told).into());
        }
        self.write(|writing| {
            let connection = writing.sync_connection()?;
            if connection.enrolled.is_none() {
                return Err(not_enrolled().into());
            }
            if !connection.paused.is_empty() {
                return Err(
                    Problem::refused(format!("the sync is paused ({}): resume it first", connection.paused)).into()
                );
            }
            Ok(writing.ask_for_sync()?)
        })
    }

    fn while_enrolled(
        &self,
        session: &Session,
        work: impl FnOnce(&wellread_store::Writing<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.act(session, Permission::ConfigWrite, |writing| match writing.sync_connection()?.enrolled {
            Some(_) => work(writing),
            None => Err(not_enrolled().into()),
        })
    }
}

pub(super) fn not_enrolled() -> Problem {
    Problem::refused("this station is not enrolled: ask headquarters for a code, then `wellread enrol URL CODE`")
}

/// The hub's address as it is kept.
fn checked(url: &str) -> Result<String, Problem> {
    let url = url.trim().trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['?', '#', '@', ' ']) => Ok(url.to_owned()),
        _ => Err(Problem::invalid(format!("'{url}' is no address of a hub: it looks like https://hub.example"))),
    }
}

fn enrol_error(error: SyncError) -> anyhow::Error {
    if error.code() == code::ENROL_CODE {
        let told = "headquarters do not know this code, or it was used or has expired: ask them for a new one";
        return Problem::invalid(told).into();
    }
    error.into_problem()
}
