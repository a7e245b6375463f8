//! How letters leave: SMTP.

use crate::config::Config;
use anyhow::Context as _;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::time::Duration;

/// For how long the server may take for a letter.
const WITHIN: Duration = Duration::from_secs(20);

/// How letters leave.
#[derive(Debug)]
pub struct Mail {
    from: Mailbox,
    /// None, and none do.
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

/// A letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its text may hold a secret.
        write!(f, "Letter({})", self.subject)
    }
}

impl Mail {
    /// As the configuration says.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let from = config.mail_from.parse().with_context(|| format!("'{}' is no mail address", config.mail_from))?;
        let transport = config.smtp_url.as_deref().map(|url| {
            // The address holds a password: it is not repeated.
            let server =
                AsyncSmtpTransport::<Tokio1Executor>::from_url(url).context("the SMTP address cannot be read")?;
            anyhow::Ok(server.timeout(Some(WITHIN)).build())
        });
        Ok(Self { from, transport: transport.transpose()? })
    }

    /// Whether any letter leaves.
    pub const fn is_on(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends a letter; when this returns, the next server has it.
    pub async fn send(&self, letter: &Letter) -> anyhow::Result<()> {
        let transport =
            self.transport.as_ref().context("this hub sends no letters: its operator sets an SMTP server")?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(letter.to.parse().context("the mail address cannot be read")?)
            .subject(&letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())?;
        transport.send(message).await.context("the mail server did not take the letter")?;
        Ok(())
    }
}
