//! `HEAD` and `GET /v1/stations/{id}/blobs/{sha256}`: how much of a blob the hub has, and its bytes.

use super::{Bringer, hash, passing, rows::BlobRow, stand};
use crate::{Answer, Hub, Problem, objects::ObjectsError, read::ask::Named, station::who::StationCaller};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use std::ops::Range;
use uuid::Uuid;

/// Says how much of a blob is here.
#[utoipa::path(
    head, path = "/v1/stations/{id}/blobs/{sha256}", tag = "stations", operation_id = "look_at_blob",
    params(("id" = Uuid, Path, description = "The station"),
        ("sha256" = String, Path, description = "The hash of its bytes")),
    responses((status = 200, description = "As the headers say", headers(
        ("Wellread-Blob" = String, description = "`verified`, `partial` or `absent`"),
        ("Wellread-Offset" = u64, description = "Where the next part begins")))),
    security(("station" = []))
)]
pub async fn look(
    State(hub): State<Hub>,
    caller: StationCaller,
    Named(path): Named<(Uuid, String)>,
) -> Answer<Response> {
    stand(&hub, &Bringer::Station(caller), &hash(&path.1)?).await
}

/// The bytes of a blob, or of one range of them.
#[utoipa::path(
    get, path = "/v1/stations/{id}/blobs/{sha256}", tag = "stations", operation_id = "fetch_blob",
    params(("id" = Uuid, Path, description = "The station"),
        ("sha256" = String, Path, description = "The hash of its bytes"),
        ("Range" = Option<String>, Header, description = "`bytes=FROM-` or `bytes=FROM-TO`, to go on after a cut")),
    responses(
        (status = 200, description = "All of it", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The range"),
        (status = 404, description = "`not-found`: the hub has not all of it"),
        (status = 416, description = "`range`: there is no such range"),
    ),
    security(("station" = []))
)]
pub async fn fetch(
    State(hub): State<Hub>,
    caller: StationCaller,
    Named(path): Named<(Uuid, String)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (_, name) = path;
    let sha256 = hash(&name)?;
    let tx = caller.begin(&hub).await?;
    let stand = BlobRow::new(caller.org, &sha256).stand(&tx, false).await?;
    tx.commit().await?;
    if !stand.verified {
        return Err(Problem::not_found("blob", name));
    }
    let size = stand.offset();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, range) = match asked.map(|asked| range(asked, size)) {
        None | Some(Asked::All) => (StatusCode::OK, 0..size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Nothing) => {
            let told = format!("the blob has {size} bytes and not that range of them");
            return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", told));
        }
    };
    let length = range.end - range.start;
    let body = if length == 0 {
        Body::empty()
    } else {
        let bytes = hub.objects.get(caller.org, &sha256, range.clone()).await.map_err(|why| gone(&why))?;
        let counted = hub.metrics.blob_bytes.with_label_values(&["out"]);
        Body::from_stream(bytes.inspect(move |piece| {
            counted.inc_by(piece.as_ref().map_or(0, |bytes| bytes.len() as u64));
        }))
    };
    let mut response = (status, body).into_response();
    let told = response.headers_mut();
    told.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/octet-stream"));
    told.insert(header::CONTENT_LENGTH, length.into());
    told.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        told.extend(range.parse().map(|value| (header::CONTENT_RANGE, value)));
    }
    Ok(response)
}

fn gone(why: &ObjectsError) -> Problem {
    if let ObjectsError::Missing(key) = why {
        tracing::error!(key, "a verified blob is not in the object store");
    }
    passing(why)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    Nothing,
}

/// Reads `bytes=FROM-` and `bytes=FROM-TO`. Anything else is answered with all of it, as is allowed.
fn range(asked: &str, size: u64) -> Asked {
    let Some((from, to)) = asked.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::All;
    };
    let Ok(from) = from.trim().parse::<u64>() else { return Asked::All };
    let end = match to.trim() {
        "" => size,
        to => match to.parse::<u64>() {
            Ok(to) if to >= from => to.saturating_add(1).min(size),
            _ => return Asked::All,
        },
    };
    if from < end { Asked::Part(from..end) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_range_is_read_as_browsers_and_stations_write_it() {
        assert_eq!(range("bytes=4-", 10), Asked::Part(4..10), "from there on");
        assert_eq!(range("bytes=4-5", 10), Asked::Part(4..6), "both ends belong to it");
        assert_eq!(range("bytes=4-99", 10), Asked::Part(4..10), "no farther than there is");
        assert_eq!(range("bytes=10-", 10), Asked::Nothing, "nothing is left");
        for other in ["bytes=-3", "bytes=5-4", "bytes=1-2,4-5", "lines=1-2", "bytes=", ""] {
            assert_eq!(range(other, 10), Asked::All, "'{other}' is answered with all of it");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_lies_within_the_blob(text: String, from: u64, to: u64, size: u64) {
            for asked in [text.clone(), format!("bytes={from}-{to}"), format!("bytes={from}-")] {
                if let Asked::Part(part) = range(&asked, size) {
                    prop_assert!(part.start < part.end && part.end <= size, "{:?} of {}", part, size);
                }
            }
        }
    }
}
