//! `POST /v1/stations/{id}/challenge` and `/token`: a station proves that it has the key it was enrolled with.
//!
//! The challenge is a token of the hub's own, so that nothing is kept between the two requests, and only the hub's
//! clock counts.

use super::who::{column, revoked, session_of};
use crate::{
    Answer, Hub, Problem,
    auth::{
        body::Said,
        keys::{Claims, TokenKind},
    },
    db::p,
    read::ask::{Asked, Named},
};
use axum::{Json, extract::State};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use wellread_wire::enrol::{Challenge, Prove, Token, signed_text};

/// For how long a challenge may be answered, in seconds.
const CHALLENGE_S: i64 = 60;

/// Whose station asks.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// Its organization, as the enrolment said.
    pub org: Option<Uuid>,
}

/// Gives a station something to sign. Whether there is such a station is not told.
#[utoipa::path(
    post, path = "/v1/stations/{id}/challenge", tag = "stations", operation_id = "station_challenge",
    params(("id" = Uuid, Path, description = "The station"), Whose),
    responses((status = 200, description = "What to sign within a minute (`wire::enrol::Challenge`)", body = serde_json::Value))
)]
pub async fn challenge(
    State(hub): State<Hub>,
    Named(station): Named<Uuid>,
    Asked(whose): Asked<Whose>,
) -> Answer<Json<Challenge>> {
    let told = "say whose station it is: POST /v1/stations/ID/challenge?org=ORG_ID, with the org_id of the enrolment";
    let org = whose.org.ok_or_else(|| Problem::invalid(told))?;
    let iat = hub.clock.now().timestamp();
    let claims =
        Claims { kind: TokenKind::Challenge, sub: station, org, session: Uuid::nil(), iat, exp: iat + CHALLENGE_S };
    Ok(Json(Challenge { challenge: hub.keys.sign(&claims)? }))
}

/// Gives a station that signed a challenge a token.
#[utoipa::path(
    post, path = "/v1/stations/{id}/token", tag = "stations", operation_id = "station_token",
    params(("id" = Uuid, Path, description = "The station")),
    request_body(content = serde_json::Value, description = "The challenge and its signature (`wire::enrol::Prove`)"),
    responses(
        (status = 200, description = "A token (`wire::enrol::Token`)", body = serde_json::Value),
        (status = 401, description = "`unauthenticated`: the challenge is too old, or the signature is none of the station's key"),
        (status = 403, description = "`station-revoked`"),
    )
)]
pub async fn token(
    State(hub): State<Hub>,
    Named(station): Named<Uuid>,
    Said(prove): Said<Prove>,
) -> Answer<Json<Token>> {
    let now = hub.clock.now();
    let asked = hub.keys.verify(&prove.challenge, TokenKind::Challenge, now).await?;
    if asked.sub != station {
        return Err(Problem::unauthenticated("the challenge was another station's: ask for one of your own"));
    }
    let tx = hub.db.org(asked.org).await?;
    let row = tx
        .query_opt(
            "SELECT s.public_key, s.token_version, s.revoked_at IS NOT NULL, o.status = 'active' AND o.deleted_at IS NULL
             FROM microplates.station s JOIN auth.organizations o ON o.org_id = s.org_id
             WHERE s.org_id = $1 AND s.id = $2",
            &[p(&asked.org), p(&station)],
        )
        .await?;
    tx.commit().await?;
    // One answer for a station that there is not and for a wrong signature: nobody finds out which there are.
    let unproven =
        || Problem::unauthenticated("the signature is not that of this station's key: enrol the station again");
    let row = row.ok_or_else(unproven)?;
    let key: Vec<u8> = column(&row, 0)?;
    if !is_signed(&key, &signed_text(station, &prove.challenge), &prove.signature) {
        return Err(unproven());
    }
    let (version, is_revoked, is_active): (i32, bool, bool) = (column(&row, 1)?, column(&row, 2)?, column(&row, 3)?);
    if is_revoked {
        return Err(revoked());
    }
    if !is_active {
        return Err(Problem::forbidden("of the organization, which is suspended"));
    }
    let expires_in_s = hub.config.station_token_s;
    let claims = Claims {
        kind: TokenKind::Station,
        sub: station,
        org: asked.org,
        session: session_of(version),
        iat: now.timestamp(),
        exp: now.timestamp().saturating_add_unsigned(expires_in_s),
    };
    Ok(Json(Token { access_token: hub.keys.sign(&claims)?, expires_in_s }))
}

/// A public key as it is told: 32 bytes in base64url.
pub(super) fn public_key(told: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(told).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())
}

fn is_signed(key: &[u8], text: &str, signature: &str) -> bool {
    let key = <&[u8; 32]>::try_from(key).ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok();
    let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
    match (key, signature) {
        (Some(key), Some(signature)) => key.verify_strict(text.as_bytes(), &signature).is_ok(),
        _ => false,
    }
}
