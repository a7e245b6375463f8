//! Identities: `UUIDv7` made where the row is born and passed in, one type each.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "String"))]
        pub struct $name(Uuid);

        impl $name {
            /// The id with these 128 bits.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Its 128 bits.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|e: uuid::Error| FromSqlError::Other(Box::new(e)))
            }
        }
    };
}

id!(
    /// A station.
    StationId
);
id!(
    /// A run.
    RunId
);
id!(
    /// A file seen in the inbox, one revision of it.
    FileId
);
id!(
    /// An event of review.
    EventId
);
id!(
    /// A signature.
    SignatureId
);
id!(
    /// An interface file.
    InterfaceFileId
);
id!(
    /// A person with an account.
    UserId
);

/// The `UUIDv7` of a row that nobody names from outside: its time, and the head of its hash instead of chance.
pub(crate) fn minted(utc_ms: i64, hash: &crate::digest::Sha256) -> String {
    let mut random = [0u8; 10];
    for (to, from) in random.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    let millis = u64::try_from(utc_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().hyphenated().to_string()
}
