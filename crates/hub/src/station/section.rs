//! The parts of a snapshot, each in the order of its key.

use super::who::{StationCaller, column};
use crate::{
    Answer, Hub, Problem,
    db::{DbError, Tx, p},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;
use wellread_wire::downlink::{Assay, Config, Item, Layout, ModelSet, Role, User};

/// For how long a snapshot brings corrections that the station has carried out: it may be one restored from a backup.
const CORRECTED_DAYS: i64 = 180;

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Section {
    Roles,
    Users,
    Assays,
    Layouts,
    Models,
    Config,
    Corrections,
}

/// What an item of a section is found by again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(rename = "t")]
    pub(super) text: String,
    #[serde(rename = "n")]
    pub(super) number: i32,
}

impl Key {
    fn id(&self) -> Answer<Uuid> {
        self.text.parse().map_err(|_| Problem::invalid("the cursor is none of the hub's: begin the snapshot again"))
    }
}

type Found = Vec<(Key, Item)>;

impl Section {
    pub(super) const FIRST: Self = Self::Roles;

    pub(super) const fn next(self) -> Option<Self> {
        Some(match self {
            Self::Roles => Self::Users,
            Self::Users => Self::Assays,
            Self::Assays => Self::Layouts,
            Self::Layouts => Self::Models,
            Self::Models => Self::Config,
            Self::Config => Self::Corrections,
            Self::Corrections => return None,
        })
    }

    /// How much room one item takes: definitions are long, settings short.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Self::Users | Self::Config | Self::Corrections => 1,
            Self::Roles | Self::Models => 2,
            Self::Layouts => 10,
            Self::Assays => 20,
        }
    }

    /// So many items after a key.
    pub(super) async fn items(
        self,
        hub: &Hub,
        tx: &Tx,
        caller: StationCaller,
        after: Option<Key>,
        most: u32,
    ) -> Answer<Found> {
        let ask = Ask { tx, caller, after, most: i64::from(most) };
        match self {
            Self::Roles => ask.roles().await,
            Self::Users => ask.users(hub.config.offline_days).await,
            Self::Assays => ask.assays().await,
            Self::Layouts => ask.layouts().await,
            Self::Models => ask.models().await,
            Self::Config => ask.config().await,
            Self::Corrections => ask.corrections(hub.clock.now() - TimeDelta::days(CORRECTED_DAYS)).await,
        }
    }
}

struct Ask<'a> {
    tx: &'a Tx,
    caller: StationCaller,
    after: Option<Key>,
    most: i64,
}

