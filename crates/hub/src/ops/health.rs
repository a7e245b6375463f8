//! Whether the hub can work, and `public.health_checks`, which remembers.

use crate::{
    Hub,
    config::ObjectsAt,
    db::{DbError, p},
    ops::migrations,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;
use utoipa::ToSchema;

/// Longer than this nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// A look is good for this long, however often somebody asks.
const GOOD_FOR: Duration = Duration::from_millis(500);
/// How often the database is told that nothing has changed.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// What is remembered while the database cannot be told.
const MOST_UNTOLD: usize = 200;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Healthy,
    /// Work goes on, slower.
    Degraded,
    /// Work cannot go on.
    Unhealthy,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// How one thing stands that the hub needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// `database`, `migrations`, `objects`, `notifications` or `signing-keys`.
    pub service: &'static str,
    /// How it stands.
    pub status: Status,
    /// What is wrong and what to do; empty where nothing is.
    pub message: String,
}

/// How the hub stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Report {
    /// The worst of the checks.
    pub status: Status,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// What was found at the last look, and what the database has not been told.
#[derive(Debug, Default)]
pub struct Health(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: Option<(Instant, Report)>,
    told: BTreeMap<&'static str, (Instant, Status)>,
    untold: VecDeque<(DateTime<Utc>, Check)>,
}

impl Health {
    /// Looks, and notes what has changed.
    pub async fn look(&self, hub: &Hub) -> Report {
        // Whoever asks meanwhile waits for this look and gets its answer.
        let mut known = self.0.lock().await;
        if let Some((at, report)) = &known.last
            && at.elapsed() < GOOD_FOR
        {
            return report.clone();
        }
        let report = look(hub).await;
        known.note(&report, hub.clock.now());
        let works = report.checks.iter().any(|check| check.service == "database" && check.status == Status::Healthy);
        if works && let Err(why) = known.tell(hub).await {
            tracing::warn!("health_checks cannot be written: {why}");
        }
        known.last = Some((Instant::now(), report.clone()));
        report
    }
}

impl Known {
    fn note(&mut self, report: &Report, now: DateTime<Utc>) {
        for check in &report.checks {
            let told = self.told.get(check.service);
            if told.is_some_and(|(at, status)| *status == check.status && at.elapsed() < TELL_EVERY) {
                continue;
            }
            if told.is_none_or(|(_, status)| *status != check.status) {
                tracing::info!(service = check.service, status = check.status.name(), "health: {}", check.message);
            }
            self.told.insert(check.service, (Instant::now(), check.status));
            if self.untold.len() >= MOST_UNTOLD {
                self.untold.pop_front();
            }
            self.untold.push_back((now, check.clone()));
        }
    }

    async fn tell(&mut self, hub: &Hub) -> Result<(), DbError> {
        if self.untold.is_empty() {
            return Ok(());
        }
        let tx = hub.db.nobody().await?;
        for (at, check) in &self.untold {
            tx.execute(
                "INSERT INTO public.health_checks (node, service, status, message, timestamp)
                 VALUES ($1, $2, $3, $4, $5)",
                &[p(&hub.config.node), p(&check.service), p(&check.status.name()), p(&check.message), p(at)],
            )
            .await?;
        }
        tx.commit().await?;
        self.untold.clear();
        Ok(())
    }
}

async fn look(hub: &Hub) -> Report {
    let (database, objects) = tokio::join!(within("database", database(hub)), within("objects", objects(hub)));
    let (migrations, keys) = if database.status == Status::Healthy {
        tokio::join!(
            within("migrations", async { Ok(migrations::current(&hub.db).await?) }),
            within("signing-keys", hub.keys.wrong(hub.clock.now())),
        )
    } else {
        let message = "the database does not answer";
        let unknown = |service| Check { service, status: Status::Unhealthy, message: message.to_owned() };
        (unknown("migrations"), unknown("signing-keys"))
    };
    let checks = vec![database, migrations, objects, notifications(hub), keys];
    let status = checks.iter().map(|check| check.status).max().unwrap_or(Status::Unhealthy);
    Report { status, checks }
}

/// What is asked may answer that it works, but not as it should.
async fn within(service: &'static str, asked: impl Future<Output = anyhow::Result<Option<String>>>) -> Check {
    let wrong = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(None)) => return Check { service, status: Status::Healthy, message: String::new() },
        Ok(Ok(Some(message))) => return Check { service, status: Status::Degraded, message },
        Ok(Err(why)) => format!("{why:#}"),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    Check { service, status: Status::Unhealthy, message: wrong }
}

async fn database(hub: &Hub) -> anyhow::Result<Option<String>> {
    let tx = hub.db.nobody().await?;
    tx.query_one("SELECT 1", &[]).await?;
    tx.commit().await?;
    Ok(None)
}

async fn objects(hub: &Hub) -> anyhow::Result<Option<String>> {
    if let ObjectsAt::Folder(folder) = &hub.config.objects {
        // A volume that is not mounted is an empty store: what was in it would seem to be missing.
        anyhow::ensure!(tokio::fs::try_exists(folder).await?, "the folder for blobs {} is gone", folder.display());
    }
    hub.objects.marker().await?;
    Ok(None)
}

fn notifications(hub: &Hub) -> Check {
    let gone = hub.config.listen_url.is_some() && hub.metrics.listening.get() == 0;
    Check {
        service: "notifications",
        status: if gone { Status::Degraded } else { Status::Healthy },
        message: if gone { "live views are up to some seconds late".to_owned() } else { String::new() },
    }
}
