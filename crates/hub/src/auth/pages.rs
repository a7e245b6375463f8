//! The two pages that links in letters lead to. Plain forms: they work in any browser, without a script.
//!
//! Looking at a page changes nothing, because mail servers look at links before people do.

use super::{letters::Language, password::Password, peer::Peer, reset, verify_email};
use crate::{Answer, Hub, Problem};
use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use utoipa::IntoParams;

const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:10vh auto;padding:0 1rem}\
    input,button{font:inherit;display:block;width:100%;box-sizing:border-box;min-height:56px;margin:.5rem 0 1rem}";
static RULES: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

/// What a link says.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Link {
    /// The token.
    #[serde(default)]
    token: String,
    /// The language.
    #[serde(default)]
    #[param(inline)]
    language: Language,
}

/// What a form says.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Filled {
    #[serde(default)]
    token: String,
    #[serde(default)]
    language: Language,
    #[serde(default)]
    password: String,
}

/// A link of a letter.
pub(super) fn link(hub: &Hub, page: &str, language: Language, token: &str) -> String {
    // A token has no letters that mean anything in an address.
    format!("{}{page}?language={}&token={token}", hub.config.base_url.trim_end_matches('/'), language.code())
}

/// The page for choosing a new password.
#[utoipa::path(get, path = "/reset-password", tag = "pages", params(Link), security(()), responses(
    (status = 200, description = "A form", body = String, content_type = "text/html")
))]
pub async fn reset_page(Query(link): Query<Link>) -> Response {
    let (title, label, button) = match link.language {
        Language::En => ("Choose a new password", "New password", "Set it"),
        Language::Th => ("ตั้งรหัสผ่านใหม่", "รหัสผ่านใหม่", "บันทึก"),
    };
    let field = format!(
        "<label>{label}<input type=\"password\" name=\"password\" autocomplete=\"new-password\" required autofocus></label>"
    );
    form("/reset-password", title, &field, button, &link)
}

/// Takes what was filled in.
#[utoipa::path(post, path = "/reset-password", tag = "pages", security(()),
    request_body(content = Filled, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "Set", body = String, content_type = "text/html"),
    (status = 400, description = "Not, with the reason", body = String, content_type = "text/html")
))]
pub async fn reset_filled(State(hub): State<Hub>, peer: Peer, Form(filled): Form<Filled>) -> Response {
    let done = reset::set(&hub, &peer, &filled.token, &Password::from(filled.password)).await;
    let said = match filled.language {
        Language::En => "The new password holds. Sign in with it.",
        Language::Th => "ตั้งรหัสผ่านใหม่แล้ว กรุณาเข้าสู่ระบบด้วยรหัสผ่านนี้",
    };
    outcome(filled.language, done, said)
}

/// The page for confirming an address.
#[utoipa::path(get, path = "/confirm-email", tag = "pages", params(Link), security(()), responses(
    (status = 200, description = "A form", body = String, content_type = "text/html")
))]
pub async fn confirm_page(Query(link): Query<Link>) -> Response {
    let (title, button) = match link.language {
        Language::En => ("Confirm your mail address", "It is mine"),
        Language::Th => ("ยืนยันที่อยู่อีเมลของคุณ", "ยืนยัน"),
    };
    form("/confirm-email", title, "", button, &link)
}

/// Takes the confirmation.
#[utoipa::path(post, path = "/confirm-email", tag = "pages", security(()),
    request_body(content = Filled, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "Confirmed", body = String, content_type = "text/html"),
    (status = 400, description = "Not, with the reason", body = String, content_type = "text/html")
))]
pub async fn confirm_filled(State(hub): State<Hub>, peer: Peer, Form(filled): Form<Filled>) -> Response {
    let done = verify_email::confirm(&hub, &peer, &filled.token).await;
    let said = match filled.language {
        Language::En => "The address is confirmed. You can close this page.",
        Language::Th => "ยืนยันที่อยู่อีเมลแล้ว ปิดหน้านี้ได้",
    };
    outcome(filled.language, done, said)
}

fn form(action: &str, title: &str, fields: &str, button: &str, link: &Link) -> Response {
    let (token, language) = (escaped(&link.token), link.language.code());
    let body = format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <input type=\"hidden\" name=\"language\" value=\"{language}\">{fields}<button>{button}</button></form>"
    );
    page(StatusCode::OK, link.language, title, &body)
}

fn outcome(language: Language, done: Answer<()>, said: &str) -> Response {
    match done {
        Ok(()) => page(StatusCode::OK, language, said, ""),
        Err(Problem { status, detail, code, .. }) => {
            let title = match (language, code) {
                (Language::Th, "link-invalid") => "ลิงก์นี้ถูกใช้แล้ว หมดอายุ หรือไม่ครบถ้วน กรุณาขอใหม่",
                (Language::Th, _) => "ไม่สำเร็จ",
                (Language::En, _) => "That did not work",
            };
            page(status, language, title, &format!("<p>{}</p>", escaped(&detail)))
        }
    }
}

fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Wellread</title>\
         <style>{STYLE}</style><h1>{title}</h1>{body}</html>",
        language.code()
    );
    (status, [(header::CONTENT_SECURITY_POLICY, RULES.as_str())], Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut safe, c| {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
        safe
    })
}
