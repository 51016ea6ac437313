//! Standard error, written by a thread of its own: nobody waits for whoever reads it.
//!
//! Lines wait in a queue, and the thread writes them, one call each. Where nobody reads, the queue
//! fills; then lines are dropped and counted until half of it is free again, and one line
//! in their place says how many. The progress bar is drawn by the same thread, since a
//! terminal can block too.
//!
//! Promise: no caller waits for a reader, but for [`Stderr::end`], which has a deadline. Lines keep
//! their order. What waits takes up at most [`MOST_BYTES`].
//!
//! It is no `tracing-appender`: that counts its queue in lines, of any length; and its guard, which
//! is to write the last of them, prints to standard output when the queue is full.

#[cfg(test)]
mod tests;

use crate::cli::bar::{Bar, BarState};
use crate::cli::journal::Reader;
use anstream::AutoStream;
use prometheus_client::metrics::counter::Counter;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// All lines that wait, together: some ten thousand, more than a busy reader falls behind by, and
/// little beside the memory of a bridge that holds posts.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How long [`Stderr::end`] may wait where nobody has said so: what refuses a start must be read.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// What a line takes up beside its text.
const LINE: usize = size_of::<QueuedOutput>();

/// The way to standard error. Cheap to clone, and all clones are the one.
#[derive(Clone)]
pub struct Stderr(Arc<SharedOutput>);

struct SharedOutput {
    queue: Mutex<OutputQueue>,
    /// For the thread: there is something to write.
    filled: Condvar,
    /// For [`Stderr::end`]: all is written.
    emptied: Condvar,
    dropped: Counter,
    thread: OnceLock<ThreadId>,
}

struct OutputQueue {
    entries: VecDeque<QueuedOutput>,
    /// Of the lines, with the one that is being written.
    bytes: usize,
    /// Nothing is taken until half of it is free.
    full: bool,
    /// Lines dropped since one was taken.
    missing: u64,
    /// How the bar is to look; what it was to look like before does not matter.
    progress: Option<BarState>,
    /// The thread writes.
    busy: bool,
    timeout: Duration,
}

enum QueuedOutput {
    Line(Vec<u8>),
    /// This many lines are missing here.
    Gap(u64),
}

/// What the thread does next.
enum WriterWork {
    Write(Vec<u8>),
    NoteGap(u64),
    Draw(BarState),
}

impl Stderr {
    /// Starts the thread. It ends with the process, since it may be waiting for a reader.
    pub fn start() -> io::Result<Self> {
        let stderr = Self(Arc::new(SharedOutput {
            queue: Mutex::new(OutputQueue::new()),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            dropped: Counter::default(),
            thread: OnceLock::new(),
        }));
        let shared = stderr.0.clone();
        thread::Builder::new().name("stderr".to_owned()).spawn(move || shared.work())?;
        Ok(stderr)
    }

    /// Lines that were never written.
    pub fn dropped(&self) -> Counter {
        self.0.dropped.clone()
    }

    /// Says a line in plain words, beside the log; its colours are for terminals.
    pub fn say(&self, text: &dyn Display) {
        let mut line = AutoStream::new(Vec::new(), AutoStream::choice(&io::stderr()));
        writeln!(line, "{text}").expect("a Vec takes all bytes");
        self.0.line(line.into_inner());
    }

    /// The same, of what ends the command badly: an error, where journald reads.
    pub fn fail(&self, text: &dyn Display) {
        let mark = Reader::of_stderr().mark(Level::ERROR);
        self.say(&format_args!("{mark}{text}"));
    }

    /// Shows how far a command is, where stderr is a terminal.
    pub(super) fn show(&self, progress: BarState) {
        self.0.lock().progress = Some(progress);
        self.0.filled.notify_one();
    }

    /// How long [`Stderr::end`] may wait.
    pub(super) fn last_lines_within(&self, timeout: Duration) {
        self.0.lock().timeout = timeout;
    }

