//! Standard output, for people: colours on a terminal, plain text in a pipe, `NO_COLOR` honoured.
//!
//! Promise: the first failure to write ends the output and not the work; the end reports it. A
//! reader that has gone, as `head` does, is no failure.

use std::io::{self, ErrorKind, Write as _};

/// Where the command's own output goes.
pub(super) struct Screen {
    out: anstream::Stdout,
    failed: Option<io::Error>,
}

impl Screen {
    /// Standard output.
    pub(super) fn new() -> Self {
        Self { out: anstream::stdout(), failed: None }
    }

    /// Writes `text`: whole lines, each with its end.
    pub(super) fn print(&mut self, text: &str) {
        if self.failed.is_none() {
            let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
            self.failed = written.err();
        }
    }

    /// Whether anybody may still read.
    pub(super) fn is_open(&self) -> bool {
        self.failed.is_none()
    }

    /// Why not all was written, unless it is the reader that has gone.
    pub(super) fn end(self) -> io::Result<()> {
        match self.failed {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            Some(_) | None => Ok(()),
        }
    }
}
