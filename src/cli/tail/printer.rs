//! Records on standard output.
//!
//! Promise: what was taken is written once nothing more is at hand. The first failure to write ends it.
//! A reader that has gone is noticed also while no record comes.

use crate::args::output::Output;
use crate::args::tail::TailArgs;
use crate::cli::record_text;
use crate::cli::tail::json_line;
use crate::cli::tail::record_filter::RecordFilter;
use crate::delivery::kafka::topic_record::TopicRecord;
use anstream::{AutoStream, ColorChoice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;

/// What is gathered before it is written: beyond it a larger write saves nothing.
const FULL: usize = 256 * 1024;
/// A look, and no wait.
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// See the module.
pub(super) struct Printer<'a> {
    args: &'a TailArgs,
    filter: RecordFilter<'a>,
    colours: ColorChoice,
    out: File,
    waiting: Vec<u8>,
    shown: u64,
    failed: Option<io::Error>,
    is_open: bool,
}

impl<'a> Printer<'a> {
    /// Of what the flags ask for.
    pub(super) fn new(args: &'a TailArgs) -> io::Result<Self> {
        let stdout = io::stdout();
        let (colours, filter) = (AutoStream::choice(&stdout), RecordFilter(args));
        // Not line by line, as Rust's own would be.
        let out = File::from(stdout.as_fd().try_clone_to_owned()?);
        let waiting = Vec::with_capacity(FULL);
        Ok(Self { args, filter, colours, out, waiting, shown: 0, failed: None, is_open: true })
    }

    /// Shows it, if it is wanted.
    pub(super) fn take(&mut self, record: &TopicRecord<'_>) {
        if !self.filter.takes(record) {
            return;
        }
        self.shown += 1;
        match self.args.output {
            Output::Json => json_line::write(&mut self.waiting, record),
            Output::Text => {
                let text = record_text::record(record) + "\n";
                let mut plain = AutoStream::new(Vec::new(), self.colours);
                plain.write_all(text.as_bytes()).expect("a Vec takes all bytes");
                self.waiting.extend(plain.into_inner());
            }
        }
        if self.waiting.len() >= FULL {
            self.flush();
        }
    }

    /// Records that were shown.
    pub(super) fn shown(&self) -> u64 {
        self.shown
    }

    /// Whether `--count` is not reached, and somebody may still read.
    pub(super) fn wants_more(&self) -> bool {
        self.is_open && self.args.count.is_none_or(|count| self.shown < count.get())
    }

    /// Whether all that was taken is written.
    pub(super) fn is_flushed(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether anybody may still read.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Writes what waits, and looks whether anybody is there to read it.
    pub(super) fn flush(&mut self) {
        if !self.is_open {
            return;
        }
        let written = self.out.write_all(&self.waiting);
        self.waiting.clear();
        if let Err(error) = written {
            self.is_open = false;
            if error.kind() != ErrorKind::BrokenPipe {
                self.failed = Some(error);
            }
        } else if has_gone(&self.out) {
            self.is_open = false;
        }
    }

    /// Writes what waits. An error is why not all was written, unless it is the reader that has gone.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.flush();
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// Of a pipe or a terminal: whether its other end is closed.
fn has_gone(out: &File) -> bool {
    let mut asked = [PollFd::new(out, PollFlags::empty())];
    poll(&mut asked, Some(&AT_ONCE)).is_ok()
        && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
