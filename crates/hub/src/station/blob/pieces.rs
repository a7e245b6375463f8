//! The bytes of a part as they come from the network, hashed on the way and never moved together.

use crate::{Hub, Problem};
use axum::{extract::Request, http::StatusCode};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::PutPayload;
use sha2::Digest as _;
use wellread_wire::{MOST_PART_BYTES, chain::Sha256};

/// A request's body in the pieces in which it came.
#[derive(Debug)]
pub struct Pieces {
    /// How many bytes they are.
    pub(super) size: u64,
    /// Their hash.
    pub(super) sha256: Sha256,
    bytes: Vec<Bytes>,
}

impl From<Pieces> for PutPayload {
    fn from(pieces: Pieces) -> Self {
        pieces.bytes.into_iter().collect()
    }
}

impl axum::extract::FromRequest<Hub> for Pieces {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Hub) -> Result<Self, Problem> {
        // Counted here and not by the path's limit: a body that is too large is then told from one that broke off.
        let mut body = request.into_body().into_data_stream();
        let (mut size, mut hash, mut bytes) = (0_usize, sha2::Sha256::new(), Vec::new());
        while let Some(piece) = body.try_next().await.map_err(|_| unfinished(size))? {
            size = size.saturating_add(piece.len());
            if size > MOST_PART_BYTES {
                return Err(too_large());
            }
            // At most a read's worth: a core is not kept from others for longer than that.
            hash.update(&piece);
            bytes.push(piece);
        }
        Ok(Self { size: size as u64, sha256: Sha256(hash.finalize().into()), bytes })
    }
}

fn unfinished(size: usize) -> Problem {
    Problem::invalid(format!("the part broke off after {size} bytes: ask how much of it is here, and go on there"))
}

fn too_large() -> Problem {
    let told = format!("a part has at most {MOST_PART_BYTES} bytes: send less at once");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", told)
}
