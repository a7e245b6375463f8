//! The document that describes the paths: made from the code, served at `/openapi.json`.

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use utoipa::openapi::{
    Components, Content, Info, Object, ObjectBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema, Type,
    path::Operation,
    security::{Http, HttpAuthScheme, SecurityScheme},
};
use wellread_wire::problem::CONTENT_TYPE;

/// What the document says of the whole.
pub(super) fn head() -> OpenApi {
    let mut info = Info::new("Wellread hub", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Headquarters of Wellread: stations bring their results, people read and publish. Whatever goes wrong is \
         answered as `application/problem+json` with a stable `code`; GET `/problems/{code}` explains it."
            .to_owned(),
    );
    let mut components = Components::new();
    components.schemas.insert("Problem".to_owned(), RefOr::T(Schema::Object(problem())));
    for (name, told) in [
        ("person", "An access token of POST /v1/auth/login or /v1/auth/refresh."),
        ("station", "An access token of POST /v1/stations/{id}/token."),
    ] {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT (EdDSA)".to_owned());
        scheme.description = Some(told.to_owned());
        components.security_schemes.insert(name.to_owned(), SecurityScheme::Http(scheme));
    }
    let mut openapi = OpenApi::new(info, utoipa::openapi::Paths::new());
    openapi.components = Some(components);
    openapi
}

/// The document, every operation of it with the answer that any can give.
pub(super) fn text(openapi: &OpenApi) -> String {
    let mut openapi = openapi.clone();
    for path in openapi.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
            &mut path.options,
            &mut path.head,
            &mut path.patch,
        ];
        operations.into_iter().flatten().for_each(with_problem);
    }
    serde_json::to_string_pretty(&openapi).unwrap_or_default()
}

pub(super) fn answer(document: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, document.to_owned()).into_response()
}

fn with_problem(operation: &mut Operation) {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response =
        ResponseBuilder::new().description("It was not done: `code` says why").content(CONTENT_TYPE, content);
    operation.responses.responses.entry("default".to_owned()).or_insert_with(|| response.build().into());
}

fn problem() -> Object {
    let text = |told: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(told));
    ObjectBuilder::new()
        .description(Some("RFC 9457, with a stable code. Programs match on `code`, never on the words."))
        .property("type", text("`/problems/CODE`"))
        .property("code", text("The code"))
        .property("title", text("The code in words"))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status")))
        .property("detail", text("What happened, and what to do"))
        .property("request_id", text("To find the request in the hub's log"))
        .property("more", ObjectBuilder::new().description(Some("What a program needs to go on")))
        .required("type")
        .required("code")
        .required("title")
        .required("status")
        .required("detail")
        .build()
}
