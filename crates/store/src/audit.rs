//! `audit_logs`: who did what to what, when and why; each entry chained to the one before.

use crate::{
    Listed, Page, Reading, Result, Writing,
    digest::{Fields, Sha256},
    ids::{StationId, UserId, minted},
    seal::Sealed,
    stamp::Now,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an entry says; who and when are the transaction's.
#[derive(Clone, Debug, Default)]
pub struct NewAudit {
    /// A verb in capitals: `LOGIN`, `CREATE`, `UPDATE`, …
    pub action: &'static str,
    /// The table or thing.
    pub resource: &'static str,
    /// Which one.
    pub resource_id: String,
    /// Anything else worth keeping, an object.
    pub details: Option<Value>,
    /// What it was.
    pub old: Option<Value>,
    /// What it became.
    pub new: Option<Value>,
    /// Why.
    pub why: String,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The account that acted; `None` for the station.
    pub user_id: Option<UserId>,
    /// The name that account has now.
    pub username: Option<String>,
    /// The verb.
    pub action: String,
    /// The table or thing.
    pub resource: String,
    /// Which one.
    pub resource_id: String,
    /// More.
    pub details: Value,
    /// When.
    pub at: Now,
    /// What it was.
    pub old: Option<Value>,
    /// What it became.
    pub new: Option<Value>,
    /// Why.
    pub why: String,
    /// The hash that the next entry builds on.
    pub hash: Sha256,
}

/// The last link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Head {
    /// Its place.
    pub seq: i64,
    /// Its hash.
    pub hash: Sha256,
}

/// Which entries to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
pub struct AuditFilter {
    /// Only about this table or thing.
    pub resource: Option<String>,
    /// Only about the one with this id.
    pub resource_id: Option<String>,
    /// Only by this account.
    pub user: Option<UserId>,
    /// Only what this verb did, such as `LOGIN` or `UPDATE`.
    pub action: Option<String>,
    /// At or after, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Before, in milliseconds since 1970.
    pub to_ms: Option<i64>,
}

/// What the first entry builds on.
pub(crate) fn genesis(station: StationId) -> Sha256 {
    let mut fields = Fields::new("wellread audit 1");
    fields.text(&station.to_string());
    fields.finish()
}

