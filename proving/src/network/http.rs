//! HTTP/1.1 as bytes: where a message begins and ends, and nothing of what it means.

use std::io::{self, BufRead, ErrorKind};

/// No message of ours is longer.
const MOST_BYTES: usize = 64 << 20;

/// A message, to the byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The first line, the headers and the empty line.
    pub(super) head: Vec<u8>,
    /// What follows, chunks as they came.
    pub(super) body: Vec<u8>,
}

/// Where a message is cut: one of every class of boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing of it arrives.
    BeforeAll,
    /// In the request line, or the status line.
    InFirstLine,
    /// Between the first line and the headers.
    AfterFirstLine,
    /// In the middle of the headers.
    InHeaders,
    /// All headers, but not the empty line after them.
    BeforeEmptyLine,
    /// All of the head and nothing of the body.
    BeforeBody,
    /// One byte of the body.
    FirstOfBody,
    /// Half of the body.
    MiddleOfBody,
    /// All but the last byte.
    LastMissing,
    /// After so many bytes, or before the last one where there are fewer.
    After(usize),
}

impl Place {
    /// Every class.
    pub const CLASSES: [Self; 9] = [
        Self::BeforeAll,
        Self::InFirstLine,
        Self::AfterFirstLine,
        Self::InHeaders,
        Self::BeforeEmptyLine,
        Self::BeforeBody,
        Self::FirstOfBody,
        Self::MiddleOfBody,
        Self::LastMissing,
    ];

    /// How many bytes get through; never all.
    pub(super) fn bytes_of(self, message: &Message) -> usize {
        let head = message.head.len();
        let line = message.head.windows(2).position(|two| two == b"\r\n").map_or(head, |at| at + 2);
        let wanted = match self {
            Self::BeforeAll => 0,
            Self::InFirstLine => line / 2,
            Self::AfterFirstLine => line,
            Self::InHeaders => usize::midpoint(line, head),
            Self::BeforeEmptyLine => head.saturating_sub(2),
            Self::BeforeBody => head,
            Self::FirstOfBody => head + 1,
            Self::MiddleOfBody => head + message.body.len() / 2,
            Self::LastMissing => usize::MAX,
            Self::After(bytes) => bytes,
        };
        wanted.min(message.len().saturating_sub(1))
    }
}

impl Message {
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), self.body.as_slice()].concat()
    }

    /// The words of the first line.
    pub(super) fn first_line(&self) -> Vec<String> {
        let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).split(' ').map(str::to_owned).collect()
    }

    /// The status of a response.
    pub(super) fn status(&self) -> Option<u16> {
        self.first_line().get(1)?.parse().ok()
    }

    fn header(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head);
        let found = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        found.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    }

    fn content_length(&self) -> Option<usize> {
        self.header("content-length")?.parse().ok()
    }
}

/// Reads a request; `None` where the connection ends instead.
pub(super) fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut message = Message::default();
    if !read_head(stream, &mut message.head)? {
        return Ok(None);
    }
    if message.is_chunked() {
        read_chunks(stream, &mut message.body)?;
    } else {
        read_exactly(stream, message.content_length().unwrap_or(0), &mut message.body)?;
    }
    Ok(Some(message))
}

/// Reads the response to a request of this method.
pub(super) fn read_response(stream: &mut impl BufRead, method: &str) -> io::Result<Message> {
    loop {
        let mut message = Message::default();
        if !read_head(stream, &mut message.head)? {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the hub ended the connection without an answer"));
        }
        match message.status() {
            Some(100..=199) => continue,
            Some(204 | 304) => return Ok(message),
            _ if method == "HEAD" => return Ok(message),
            _ => {}
        }
        if message.is_chunked() {
            read_chunks(stream, &mut message.body)?;
        } else if let Some(length) = message.content_length() {
            read_exactly(stream, length, &mut message.body)?;
        } else {
            stream.read_to_end(&mut message.body)?;
        }
        return Ok(message);
    }
}

/// Reads up to and with the empty line. False where there is not one byte.
fn read_head(stream: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let before = head.len();
        stream.read_until(b'\n', head)?;
        let line = head.get(before..).unwrap_or_default();
        if !line.ends_with(b"\n") {
            let ended = || io::Error::new(ErrorKind::UnexpectedEof, "the head of a message ends early");
            return if head.is_empty() { Ok(false) } else { Err(ended()) };
        }
        if line == b"\r\n" {
            return Ok(true);
        }
        check(head.len())?;
    }
}

fn read_exactly(stream: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    check(length)?;
    let before = body.len();
    body.resize(before + length, 0);
    stream.read_exact(body.get_mut(before..).unwrap_or_default())
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let before = body.len();
        stream.read_until(b'\n', body)?;
        let line = String::from_utf8_lossy(body.get(before..).unwrap_or_default()).into_owned();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16);
        let size = size.map_err(|_| io::Error::new(ErrorKind::InvalidData, "a chunk without a size"))?;
        check(body.len())?;
        // The chunk and the end of its line; after the last, the empty line.
        read_exactly(stream, size + 2, body)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn check(bytes: usize) -> io::Result<()> {
    if bytes <= MOST_BYTES { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidData, "a message without an end")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Message {
        read_request(&mut text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_message_ends_where_its_length_or_its_last_chunk_says() {
        let plain = request("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b");
        assert_eq!(plain.body, b"abc", "what follows is the next message");
        let chunked = request("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nrest");
        assert_eq!(chunked.body, b"3\r\nabc\r\n0\r\n\r\n", "chunks are kept as they came");
        let mut nothing = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP".as_bytes();
        assert!(read_response(&mut nothing, "HEAD").unwrap().body.is_empty(), "the answer to HEAD has no body");
    }

    #[test]
    fn every_class_cuts_somewhere_else_and_never_lets_all_through() {
        let message = request("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nabcdefgh");
        let cuts: Vec<usize> = Place::CLASSES.iter().map(|place| place.bytes_of(&message)).collect();
        assert!(cuts.windows(2).all(|two| two[0] < two[1]), "in order, each its own: {cuts:?}");
        assert_eq!(cuts.last(), Some(&(message.len() - 1)), "the last class lacks one byte");
        let empty = request("GET /a HTTP/1.1\r\n\r\n");
        assert!(Place::CLASSES.iter().all(|place| place.bytes_of(&empty) < empty.len()), "also without a body");
    }
}
