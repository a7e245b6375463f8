//! What a request says in its body. What cannot be read is a problem with words.

use crate::{Hub, Problem};
use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
};
use serde::de::DeserializeOwned;

/// A body of JSON.
#[derive(Debug)]
pub struct Said<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Hub> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, hub: &Hub) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, hub).await {
            Ok(Json(said)) => Ok(Self(said)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::invalid("the body is JSON: send it with `Content-Type: application/json`"))
            }
            Err(why) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than the hub takes"))
            }
            // serde's words name the field; a value is not repeated, or a password mistyped as a number would be.
            Err(why) => Err(Problem::invalid(format!("the body cannot be read: {}", without_values(&why.body_text())))),
        }
    }
}

/// Leaves out whatever stands in quotation marks or accents after `invalid type: string "…"` and the like.
fn without_values(told: &str) -> String {
    let mut kept = String::with_capacity(told.len());
    let mut inside = false;
    for c in told.chars() {
        if c == '"' {
            inside = !inside;
            if inside {
                kept.push_str("\"…\"");
            }
        } else if !inside {
            kept.push(c);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_a_body_do_not_repeat_it() {
        let told = without_values("password: invalid type: string \"geheim\", expected u32 at line 1");
        assert_eq!(told, "password: invalid type: string \"…\", expected u32 at line 1", "the value is left out");
    }
}
