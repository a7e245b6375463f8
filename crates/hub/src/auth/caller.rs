//! Who asks.

use uuid::Uuid;

/// A person with a good access token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organization.
    pub org: Uuid,
    /// The account.
    pub user: Uuid,
    /// The family of refresh tokens.
    pub session: Uuid,
}
