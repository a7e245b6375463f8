//! Where a request comes from, for the trail and the sessions.

use super::audit::Entry;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use std::{convert::Infallible, net::SocketAddr};

/// The longest that is kept of what a program calls itself.
const LONGEST_AGENT: usize = 300;

/// Where a request comes from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The address.
    pub ip: Option<String>,
    /// What the program calls itself.
    pub agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl Peer {
    /// The beginnings of an entry of the trail.
    pub fn entry(&self, action: &'static str, resource: &'static str, resource_id: impl std::fmt::Display) -> Entry {
        Entry {
            action,
            resource,
            resource_id: resource_id.to_string(),
            ip_address: self.ip.clone(),
            user_agent: self.agent.clone(),
            request_id: self.request_id.clone(),
            ..Entry::default()
        }
    }

    /// As a request's parts tell.
    pub fn of(parts: &Parts) -> Self {
        let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical().to_string());
        Self { ip, agent: agent(&parts.headers), request_id: request_id(parts) }
    }
}

fn agent(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(said.chars().take(LONGEST_AGENT).collect())
}

fn request_id(parts: &Parts) -> Option<String> {
    Some(parts.headers.get("x-request-id")?.to_str().ok()?.to_owned())
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}