    /// Waits until all that was said is written, or the time for the last lines is over. Where a
    /// panic ends the thread that writes, only the panic is written.
    pub fn end(&self) {
        if self.0.is_here() {
            return self.0.write_first();
        }
        let queue = self.0.lock();
        let timeout = queue.timeout;
        let written = self.0.emptied.wait_timeout_while(queue, timeout, |queue| !queue.is_done());
        drop(written.expect("no thread panics with the lock"));
    }
}

impl SharedOutput {
    fn lock(&self) -> MutexGuard<'_, OutputQueue> {
        self.queue.lock().expect("no thread panics with the lock")
    }

    fn line(&self, line: Vec<u8>) {
        let mut queue = self.lock();
        // What the thread itself says is about the place where it is.
        if self.is_here() {
            queue.bytes += line.len() + LINE;
            return queue.entries.push_front(QueuedOutput::Line(line));
        }
        if queue.take(line) {
            drop(queue);
            self.filled.notify_one();
        } else {
            self.dropped.inc();
        }
    }

    /// Whether the caller is the thread itself.
    fn is_here(&self) -> bool {
        self.thread.get() == Some(&thread::current().id())
    }

    /// Of the thread itself, which has said why it ends: nobody is left to write that.
    fn write_first(&self) {
        let first = self.lock().entries.pop_front();
        if let Some(QueuedOutput::Line(line)) = first {
            drop(write(&line));
        }
    }

    fn work(&self) {
        self.thread.get_or_init(|| thread::current().id());
        let mut bar = Bar::default();
        loop {
            match self.next() {
                WriterWork::Write(line) => {
                    // A reader that has gone is no reason to end; what it did not get is counted.
                    if bar.beside(|| write(&line)).is_err() {
                        self.dropped.inc();
                    }
                    self.lock().bytes -= line.len() + LINE;
                }
                WriterWork::NoteGap(lines) => {
                    tracing::warn!(lines, "log lines were dropped, because nobody read the log");
                }
                WriterWork::Draw(progress) => bar.draw(progress),
            }
        }
    }

    fn next(&self) -> WriterWork {
        let mut queue = self.lock();
        queue.busy = false;
        if queue.is_done() {
            self.emptied.notify_all();
        }
        let waited = self.filled.wait_while(queue, |queue| queue.is_done());
        let mut queue = waited.expect("no thread panics with the lock");
        queue.busy = true;
        queue.next().expect("there is something to do")
    }
}

impl OutputQueue {
    fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            full: false,
            missing: 0,
            progress: None,
            busy: false,
            timeout: LAST_WORDS,
        }
    }

    /// Whether there was room for it.
    fn take(&mut self, line: Vec<u8>) -> bool {
        let bytes = self.bytes + line.len() + LINE;
        let is_freed = !self.full || self.bytes <= MOST_BYTES / 2;
        self.full = !is_freed || bytes > MOST_BYTES;
        if self.full {
            self.missing += 1;
            return false;
        }
        self.gap();
        self.entries.push_back(QueuedOutput::Line(line));
        self.bytes = bytes;
        true
    }

    /// Marks the place of what is missing.
    fn gap(&mut self) {
        if self.missing > 0 {
            self.entries.push_back(QueuedOutput::Gap(self.missing));
            self.missing = 0;
        }
    }

    fn next(&mut self) -> Option<WriterWork> {
        if self.entries.is_empty() {
            self.gap();
        }
        Some(match self.entries.pop_front() {
            Some(QueuedOutput::Line(line)) => WriterWork::Write(line),
            Some(QueuedOutput::Gap(lines)) => WriterWork::NoteGap(lines),
            None => WriterWork::Draw(self.progress.take()?),
        })
    }

    fn is_done(&self) -> bool {
        let nothing = self.entries.is_empty() && self.missing == 0 && self.progress.is_none();
        nothing && !self.busy
    }
}

/// Writes all of it, however long that takes.
fn write(mut line: &[u8]) -> io::Result<()> {
    let stderr = io::stderr();
    while !line.is_empty() {
        match (&stderr).write(line) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => line = &line[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another process that shares the pipe has made it so.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                match poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], None) {
                    // A signal is no error of stderr.
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Takes whole lines, as the log hands them over.
impl Write for &Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.line(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
