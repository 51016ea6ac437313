//! A progress bar on stderr, and a way there for the log that does not run through it.
//!
//! Promise: where stderr is no terminal there is no bar, and the log is written as ever.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write};
use tracing_subscriber::fmt::MakeWriter;

/// How far it is, at what pace, and what stands in the way.
const LOOK: &str = "{bar:30} {human_pos}/{human_len} records, {per_sec:.dim} {wide_msg}";

/// The bar; invisible until it begins. Cheap to clone, and all clones are the one bar.
#[derive(Debug, Clone)]
pub(super) struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        Self(ProgressBar::hidden())
    }
}

impl Bar {
    /// Shows it, with so much to do.
    pub(super) fn begin(&self, len: u64) {
        self.0.set_length(len);
        self.0.set_style(ProgressStyle::with_template(LOOK).expect("the template is sound"));
        self.0.set_draw_target(ProgressDrawTarget::stderr());
    }

    /// So much is done; `message` says what stands in the way.
    pub(super) fn at(&self, done: u64, message: String) {
        self.0.set_position(done);
        self.0.set_message(message);
        self.0.tick();
    }

    /// Takes it away: what was done is said in words.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl<'a> MakeWriter<'a> for Bar {
    type Writer = BesideBar<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        BesideBar(self)
    }
}

/// Stderr, with the bar out of the way while something is written: whole lines at once.
pub(super) struct BesideBar<'a>(&'a Bar);

impl Write for BesideBar<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
