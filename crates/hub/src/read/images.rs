//! The pictures of a run, as the object store has them.

use super::{RUN_READ, ask::Named, run};
use crate::{Answer, Hub, Problem, auth::caller::Caller, objects::ObjectsError};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use wellread_wire::chain::Sha256;

/// What a browser may be told that a picture is; anything else is only bytes to it.
const TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/tiff", "image/bmp", "image/webp"];

/// A picture of a run: `raw`, `annotated` or `thumbnail`.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/images/{kind}",
    tag = "read",
    security(("person" = [])),
    params(
        ("id" = String, Path, description = "The run's id, or its number"),
        ("kind" = String, Path, description = "`raw`, `annotated` or `thumbnail`"),
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/*", body = [u8]),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 404, description = "No such run or picture, or the station has not sent it yet (`picture-pending`)"),
    )
)]
pub(super) async fn show_image(
    State(hub): State<Hub>,
    caller: Caller,
    Named((name, kind)): Named<(String, String)>,
) -> Answer<Response> {
    let tx = caller.begin(&hub, RUN_READ).await?;
    let Some(run) = run::find(&tx, caller.org, &name).await? else {
        return Err(run::no_run(tx, &name).await);
    };
    let images = run::images(&tx, caller.org, run).await?;
    tx.commit().await?;
    let image = images.into_iter().find(|image| image.kind == kind);
    let image = image.ok_or_else(|| Problem::not_found("picture of this run called", &kind))?;
    let pending = || {
        let told = "the station has not sent this picture yet: it comes after the results, when the network allows";
        Problem::new(StatusCode::NOT_FOUND, "picture-pending", told)
    };
    if !image.verified {
        return Err(pending());
    }
    let sha256: Sha256 = image.sha256.parse().map_err(anyhow::Error::from)?;
    let size = hub.objects.size(caller.org, &sha256).await.map_err(problem)?;
    let bytes = match size {
        0 => Body::empty(),
        size => Body::from_stream(hub.objects.get(caller.org, &sha256, 0..size).await.map_err(problem)?),
    };
    let known = TYPES.iter().find(|known| image.mime_type.eq_ignore_ascii_case(known));
    let headers = [
        (header::CONTENT_TYPE, known.map_or("application/octet-stream", |known| known).to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&image.file_name)),
        (HeaderName::from_static("wellread-sha256"), image.sha256),
    ];
    Ok((headers, bytes).into_response())
}

fn problem(why: ObjectsError) -> Problem {
    tracing::error!("a verified picture cannot be read: {why}");
    match why {
        ObjectsError::Store(_) => {
            Problem::unavailable("the store of pictures does not answer just now: try again in a moment")
        }
        ObjectsError::Missing(_) | ObjectsError::Hash { .. } => Problem::unforeseen(&why.into()),
    }
}

/// A header that names the file; other than plain characters as RFC 8187 has them.
fn disposition(file_name: &str) -> String {
    let plain: String = file_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let exact: String = file_name
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("inline; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_header() {
        let header = disposition("a\"; x=\r\nเพลท.jpg");
        assert!(header.is_ascii() && !header.contains(['\r', '\n']), "nothing that a header cannot hold: {header}");
        assert_eq!(header.matches('"').count(), 2, "no quote of the name's own: {header}");
        assert!(header.starts_with("inline; filename=\"a"), "the name is still to be read: {header}");
    }
}
