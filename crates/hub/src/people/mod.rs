//! Accounts and roles of an organization, and the trail of who did what.

pub mod audit_logs;
pub(crate) mod feed;
pub mod organization;
pub mod roles;
mod rules;
pub mod user;
pub mod users;

use crate::Hub;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(users::list_users, user::create_user))
        .routes(routes!(user::show_user, user::change_user, user::delete_user))
        .routes(routes!(user::unlock_user))
        .routes(routes!(user::set_password))
        .routes(routes!(roles::list_roles, roles::create_role))
        .routes(routes!(roles::change_role, roles::delete_role))
        .routes(routes!(audit_logs::list_audit_logs))
}
