//! An answer, read as far as the load generator needs it: its status, and whether it is whole.
//!
//! Knows `Content-Length` alone, which is all that the three servers send.

use std::fmt;
use std::io;

/// A whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
}

/// Why there was none.
#[derive(Debug)]
pub(super) enum NoAnswer {
    Closed,
    Broken(io::Error),
    Unasked,
    Malformed,
}

impl Answer {
    /// The answer that these bytes are; `None` while some are missing.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, NoAnswer> {
        let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let (head, body) = (&bytes[..head], &bytes[head + 4..]);
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines.next().and_then(status).ok_or(NoAnswer::Malformed)?;
        let length = lines.find_map(content_length).ok_or(NoAnswer::Malformed)?;
        match body.len() {
            whole if whole == length => Ok(Some(Self { status })),
            more if more > length => Err(NoAnswer::Unasked),
            _ => Ok(None),
        }
    }
}

/// `HTTP/1.1 200 OK`
fn status(line: &[u8]) -> Option<u16> {
    number(line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?)
}

fn content_length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    name.eq_ignore_ascii_case(NAME).then(|| number(value.trim_ascii()))?
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection was closed"),
            Self::Broken(error) => write!(f, "{error}"),
            Self::Unasked => f.write_str("bytes came that nobody had asked for"),
            Self::Malformed => f.write_str("an answer that is none of HTTP/1.1 with a length"),
        }
    }
}
