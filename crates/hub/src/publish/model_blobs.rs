//! Files of models on their way to headquarters: whole, or in parts that go on where the last one ended.

use crate::{
    Answer, Hub,
    auth::{caller::Caller, permission::MODEL_PUBLISH},
    read::ask::{Asked, Named},
    station::blob::{self, Bringer, PartAsked, Pieces},
};
use axum::{extract::State, response::Response};

/// Says how much of a file is here, in `Wellread-Blob` (`verified`, `partial` or `absent`) and `Wellread-Offset`.
#[utoipa::path(head, path = "/v1/models/blobs/{sha256}", tag = "publish", operation_id = "look_at_model_file",
    security(("person" = [])), params(("sha256" = String, Path, description = "The hash of its bytes")), responses(
    (status = 200, description = "As the headers say", headers(
        ("Wellread-Blob" = String, description = "`verified`, `partial` or `absent`"),
        ("Wellread-Offset" = u64, description = "Where the next part begins")))))]
pub async fn look_at_file(State(hub): State<Hub>, caller: Caller, Named(sha256): Named<String>) -> Answer<Response> {
    blob::stand(&hub, &Bringer::Person(caller), &blob::hash(&sha256)?).await
}

/// Takes a file, or the next part of it. The part that completes it has the whole checked against its hash.
#[utoipa::path(put, path = "/v1/models/blobs/{sha256}", tag = "publish", operation_id = "put_model_file",
    security(("person" = [])), params(("sha256" = String, Path, description = "The hash of its bytes"), PartAsked),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The bytes: at most 4 MiB, and at least 64 KiB but for the last part"), responses(
    (status = 200, description = "Taken; `Wellread-Blob` is `verified` or `partial`, `Wellread-Offset` where to go on"),
    (status = 409, description = "`blob-offset`: it does not begin where the hub's copy ends; `more.offset` says where"),
    (status = 422, description = "`blob-hash`: the whole has another hash; it begins anew")))]
pub async fn put_file(
    State(hub): State<Hub>,
    caller: Caller,
    Named(sha256): Named<String>,
    Asked(asked): Asked<PartAsked>,
    pieces: Pieces,
) -> Answer<Response> {
    caller.still_may(&hub, MODEL_PUBLISH).await?;
    blob::take(&hub, Bringer::Person(caller), &blob::hash(&sha256)?, asked, pieces).await
}
