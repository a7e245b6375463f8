//! Passwords: argon2id on threads of their own, never many at once, so that signing in cannot starve the rest.

use crate::{Answer, Problem, config::Config};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use wellread_wire::problem::code;

/// A password longer than this is no password but an attack on the memory.
const LONGEST_BYTES: usize = 1_024;
/// The most that wait for a turn; each would wait a second or two behind these.
const MOST_WAITING: usize = 64;

static WAITING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST_WAITING)));
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(cores))
});
/// What is compared with where there is no account, so that the time taken does not tell which there are.
static NOBODY: LazyLock<String> = LazyLock::new(|| phc("nobody's password").unwrap_or_default());

/// A password as somebody typed it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Password {
    /// Refuses what is none for this account.
    pub fn check_new(&self, username: &str, config: &Config) -> Answer<()> {
        let fewest = config.password_min_chars;
        if self.0.chars().count() < fewest || self.0.len() > LONGEST_BYTES {
            return Err(Problem::invalid(format!(
                "a password has at least {fewest} characters, and not more than {LONGEST_BYTES} bytes: choose another"
            )));
        }
        if self.0.eq_ignore_ascii_case(username) {
            return Err(Problem::invalid("a password is not the user name: choose another"));
        }
        Ok(())
    }

    /// Whether both are the same. For a person's old and new one; nothing secret hangs on how long it takes.
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Its verifier, an argon2id PHC string.
    pub async fn phc(&self) -> Answer<String> {
        let text = self.0.clone();
        Ok(in_turn(move || phc(&text)).await??)
    }

    /// Whether it fits a verifier. Without one it takes as long, and does not.
    pub async fn fits(&self, verifier: Option<String>) -> Answer<bool> {
        let text = self.0.clone();
        in_turn(move || {
            let known = verifier.is_some();
            fits(&text, verifier.as_deref().unwrap_or(&NOBODY)) && known
        })
        .await
    }
}

/// Does costly work on a thread for it, when it is its turn. The turn lasts as long as the work, even where nobody
/// waits for its outcome any more.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    let place = Arc::clone(&WAITING).try_acquire_owned().map_err(|_| {
        let told = "too many people sign in at this moment: try again in a few seconds";
        Problem { retry_after_s: Some(5), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, code::SLOW_DOWN, told) }
    })?;
    let turn = Arc::clone(&TURNS).acquire_owned().await.map_err(anyhow::Error::from)?;
    let done = tokio::task::spawn_blocking(move || {
        let _until_done = (place, turn);
        work()
    });
    Ok(done.await.map_err(anyhow::Error::from)?)
}

fn phc(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|why| anyhow::anyhow!("the password cannot be hashed: {why}"))?.to_string())
}

fn fits(password: &str, hash: &str) -> bool {
    // Cut and then refused, so that a long one costs as much as any other.
    let (cut, whole) = match password.as_bytes().get(..LONGEST_BYTES) {
        Some(cut) => (cut, password.len() == LONGEST_BYTES),
        None => (password.as_bytes(), true),
    };
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(cut, &hash).is_ok()) && whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObjectsAt;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let hash = phc("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"), "the algorithm is stated: {hash}");
        assert!(fits("correct horse", &hash) && !fits("correct horsE", &hash), "to the letter");
        assert!(!fits("correct horse", "nonsense"), "what is no hash fits nothing");
        let long = "x".repeat(LONGEST_BYTES);
        let hash = phc(&long).unwrap();
        assert!(fits(&long, &hash) && !fits(&format!("{long}y"), &hash), "nothing is cut off in silence");
    }

    #[test]
    fn a_new_password_is_long_and_not_the_name() {
        let config = Config::plain("", ObjectsAt::Memory);
        let check = |text: &str| Password(text.to_owned()).check_new("somchai.wong", &config).is_ok();
        assert!(check("correct horse"), "long enough");
        assert!(!check("short"), "too short");
        assert!(!check("Somchai.Wong"), "the name itself");
        assert!(!check(&"x".repeat(LONGEST_BYTES + 1)), "endless");
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!Password("nobody's password".to_owned()).fits(None).await.unwrap(), "not even the one compared with");
    }
}
