//! Where each request begins and ends, seen in the bytes as they come, and more strictly than hyper
//! does.
//!
//! hyper takes what RFC 9112 lets a lenient server take: a length beside chunking (the length is
//! dropped, and nobody behind hyper can see that it was there), a length that is repeated, lines
//! that end in a bare line feed, no `Host`. A proxy in front may read each of them in another way,
//! and then the end of one post is the head of another.
//!
//! Promise: a head is sound if it can be read in one way alone (RFC 9112, sections 2.2, 3.2 and
//! 6.3). From the first fault on, nothing more of the connection is sound. Where this and hyper do
//! not agree on where a head ends, the next one is not sound.
//!
//! It refuses nothing and decodes nothing. What hyper refuses itself, as white space before a
//! colon, comes to no answer of the bridge, and is not looked for here.

use std::mem;

/// The most that is kept of a line that has not ended: more than hyper reads of a head.
const LONGEST_LINE: usize = 32 * 1024;

/// Why a head can be read in more than one way, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadFault {
    /// HTTP/1.1 without a `Host`, or more than one.
    Host,
    /// A length beside chunking, two lengths, or one that is no number.
    Length,
    /// Another transfer coding than one `chunked`.
    Coding,
    /// A line that does not end in CR LF.
    LineEnd,
    /// It is not certain that it is a head: the body before it has no certain end.
    Before,
}

impl HeadFault {
    /// What is wrong, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "the head must have one Host",
            Self::Length => "the head must have one length, in digits, and none beside chunks",
            Self::Coding => "the only transfer coding that is taken is chunked, once",
            Self::LineEnd => "every line of a head must end in CR LF",
            Self::Before => "the body of the request before has no certain end",
        }
    }
}

/// The place in the bytes of a connection. A plain value.
#[derive(Debug, Default)]
pub(super) struct Framing {
    part: Part,
    head: HeadLines,
    /// The beginning of a line that came in pieces.
    begun: Vec<u8>,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    /// A request line, or an empty line before it.
    #[default]
    RequestLine,
    /// The lines behind it.
    Fields,
    /// A body of this many bytes more.
    Body(u64),
    ChunkSize,
    /// A chunk of this many bytes more.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    Trailers,
    /// Nobody can know.
    Lost,
}

/// What the lines of a head say of its framing.
#[derive(Debug, Default)]
struct HeadLines {
    hosts: Hosts,
    length: Option<u64>,
    is_chunked: bool,
}

/// How many lines name the host, and how many must.
#[derive(Debug, Default)]
struct Hosts {
    named: usize,
    wanted: usize,
}

impl Framing {
    /// Follows these bytes; gives how many sound heads end in them, and the fault that ends all.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) -> (u64, Option<HeadFault>) {
        let mut sound = 0;
        while !bytes.is_empty() && self.part != Part::Lost {
            if let Some(left) = self.part.left() {
                let passed = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                bytes = &bytes[passed..];
                self.part = self.part.after(passed as u64);
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                if self.begun.len() + bytes.len() > LONGEST_LINE {
                    self.lose();
                    return (sound, Some(HeadFault::LineEnd));
                }
                self.begun.extend_from_slice(bytes);
                break;
            };
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            match self.follow_line(line) {
                Ok(ended) => sound += u64::from(ended),
                Err(fault) => {
                    self.lose();
                    return (sound, Some(fault));
                }
            }
        }
        (sound, None)
    }

    fn lose(&mut self) {
        *self = Self { part: Part::Lost, ..Self::default() };
    }

    /// Whether a head ends with this line, of which what came before may have begun.
    fn follow_line(&mut self, line: &[u8]) -> Result<bool, HeadFault> {
        if self.begun.is_empty() {
            return self.read_line(line);
        }
        let mut whole = mem::take(&mut self.begun);
        whole.extend_from_slice(line);
        self.read_line(&whole)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<bool, HeadFault> {
        let line = line.strip_suffix(b"\r\n").ok_or(HeadFault::LineEnd)?;
        self.part = match self.part {
            // RFC 9112, section 2.2: empty lines before a request line are passed over.
            Part::RequestLine | Part::Trailers if line.is_empty() => Part::RequestLine,
            Part::RequestLine => {
                self.head.hosts.wanted = usize::from(line.ends_with(b"HTTP/1.1"));
                Part::Fields
            }
            Part::Fields if line.is_empty() => {
                self.part = mem::take(&mut self.head).body()?;
                return Ok(true);
            }
            Part::Fields => {
                self.head.read(line)?;
                Part::Fields
            }
            Part::ChunkSize => match chunk_size(line).ok_or(HeadFault::Before)? {
                0 => Part::Trailers,
                size => Part::Chunk(size),
            },
            Part::ChunkEnd if line.is_empty() => Part::ChunkSize,
            Part::ChunkEnd => return Err(HeadFault::Before),
            part @ (Part::Trailers | Part::Body(_) | Part::Chunk(_) | Part::Lost) => part,
        };
        Ok(false)
    }
}

impl Part {
    /// The bytes that are left of it, where they are counted.
    fn left(self) -> Option<u64> {
        match self {
            Self::Body(left) | Self::Chunk(left) => Some(left),
            Self::RequestLine
            | Self::Fields
            | Self::ChunkSize
            | Self::ChunkEnd
            | Self::Trailers
            | Self::Lost => None,
        }
    }

    /// Where one is behind this many of its bytes.
    fn after(self, passed: u64) -> Self {
        match self {
            Self::Body(left) if left > passed => Self::Body(left - passed),
            Self::Body(_) => Self::RequestLine,
            Self::Chunk(left) if left > passed => Self::Chunk(left - passed),
            Self::Chunk(_) => Self::ChunkEnd,
            Self::RequestLine
            | Self::Fields
            | Self::ChunkSize
            | Self::ChunkEnd
            | Self::Trailers
            | Self::Lost => self,
        }
    }
}

impl HeadLines {
    fn read(&mut self, line: &[u8]) -> Result<(), HeadFault> {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            // hyper refuses it.
            return Err(HeadFault::LineEnd);
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"host") {
            self.hosts.named += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value).ok_or(HeadFault::Length)?;
            if self.length.replace(length).is_some() {
                return Err(HeadFault::Length);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadFault::Coding);
            }
            self.is_chunked = true;
        }
        Ok(())
    }

    /// What follows the head, if it is sound.
    fn body(self) -> Result<Part, HeadFault> {
        if self.hosts.named > 1 || self.hosts.named < self.hosts.wanted {
            return Err(HeadFault::Host);
        }
        match (self.length, self.is_chunked) {
            (Some(_), true) => Err(HeadFault::Length),
            (None, true) => Ok(Part::ChunkSize),
            (None | Some(0), false) => Ok(Part::RequestLine),
            (Some(length), false) => Ok(Part::Body(length)),
        }
    }
}

/// RFC 9110, section 8.6: digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    let are_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if are_digits { str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

/// RFC 9112, section 7.1: hexadecimal digits, and perhaps extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let is_sound = matches!(rest.first(), None | Some(b';' | b' ' | b'\t'));
    if is_sound { u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok() } else { None }
}

#[cfg(test)]
mod tests;
