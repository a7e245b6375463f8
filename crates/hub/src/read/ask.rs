//! What a reader asks for: names in the path, filters in the query, JSON or CSV. What cannot be read is a problem with
//! words, never an answer to something else.

use crate::{Answer, Hub, Problem};
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::DeserializeOwned;

/// The query of a request.
#[derive(Debug)]
pub struct Asked<T>(pub T);

/// The name in a request's path.
#[derive(Debug)]
pub struct Named<T>(pub T);

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv,
}

impl<T: DeserializeOwned> FromRequestParts<Hub> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, hub).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(why) => Err(Problem::invalid(format!("the query cannot be read: {}", why.body_text()))),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Hub> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, hub).await {
            Ok(Path(name)) => Ok(Self(name)),
            // A name that none can have names nothing.
            Err(why) => Err(Problem::new(
                StatusCode::NOT_FOUND,
                "not-found",
                format!("nothing is called so: {}", why.body_text()),
            )),
        }
    }
}

/// The form that `?format=` or else `Accept` asks for.
pub(super) fn form(headers: &HeaderMap, format: Option<&str>) -> Answer<Form> {
    match format {
        Some("json") => Ok(Form::Json),
        Some("csv") => Ok(Form::Csv),
        Some(other) => Err(Problem::invalid(format!("there is no format '{other}' here: ask for json or csv"))),
        None if accepts_csv_first(headers) => Ok(Form::Csv),
        None => Ok(Form::Json),
    }
}

/// Whether CSV is the first type of `Accept` that a list can be written as.
fn accepts_csv_first(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        accepted.flat_map(|value| value.split(',')).map(|one| one.split(';').next().unwrap_or_default().trim());
    let known = |name: &&str| {
        ["text/csv", "application/json", "application/*", "*/*"].iter().any(|it| name.eq_ignore_ascii_case(it))
    };
    types.find(known).is_some_and(|name| name.eq_ignore_ascii_case("text/csv"))
}

/// A moment of a filter: RFC 3339, or a day, which begins at midnight UTC.
pub(crate) fn moment(name: &str, text: &str) -> Answer<DateTime<Utc>> {
    let exact = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc());
    exact().or_else(day).ok_or_else(|| {
        Problem::invalid(format!(
            "'{text}' is no moment for '{name}': write 2026-11-28 or 2026-11-28T03:00:00Z (a + as %2B)"
        ))
    })
}

/// A moment as every answer writes it.
pub(crate) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn accepting(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))])
    }

    #[test]
    fn csv_is_written_only_for_those_who_ask_for_it() {
        assert_eq!(form(&HeaderMap::new(), None), Ok(Form::Json), "nothing said");
        assert_eq!(form(&accepting("text/csv"), None), Ok(Form::Csv), "said by Accept");
        assert_eq!(
            form(&accepting("text/html, TEXT/CSV;q=0.9, */*;q=0.1"), None),
            Ok(Form::Csv),
            "the first that there is"
        );
        assert_eq!(form(&accepting("application/json, text/csv"), None), Ok(Form::Json), "JSON is named before it");
        assert_eq!(form(&accepting("*/*"), Some("csv")), Ok(Form::Csv), "the address outweighs the header");
        assert!(form(&HeaderMap::new(), Some("xlsx")).is_err(), "another format is an error, not JSON");
    }

    #[test]
    fn a_moment_is_read_as_a_day_or_exactly() {
        let at = |text| moment("from", text).map(written).ok();
        assert_eq!(at("2026-11-28").as_deref(), Some("2026-11-28T00:00:00.000Z"), "a day begins at midnight UTC");
        assert_eq!(
            at("2026-11-28T07:00:00+07:00").as_deref(),
            Some("2026-11-28T00:00:00.000Z"),
            "whatever zone it names"
        );
        assert_eq!(at("28.11.2026"), None, "anything else is an error");
    }
}