impl Writing<'_> {
    /// Appends an entry about something that leaves no row to be sealed, such as a login or an export.
    pub fn audit(&self, new: &NewAudit) -> Result<()> {
        self.append(new, None)
    }

    /// Appends an entry together with the seal of the row it tells of.
    pub(crate) fn audit_sealed(&self, new: &NewAudit, sealed: Sealed) -> Result<()> {
        let seal = sealed.of(self.connection(), &new.resource_id)?;
        self.append(new, seal)
    }

    fn append(&self, new: &NewAudit, seal: Option<Sha256>) -> Result<()> {
        let previous = match self.audit_head()? {
            Some(head) => head,
            None => Head { seq: 0, hash: genesis(self.station()?.id) },
        };
        let json = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let stamp = self.stamp();
        let mut link = Link {
            seq: previous.seq + 1,
            id: String::new(),
            user_id: stamp.by.user().map(|id| id.to_string()),
            action: new.action.to_owned(),
            resource: new.resource.to_owned(),
            resource_id: new.resource_id.clone(),
            details: json(&new.details).unwrap_or_else(|| "{}".to_owned()),
            ip_address: None,
            user_agent: None,
            created_at: stamp.at.utc_ms,
            offset_min: stamp.at.offset_min,
            old: json(&new.old),
            new: json(&new.new),
            why: new.why.clone(),
            seal: seal.map(|seal| seal.to_string()),
            prev_hash: previous.hash.to_string(),
            hash: String::new(),
        };
        let hash = link.computed();
        link.id = minted(stamp.at.utc_ms, &hash);
        self.execute(
            "INSERT INTO audit_logs (seq, id, user_id, action, resource, resource_id, details, created_at, offset_min,
               old, new, why, seal, prev_hash, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                link.seq,
                link.id,
                link.user_id,
                link.action,
                link.resource,
                link.resource_id,
                link.details,
                link.created_at,
                link.offset_min,
                link.old,
                link.new,
                link.why,
                link.seal,
                link.prev_hash,
                hash
            ],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// The latest time among the last entries, in milliseconds since 1970: a clock that shows less was set back.
    pub fn latest_ms(&self) -> Result<i64> {
        let mut statement = self.connection().prepare_cached(
            "SELECT coalesce(max(created_at), 0) FROM (SELECT created_at FROM audit_logs ORDER BY seq DESC LIMIT 2000)",
        )?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The last entry's place and hash; reports print it, and the hub keeps it.
    pub fn audit_head(&self) -> Result<Option<Head>> {
        let mut statement =
            self.connection().prepare_cached("SELECT seq, hash FROM audit_logs ORDER BY seq DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? })).optional()?)
    }

    /// Which part of the chain the filter's dates lie in; all of it without dates, nothing where no entry is of that
    /// time.
    fn audit_span(&self, filter: &AuditFilter) -> Result<(i64, i64)> {
        if filter.from_ms.is_none() && filter.to_ms.is_none() {
            return Ok((i64::MIN, i64::MAX));
        }
        let mut statement = self.connection().prepare_cached(
            "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM audit_logs
             WHERE created_at >= ?1 AND created_at < ?2",
        )?;
        let dates = params![filter.from_ms.unwrap_or(i64::MIN), filter.to_ms.unwrap_or(i64::MAX)];
        Ok(statement.query_row(dates, |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Entries, newest first.
    pub fn audit_entries(&self, filter: &AuditFilter, page: Page) -> Result<Listed<AuditEntry>> {
        let (first, last) = self.audit_span(filter)?;
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT seq, id, user_id, action, resource, resource_id, details, created_at, offset_min, old, new, why, hash,
               (SELECT username FROM users WHERE users.id = user_id)
             FROM audit_logs WHERE seq >= ?8 AND seq <= ?1 AND {} ORDER BY seq DESC LIMIT ?9",
            filter.conditions()
        ))?;
        let user = filter.user.map(|id| id.to_string());
        let rows = statement.query_map(
            params![
                last.min(page.before().saturating_sub(1)),
                filter.resource_id,
                user,
                filter.action,
                filter.resource,
                filter.from_ms,
                filter.to_ms,
                first,
                page.rows()
            ],
            |row| {
                let json = |at| -> rusqlite::Result<Option<Value>> {
                    let text: Option<String> = row.get(at)?;
                    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
                };
                Ok(AuditEntry {
                    seq: row.get(0)?,
                    id: row.get(1)?,
                    user_id: row.get(2)?,
                    action: row.get(3)?,
                    resource: row.get(4)?,
                    resource_id: row.get(5)?,
                    details: json(6)?.unwrap_or_default(),
                    at: Now { utc_ms: row.get(7)?, offset_min: row.get(8)? },
                    old: json(9)?,
                    new: json(10)?,
                    why: row.get(11)?,
                    hash: row.get(12)?,
                    username: row.get(13)?,
                })
            },
        )?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |entry: &AuditEntry| entry.seq))
    }
}

impl AuditFilter {
    /// What an entry must be. The condition that narrows most chooses the index; the others are hidden from that choice
    /// by a `+`.
    fn conditions(&self) -> String {
        let asked = [
            ("resource_id", "?2", self.resource_id.is_some()),
            ("user_id", "?3", self.user.is_some()),
            ("action", "?4", self.action.is_some()),
            ("resource", "?5", self.resource.is_some()),
        ];
        let narrowest = asked.iter().position(|(_, _, asked)| *asked);
        let equal =
            asked.iter().enumerate().map(|(nth, (column, place, asked))| match (*asked, Some(nth) == narrowest) {
                (false, _) => format!("{place} IS NULL AND "),
                (true, true) => format!("{column} = {place} AND "),
                (true, false) => format!("+{column} = {place} AND "),
            });
        let dates = "(?6 IS NULL OR created_at >= ?6) AND (?7 IS NULL OR created_at < ?7)";
        equal.chain([dates.to_owned()]).collect()
    }
}

/// A row of the chain as it is stored, every field of which enters its hash.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) id: String,
    user_id: Option<String>,
    action: String,
    pub(crate) resource: String,
    pub(crate) resource_id: String,
    details: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    pub(crate) created_at: i64,
    offset_min: i32,
    old: Option<String>,
    new: Option<String>,
    why: String,
    seal: Option<String>,
    pub(crate) prev_hash: String,
    pub(crate) hash: String,
}

impl Link {
    pub(crate) const SELECT: &str = "SELECT seq, id, user_id, action, resource, resource_id, details, ip_address,
        user_agent, created_at, offset_min, old, new, why, seal, prev_hash, hash FROM audit_logs ORDER BY seq";

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            user_id: row.get(2)?,
            action: row.get(3)?,
            resource: row.get(4)?,
            resource_id: row.get(5)?,
            details: row.get(6)?,
            ip_address: row.get(7)?,
            user_agent: row.get(8)?,
            created_at: row.get(9)?,
            offset_min: row.get(10)?,
            old: row.get(11)?,
            new: row.get(12)?,
            why: row.get(13)?,
            seal: row.get(14)?,
            prev_hash: row.get(15)?,
            hash: row.get(16)?,
        })
    }

    /// The hash its fields should have. Its id follows from the hash.
    pub(crate) fn computed(&self) -> Sha256 {
        let mut fields = Fields::new("wellread audit 1");
        fields.text(&self.prev_hash);
        fields.int(self.seq);
        fields.optional(self.user_id.as_deref());
        fields.text(&self.action);
        fields.text(&self.resource);
        fields.text(&self.resource_id);
        fields.text(&self.details);
        fields.optional(self.ip_address.as_deref());
        fields.optional(self.user_agent.as_deref());
        fields.int(self.created_at);
        fields.int(i64::from(self.offset_min));
        fields.optional(self.old.as_deref());
        fields.optional(self.new.as_deref());
        fields.text(&self.why);
        fields.optional(self.seal.as_deref());
        fields.finish()
    }
}
