//! `system_config`: the settings of this station, each a JSON value under a name.

use crate::{
    Error, Reading, Result, Writing,
    audit::NewAudit,
    digest::{Fields, Sha256},
    ids::minted,
    origin::{FROM_HUB, Origin},
    seal::Sealed,
};
use rusqlite::{OptionalExtension as _, params};
use serde_json::{Value, json};

/// Why a setting is the station's own again.
const TAKEN_BACK: &str = "headquarters took theirs back";

impl Writing<'_> {
    /// Sets a value; the one before stays in the audit trail.
    pub fn set_config(&self, key: &str, value: &Value, why: &str) -> Result<()> {
        self.put_config(key, value, why)?;
        self.tell_hub("config", &json!({ "key": key, "value": value }))
    }

    /// Sets a value that headquarters sent, or with null takes theirs back: the station's own holds again.
    pub fn set_hub_config(&self, key: &str, value: &Value) -> Result<()> {
        let is_theirs = self.config_origin(key)? == Some(Origin::Hub);
        match (value, self.config(key)?) {
            (Value::Null, Some(old)) if is_theirs => match self.own_config(key)? {
                Some(own) => self.put_config(key, &own, TAKEN_BACK),
                None => self.remove_config(key, old, FROM_HUB),
            },
            (Value::Null, _) => Ok(()),
            (value, Some(old)) if is_theirs && *value == old => Ok(()),
            (value, _) => self.put_config(key, value, FROM_HUB),
        }
    }

    fn put_config(&self, key: &str, value: &Value, why: &str) -> Result<()> {
        if key.is_empty() {
            return Err(Error::refused("a setting needs a name"));
        }
        let old = self.config(key)?;
        let id = minted(self.utc_ms(), &config_hash(key));
        self.execute(
            "INSERT INTO system_config (id, key, value, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, is_active = 1, updated_at = excluded.updated_at",
            params![id, key, value.to_string(), self.utc_ms()],
        )?;
        self.config_changed(key, old, Some(value), why)
    }

    /// Takes a setting back, so that its default holds again.
    pub fn unset_config(&self, key: &str, why: &str) -> Result<()> {
        let old = self.config(key)?.ok_or_else(|| Error::not_found("setting", &key))?;
        self.remove_config(key, old, why)?;
        self.tell_hub("config", &json!({ "key": key, "value": null }))
    }

    fn remove_config(&self, key: &str, old: Value, why: &str) -> Result<()> {
        self.execute(
            "UPDATE system_config SET is_active = 0, updated_at = ?2 WHERE key = ?1",
            params![key, self.utc_ms()],
        )?;
        self.config_changed(key, Some(old), None, why)
    }

    fn config_changed(&self, key: &str, old: Option<Value>, new: Option<&Value>, why: &str) -> Result<()> {
        let entry = NewAudit {
            action: "UPDATE",
            resource: Sealed::Config.resource(),
            resource_id: key.to_owned(),
            old,
            new: new.cloned(),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Config)
    }
}

fn config_hash(key: &str) -> Sha256 {
    let mut fields = Fields::new("config id");
    fields.text(key);
    fields.finish()
}

impl Reading<'_> {
    /// The value of a setting; `None` where its default holds.
    pub fn config(&self, key: &str) -> Result<Option<Value>> {
        let mut statement =
            self.connection().prepare_cached("SELECT value FROM system_config WHERE key = ?1 AND is_active = 1")?;
        let text: Option<String> = statement.query_row(params![key], |row| row.get(0)).optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Whose a setting is; `None` where its default holds. The trail tells who said it last, so no mark of its own could
    /// say otherwise.
    pub fn config_origin(&self, key: &str) -> Result<Option<Origin>> {
        if self.config(key)?.is_none() {
            return Ok(None);
        }
        let mut statement = self.connection().prepare_cached(
            "SELECT user_id IS NULL AND why = ?3 FROM audit_logs WHERE resource_id = ?1 AND resource = ?2
             ORDER BY seq DESC LIMIT 1",
        )?;
        let theirs =
            statement.query_row(params![key, Sealed::Config.resource(), FROM_HUB], |row| row.get(0)).optional()?;
        Ok(Some(if theirs == Some(true) { Origin::Hub } else { Origin::Station }))
    }

    /// What the station itself last set, whatever headquarters said since.
    fn own_config(&self, key: &str) -> Result<Option<Value>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT new FROM audit_logs WHERE resource_id = ?1 AND resource = ?2 AND NOT (user_id IS NULL AND why = ?3)
             ORDER BY seq DESC LIMIT 1",
        )?;
        let own: Option<Option<String>> =
            statement.query_row(params![key, Sealed::Config.resource(), FROM_HUB], |row| row.get(0)).optional()?;
        Ok(own.flatten().map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Every setting that is set, by name.
    pub fn configs(&self) -> Result<Vec<(String, Value)>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT key, value FROM system_config WHERE is_active = 1 ORDER BY key")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (key, text) = row?;
            Ok((key, serde_json::from_str(&text)?))
        })
        .collect()
    }
}
