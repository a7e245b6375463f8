//! Pictures for the window: by the hash of their content out of the station's store, for who has signed in, and nothing else.

use crate::app::App;
use std::sync::Arc;
use tauri::{
    UriSchemeResponder,
    http::{Request, Response, StatusCode, header},
};
use wellread_station::people::Permission;

/// The addresses that the window's own page has.
const OWN_PAGES: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];

/// Answers one request; its path is `/` and a SHA-256.
pub(crate) fn answer(app: Arc<App>, request: &Request<Vec<u8>>, responder: UriSchemeResponder) {
    let path = request.uri().path().to_owned();
    let asks =
        request.headers().get(header::ORIGIN).filter(|origin| OWN_PAGES.iter().any(|own| origin == own)).cloned();
    tauri::async_runtime::spawn_blocking(move || {
        let (status, bytes) = match picture(&app, path.trim_start_matches('/')) {
            Ok(bytes) => (StatusCode::OK, bytes),
            Err(status) => (status, Vec::new()),
        };
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, media_type(&bytes))
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            // Locking must hide it, so no disk keeps it.
            .header(header::CACHE_CONTROL, "private, no-store")
            .body(bytes)
            .unwrap_or_default();
        // A canvas may read what the page itself shows.
        if let Some(origin) = asks {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        responder.respond(response);
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
