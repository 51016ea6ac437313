//! A progress bar on stderr.
//!
//! Promise: where stderr is no terminal there is no bar, and what is written is written as ever. It
//! waits for its terminal, so only the thread of [`crate::cli::stderr`] may hold it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far it is, at what pace, and what holds it up.
const RECORDS: &str = "{bar:30} {human_pos}/{human_len} records, {per_sec:.dim} {wide_msg}";
/// How far it is; the words say the rest.
const WORDS: &str = "{bar:30} {wide_msg}";

/// What is shown behind the bar.
#[derive(Debug, Clone, Copy)]
pub(super) enum BarLook {
    /// How many records, at what pace, and the message.
    Records,
    /// The message alone.
    Words,
}

/// How the bar is to look.
pub(super) enum BarState {
    /// `done` is done; `message` says what holds it up.
    At {
        /// The same from the first to the last.
        look: BarLook,
        /// Of `len`.
        done: u64,
        /// All there is to do.
        len: u64,
        /// Empty where nothing does.
        message: String,
    },
    /// It goes: what was done is said in words.
    Over,
}

/// The bar; invisible until it begins.
pub(super) struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        Self(ProgressBar::hidden())
    }
}

impl Bar {
    /// Shows it as it is to look.
    pub(super) fn draw(&mut self, progress: BarState) {
        match progress {
            BarState::At { look, done, len, message } => {
                if self.0.length() != Some(len) {
                    self.begin(look, len);
                }
                self.0.set_position(done);
                self.0.set_message(message);
                self.0.tick();
            }
            BarState::Over => self.0.finish_and_clear(),
        }
    }

    fn begin(&mut self, look: BarLook, len: u64) {
        let template = match look {
            BarLook::Records => RECORDS,
            BarLook::Words => WORDS,
        };
        self.0 = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
        self.0.set_style(ProgressStyle::with_template(template).expect("the template is sound"));
    }

    /// Writes something, with the bar out of the way.
    pub(super) fn beside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.0.suspend(write)
    }
}