impl Ask<'_> {
    /// Rows whose key is one text.
    async fn by_text(&self, sql: &str) -> Result<Vec<Row>, DbError> {
        let after = self.after.as_ref().map_or("", |key| &key.text);
        self.tx.query(sql, &[p(&self.caller.org), p(&after), p(&self.most)]).await
    }

    /// Rows whose key is an id.
    async fn by_id(&self, sql: &str) -> Answer<Vec<Row>> {
        let after = self.after.as_ref().map_or(Ok(Uuid::nil()), Key::id)?;
        Ok(self.tx.query(sql, &[p(&self.caller.org), p(&after), p(&self.most)]).await?)
    }

    /// Rows whose key is a name and a version.
    async fn by_version(&self, sql: &str) -> Result<Vec<Row>, DbError> {
        let (id, version) = self.after.as_ref().map_or(("", 0), |key| (&key.text, key.number));
        self.tx.query(sql, &[p(&self.caller.org), p(&id), p(&version), p(&self.most)]).await
    }

    async fn roles(&self) -> Answer<Found> {
        let sql = "SELECT name, description, permissions, is_active AND deleted_at IS NULL FROM auth.roles
             WHERE org_id = $1 AND name > $2 ORDER BY name LIMIT $3";
        let role = |row: &Row| {
            let permissions: Vec<String> = column(row, 2)?;
            let role = Role {
                name: column(row, 0)?,
                description: column(row, 1)?,
                permissions: permissions.into_iter().collect(),
                is_active: column(row, 3)?,
            };
            Ok((text(&role.name), Item::Role(role)))
        };
        self.by_text(sql).await?.iter().map(role).collect()
    }

    async fn users(&self, offline_days: u32) -> Answer<Found> {
        // No EXISTS: the planner would look at every membership there is for each page.
        let sql = "SELECT u.id, u.username, u.password, u.email, u.first_name, u.last_name,
               u.is_active AND u.deleted_at IS NULL AND coalesce((SELECT m.ended_at IS NULL FROM auth.memberships m
                 WHERE m.org_id = u.org_id AND m.user_id = u.id), false),
               ARRAY(SELECT r.name FROM auth.user_roles ur
                 JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                 WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.deleted_at IS NULL)
             FROM auth.users u WHERE u.org_id = $1 AND u.id > $2 ORDER BY u.id LIMIT $3";
        let user = |row: &Row| {
            let roles: Vec<String> = column(row, 7)?;
            let user = User {
                id: column(row, 0)?,
                username: column(row, 1)?,
                password_phc: column(row, 2)?,
                email: column(row, 3)?,
                first_name: column(row, 4)?,
                last_name: column(row, 5)?,
                is_active: column(row, 6)?,
                roles: roles.into_iter().collect(),
                offline_days,
            };
            Ok((text(&user.id.to_string()), Item::User(user)))
        };
        self.by_id(sql).await?.iter().map(user).collect()
    }

    async fn assays(&self) -> Answer<Found> {
        // Those that nobody published come with the program: every station has those of its release.
        let sql = "SELECT id, version, name, toml FROM microplates.assay
             WHERE org_id = $1 AND created_by IS NOT NULL AND (id, version) > ($2, $3) ORDER BY id, version LIMIT $4";
        let assay = |row: &Row| {
            let version: i32 = column(row, 1)?;
            let assay = Assay {
                id: column(row, 0)?,
                version: u32::try_from(version).unwrap_or_default(),
                name: column(row, 2)?,
                toml: column(row, 3)?,
            };
            Ok((Key { text: assay.id.clone(), number: version }, Item::Assay(assay)))
        };
        self.by_version(sql).await?.iter().map(assay).collect()
    }

    async fn layouts(&self) -> Answer<Found> {
        let sql = "SELECT id, version, name, plate_format, definition -> 'wells', retired_at IS NOT NULL
             FROM microplates.plate_layout
             WHERE org_id = $1 AND (id, version) > ($2, $3) ORDER BY id, version LIMIT $4";
        let layout = |row: &Row| {
            let version: i32 = column(row, 1)?;
            let layout = Layout {
                id: column(row, 0)?,
                version: u32::try_from(version).unwrap_or_default(),
                name: column(row, 2)?,
                plate_format: column(row, 3)?,
                wells: read(column(row, 4)?, "a layout's wells")?,
                retired: column(row, 5)?,
            };
            Ok((Key { text: layout.id.clone(), number: version }, Item::Layout(layout)))
        };
        self.by_version(sql).await?.iter().map(layout).collect()
    }

    async fn models(&self) -> Answer<Found> {
        let sql = "SELECT sha256, name, files, note, withdrawn_at IS NOT NULL FROM microplates.model_set
             WHERE org_id = $1 AND sha256 > $2 ORDER BY sha256 LIMIT $3";
        let model = |row: &Row| {
            let name: String = column(row, 0)?;
            let set = ModelSet {
                sha256: super::lineage::sha256(&name)?,
                name: column(row, 1)?,
                files: read(column(row, 2)?, "a model set's files")?,
                note: column(row, 3)?,
                withdrawn: column(row, 4)?,
            };
            Ok((text(&name), Item::Model(set)))
        };
        self.by_text(sql).await?.iter().map(model).collect()
    }

    async fn config(&self) -> Answer<Found> {
        let sql = "SELECT key, CASE WHEN is_active THEN value ELSE 'null' END FROM microplates.system_config
             WHERE org_id = $1 AND key > $2 ORDER BY key LIMIT $3";
        let config = |row: &Row| {
            let config = Config { key: column(row, 0)?, value: column(row, 1)? };
            Ok((text(&config.key), Item::Config(config)))
        };
        self.by_text(sql).await?.iter().map(config).collect()
    }

    async fn corrections(&self, since: DateTime<Utc>) -> Answer<Found> {
        let after = self.after.as_ref().map_or(Ok(Uuid::nil()), Key::id)?;
        let rows = self
            .tx
            .query(
                "SELECT id, body
                 FROM microplates.correction
                 WHERE org_id = $1 AND station_id = $2 AND id > $3 AND (applied_at IS NULL OR created_at >= $4)
                 ORDER BY id LIMIT $5",
                &[p(&self.caller.org), p(&self.caller.station), p(&after), p(&since), p(&self.most)],
            )
            .await?;
        let correction = |row: &Row| {
            let id: Uuid = column(row, 0)?;
            Ok((text(&id.to_string()), Item::Correction(read(column(row, 1)?, "a correction")?)))
        };
        rows.iter().map(correction).collect()
    }
}

fn text(key: &str) -> Key {
    Key { text: key.to_owned(), number: 0 }
}

fn read<T: DeserializeOwned>(value: Value, what: &'static str) -> Answer<T> {
    serde_json::from_value(value).map_err(|why| Problem::unforeseen(&anyhow::Error::new(why).context(what)))
}
