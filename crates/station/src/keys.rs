//! Where the database's key is kept: in the system's keyring, in a file, or nowhere because a person said so.

use crate::problem::{Code, Problem};
use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};
use wellread_store::Key;

/// Our entries in the keyring.
const SERVICE: &str = "wellread";

/// Where a station's key is; written beside its database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "key")]
pub enum KeyPlace {
    /// In the keyring of the account that runs the station, under this entry.
    Keyring {
        /// The entry's name.
        entry: String,
    },
    /// In a file.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// The database is not encrypted: someone chose that.
    Unencrypted,
}

impl KeyPlace {
    /// The key that was put there; `None` for an unencrypted database.
    pub fn fetch(&self) -> anyhow::Result<Option<Key>> {
        match self {
            Self::Unencrypted => Ok(None),
            Self::File { path } => read_file(path).map(Some),
            Self::Keyring { entry } => {
                let secret = keyring::Entry::new(SERVICE, entry)
                    .and_then(|e| e.get_password())
                    .map_err(|why| no_keyring(&why))
                    .context("the database's key is in the keyring, which does not give it")?;
                Ok(Some(parse(&secret).ok_or_else(|| {
                    no_key("the keyring's entry is not the database's key: restore that entry, or use the recovery key")
                })?))
            }
        }
    }

    /// The key that lies there; `None` where none does.
    pub(crate) fn find(&self) -> anyhow::Result<Option<Key>> {
        match self {
            Self::Unencrypted => Ok(None),
            Self::File { path } => match path.try_exists() {
                Ok(false) => Ok(None),
                _ => read_file(path).map(Some),
            },
            Self::Keyring { entry } => {
                match keyring::Entry::new(SERVICE, entry).and_then(|entry| entry.get_password()) {
                    Ok(secret) => Ok(Some(
                        parse(&secret).ok_or_else(|| no_key(format!("the keyring's entry '{entry}' is no key")))?,
                    )),
                    Err(keyring::Error::NoEntry) => Ok(None),
                    Err(why) => Err(no_keyring(&why)),
                }
            }
        }
    }

    /// Puts a new key there. What is there already is never overwritten.
    pub fn put(&self, key: &Key) -> anyhow::Result<()> {
        match self {
            Self::Unencrypted => Ok(()),
            Self::File { path } => write_file(path, key),
            Self::Keyring { entry } => {
                let entry = keyring::Entry::new(SERVICE, entry).map_err(|why| no_keyring(&why))?;
                match entry.get_password() {
                    Ok(_) => bail!(
                        "the keyring holds a key for this station already; restore its data, or remove that entry"
                    ),
                    Err(keyring::Error::NoEntry) => {}
                    Err(why) => return Err(no_keyring(&why)),
                }
                entry.set_password(&key.to_hex()).map_err(|why| no_keyring(&why))
            }
        }
    }
}

/// Whether the system has a keyring that answers.
pub fn keyring_answers() -> bool {
    let entry = keyring::Entry::new(SERVICE, "is a keyring there");
    matches!(entry.and_then(|entry| entry.get_password()), Ok(_) | Err(keyring::Error::NoEntry))
}

fn no_keyring(why: &keyring::Error) -> anyhow::Error {
    let also = keyring::Entry::store_status().as_ref().err().map_or_else(String::new, |e| format!("; {e}"));
    let told = format!(
        "no keyring answers ({why}{also}): log in to a desktop session with one, or use --key-file FILE to keep the key \
         in a file of your own, or --unencrypted to go without"
    );
    no_key(told).into()
}

/// Writes a key for a person to keep: whoever has it and the data can read them on any machine.
pub fn export(key: &Key, to: &Path) -> anyhow::Result<()> {
    write_file(to, key)
}

/// Reads a key file: 64 hex digits.
pub fn read_file(path: &Path) -> anyhow::Result<Key> {
    let text = fs::read_to_string(path).map_err(|why| {
        no_key(format!("cannot read the key file {} ({why}): bring back this station's key file", path.display()))
    })?;
    let told = || no_key(format!("{} is no key file: a key is 64 hexadecimal digits", path.display()));
    Ok(parse(&text).ok_or_else(told)?)
}

fn parse(text: &str) -> Option<Key> {
    Key::from_hex(text.trim())
}

fn no_key(told: impl Into<String>) -> Problem {
    Problem::new(Code::Key, told)
}

fn write_file(path: &Path, key: &Key) -> anyhow::Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| {
        format!("cannot make the key file {} (an existing one is never overwritten)", path.display())
    })?;
    writeln!(file, "{}", key.to_hex().as_str()).and_then(|()| file.sync_all()).context("cannot write the key file")
}
