//! The one place that reads the clock and draws chance: everything else is told the time and gets its ids from here.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;
use wellread_store::{EventId, FileId, InterfaceFileId, Now, RunId, SignatureId, StationId, UserId};

/// What time it is.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    /// A clock that stands still until somebody moves it, in milliseconds since 1970.
    Standing(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it, for whatever must be the same each time.
    pub fn standing(utc_ms: i64) -> Self {
        Self(Source::Standing(Arc::new(AtomicI64::new(utc_ms))))
    }

    /// Moves a standing clock; the system's clock is nobody's to move.
    pub fn advance(&self, by_ms: i64) {
        if let Source::Standing(at) = &self.0 {
            at.fetch_add(by_ms, Ordering::SeqCst);
        }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        match &self.0 {
            Source::System => {
                let local = chrono::Local::now() + set_wrong_by();
                Now { utc_ms: local.timestamp_millis(), offset_min: local.offset().local_minus_utc() / 60 }
            }
            Source::Standing(at) => Now { utc_ms: at.load(Ordering::SeqCst), offset_min: 0 },
        }
    }

    /// A new `UUIDv7`.
    fn uuid(&self) -> anyhow::Result<Uuid> {
        let mut random = [0; 10];
        random_bytes(&mut random)?;
        let millis = u64::try_from(self.now().utc_ms).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// A new id of any kind.
    pub fn id<I: Id>(&self) -> anyhow::Result<I> {
        Ok(I::of(self.uuid()?))
    }
}

/// By how much tests make this clock wrong: the seconds in the file that `WELLREAD_CLOCK_OFFSET_FILE` names.
#[cfg(feature = "failpoints")]
fn set_wrong_by() -> chrono::Duration {
    let file = std::env::var_os("WELLREAD_CLOCK_OFFSET_FILE");
    let text = file.and_then(|file| std::fs::read_to_string(file).ok());
    chrono::Duration::seconds(text.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

/// Nobody sets this program's clock but the system.
#[cfg(not(feature = "failpoints"))]
const fn set_wrong_by() -> chrono::Duration {
    chrono::Duration::zero()
}

/// A moment for people, as the clock on the wall showed it.
pub fn readable(at: Now) -> String {
    let offset = at.offset_min.checked_mul(60).and_then(chrono::FixedOffset::east_opt);
    let utc = chrono::DateTime::from_timestamp_millis(at.utc_ms);
    match utc.zip(offset) {
        Some((utc, offset)) => utc.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string(),
        None => format!("{} ms", at.utc_ms),
    }
}

/// When a day such as `2026-11-21` begins here, in milliseconds since 1970.
pub fn start_of_day(text: &str) -> Option<i64> {
    let midnight = text.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?;
    Some(midnight.and_local_timezone(chrono::Local).earliest()?.timestamp_millis())
}

/// Fills `bytes` from the system's source of secure random numbers.
pub(crate) fn random_bytes(bytes: &mut [u8]) -> anyhow::Result<()> {
    getrandom::fill(bytes).map_err(|why| anyhow::anyhow!("the system gives no random numbers ({why}): restart it"))
}

/// A kind of id that is a UUID.
pub trait Id {
    /// The id with this UUID.
    fn of(uuid: Uuid) -> Self;
}

macro_rules! ids {
    ($($name:ident),+) => {
        $(impl Id for $name {
            fn of(uuid: Uuid) -> Self {
                Self::new(uuid)
            }
        })+
    };
}

ids!(EventId, FileId, InterfaceFileId, RunId, SignatureId, StationId, UserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_time_and_never_repeat() {
        let clock = Clock::standing(1_700_000_000_000);
        let (first, second): (RunId, RunId) = (clock.id().unwrap(), clock.id().unwrap());
        assert_ne!(first, second, "made in the same millisecond");
        clock.advance(1);
        let third: RunId = clock.id().unwrap();
        assert!(third > first && third > second, "later ids sort later");
        assert_eq!(first.uuid().get_version_num(), 7, "as the data model says");
    }
}
