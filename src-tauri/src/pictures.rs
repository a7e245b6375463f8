//! Pictures for the window: by the hash of their content out of the station's store, for who has signed in, and nothing else.

use crate::app::App;
use std::sync::Arc;
use tauri::{
    UriSchemeResponder,
    http::{Response, StatusCode, header},
};
use wellread_station::people::Permission;

/// Answers one request; its path is `/` and a SHA-256.
pub(crate) fn answer(app: Arc<App>, path: String, responder: UriSchemeResponder) {
    tauri::async_runtime::spawn_blocking(move || {
        let response = match picture(&app, path.trim_start_matches('/')) {
            Ok(bytes) => Response::builder()
                .header(header::CONTENT_TYPE, media_type(&bytes))
                // The name is the content's hash, so it never changes; locking must hide it, so no disk keeps it.
                .header(header::CACHE_CONTROL, "private, no-store")
                .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
                .body(bytes),
            Err(status) => Response::builder().status(status).body(Vec::new()),
        };
        responder.respond(response.unwrap_or_default());
    });
}

fn picture(app: &App, sha256: &str) -> Result<Vec<u8>, StatusCode> {
    let session = app.session().map_err(|_| StatusCode::FORBIDDEN)?;
    let gate = app.gate().map_err(|_| StatusCode::NOT_FOUND)?;
    let station = gate.station();
    station.ask(&session, Permission::RunRead, |_| Ok(())).map_err(|_| StatusCode::FORBIDDEN)?;
    station.blobs().get(sha256).map_err(|_| StatusCode::NOT_FOUND)
}

/// By the first bytes: the store knows no names.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => "application/octet-stream",
    }
}
