//! Who may: signing in, sessions, passwords, tokens and the trail of it.

pub mod audit;
pub mod body;
pub mod caller;
pub mod keys;
pub mod letters;
pub(crate) mod lock;
pub mod login;
pub mod me;
pub(crate) mod org;
pub mod pages;
pub mod password;
pub mod peer;
pub mod permission;
mod post;
pub mod reset;
pub mod secret;
pub(crate) mod session;
pub mod verify_email;

pub use session::Tokens;

use crate::Hub;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(me::me))
        .routes(routes!(me::set_own_password))
        .routes(routes!(reset::forgot))
        .routes(routes!(reset::reset))
        .routes(routes!(verify_email::send_verification))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(pages::reset_page, pages::reset_filled))
        .routes(routes!(pages::confirm_page, pages::confirm_filled))
}
