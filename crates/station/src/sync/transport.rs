//! What carries a request to the hub and its answer back. The one over HTTP is [`super::Http`]; tests have their own, which
//! cut, delay and repeat.

use bytes::Bytes;

/// How something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Gives something.
    Get,
    /// Says how something is.
    Head,
    /// Does something.
    Post,
    /// Puts something in its place.
    Put,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// What, from the hub's address on, with its query.
    pub path: String,
    /// Who asks, where that must be known.
    pub bearer: Option<String>,
    /// The type of the body; empty without one.
    pub content_type: &'static str,
    /// The body; sent as it lies there, and again without a copy.
    pub body: Bytes,
    /// Only these bytes of the answer: the first, and the last.
    pub range: Option<(u64, u64)>,
    /// The most bytes that an answer may have.
    pub most_bytes: usize,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// There was no answer, or not all of it: nobody knows whether the request was heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cut(pub String);

/// Carries requests. Two may be on their way at the same time.
pub trait Transport: Sync {
    /// Sends a request and waits for its answer; given up soon after `stop` says so.
    fn send(&self, request: &Request, stop: &(dyn Fn() -> bool + Sync)) -> Result<Response, Cut>;
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
