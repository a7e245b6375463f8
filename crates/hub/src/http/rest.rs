//! The rest of a body that nobody read.
//!
//! Whoever is refused before the body was read is still sending. A connection that is closed on him loses the answer in
//! many a network, and a station would learn nothing but that something broke. So the rest is read, and thrown away.

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
};
use futures_util::{Stream, StreamExt as _};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

/// Who takes longer to send what nobody wants is cut off.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a body is left when its reader has gone.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<Mutex<Option<BodyDataStream>>>);

/// A body on loan.
struct Lent {
    body: Option<BodyDataStream>,
    back: Rest,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let next = body.poll_next_unpin(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        next
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.0.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

impl Rest {
    /// Lends the body to whoever answers.
    pub(super) fn lend(&self, request: Request) -> Request {
        request.map(|body| Body::from_stream(Lent { body: Some(body.into_data_stream()), back: self.clone() }))
    }

    /// Reads what is left, up to so many bytes, while the answer is on its way.
    pub(super) fn drain(&self, most_bytes: usize) {
        let Some(mut body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        tokio::spawn(async move {
            let read = async {
                let mut left = most_bytes;
                while let Some(Ok(piece)) = body.next().await {
                    let Some(less) = left.checked_sub(piece.len()) else { return };
                    left = less;
                }
            };
            // Whether it ended or not, there is nothing more to do.
            let _ = tokio::time::timeout(PATIENCE, read).await;
        });
    }
}
