//! The ledger of `send`: each post and its answer, as lines of JSON in a file.
//!
//! | member | |
//! |---|---|
//! | `post` | its number, in the order in which posts were sent |
//! | `id` | what `ce_id` of its record is; null where the body names no `app_id` and there was no 200 |
//! | `app_id` | whose post it is; null where the body names none |
//! | `posted` | RFC 3339: before its first byte was sent |
//! | `answered` | RFC 3339: after the answer was read; null where there was none |
//! | `status` | of the answer; null where there was none |
//! | `code` | `accepted`, the code of a refusal, or what became of the connection |
//!
//! Promise: a line goes to the system whole, within a second or so. Where it was cut nevertheless, as by
//! a full disk, it is the last one, and is passed over. The lines are in the order of the answers. All times of one file have one clock, which nobody sets while it runs.

use crate::timestamp::{Fraction, UtcText};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};
use time::OffsetDateTime;

/// Of the bridge's own body of a 200.
pub(super) const ACCEPTED: &str = "accepted";
/// Of RFC 3339 in UTC with nanoseconds: such texts sort as their times do.
const TIME_LENGTH: usize = "2026-11-30T21:00:00.000000001Z".len();
/// Of what is read again: with what is known of each, a GiB or two.
const MOST_LINES: u64 = 5_000_000;

/// One post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LedgerLine {
    pub(super) post: u64,
    pub(super) id: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) posted: String,
    pub(super) answered: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) code: String,
}

impl LedgerLine {
    /// Whether the bridge has said that it has it.
    pub(super) fn is_accepted(&self) -> bool {
        self.status == Some(200) && self.code == ACCEPTED
    }
}

/// How a ledger ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LedgerEnd {
    /// Behind a line.
    Whole,
    /// Within this line, which was not taken.
    Torn(u64),
}

/// Reads a ledger, a line at a time, in the order of the file. An error names the line.
pub(super) fn read(
    path: &Path,
    mut take: impl FnMut(LedgerLine),
) -> Result<LedgerEnd, LedgerError> {
    let path = || path.to_owned();
    let unreadable = |source| LedgerError::Open { path: path(), source };
    let mut file = BufReader::new(File::open(path()).map_err(unreadable)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        if number > MOST_LINES {
            return Err(LedgerError::TooLong { path: path() });
        }
        let line: LedgerLine = match serde_json::from_slice(&line) {
            Ok(line) => line,
            Err(error) if error.is_eof() && !line.ends_with(b"\n") => {
                return Ok(LedgerEnd::Torn(number));
            }
            Err(source) => return Err(LedgerError::Line { path: path(), number, source }),
        };
        let is_time = |time: &String| time.len() == TIME_LENGTH && time.ends_with('Z');
        if !is_time(&line.posted) || !line.answered.as_ref().is_none_or(is_time) {
            return Err(LedgerError::Time { path: path(), number });
        }
        take(line);
    }
    Ok(LedgerEnd::Whole)
}

/// Why a file is no ledger.
#[derive(Debug, thiserror::Error)]
pub(super) enum LedgerError {
    /// It cannot be read.
    #[error("cannot read {}, which `send --ledger` is to have written", path.display())]
    Open { path: PathBuf, source: io::Error },
    /// It is none.
    #[error("{}:{number}: expected a line as send --ledger writes it", path.display())]
    Line { path: PathBuf, number: u64, source: serde_json::Error },
    /// Its times could not be compared.
    #[error("{}:{number}: expected times with nanoseconds in UTC, as send writes them", path.display())]
    Time { path: PathBuf, number: u64 },
    /// It would take up too much memory.
    #[error("{}: over {MOST_LINES} posts: split the file", path.display())]
    TooLong { path: PathBuf },
}

/// The file, as it is written.
pub(super) struct LedgerFile {
    file: BufWriter<File>,
    /// The one line that is being written.
    line: Vec<u8>,
}

/// A clock that no step of the system's clock moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct LedgerClock {
    instant: Instant,
    time: SystemTime,
}

impl LedgerFile {
    /// Makes it anew.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(path)?), line: Vec::new() })
    }

    /// Notes a post.
    pub(super) fn note(&mut self, line: &LedgerLine) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        // The buffer is emptied before a line that does not fit: a write has whole lines alone.
        self.file.write_all(&self.line)
    }

    /// Gives what was noted to the system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LedgerClock {
    /// Set by the system's, once.
    pub(super) fn start() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    /// RFC 3339 with nanoseconds.
    pub(super) fn text(&self, moment: Instant) -> String {
        let time = OffsetDateTime::from(self.time + moment.saturating_duration_since(self.instant));
        UtcText::new(time, Fraction::Nanos).as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_post_is_one_line_with_all_members_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts.jsonl");
        let mut file = LedgerFile::create(&path).unwrap();
        let line = LedgerLine {
            post: 7,
            id: Some("ab".to_owned()),
            app_id: Some("app\n\"1\"".to_owned()),
            posted: "2026-11-30T21:00:00.000000001Z".to_owned(),
            answered: None,
            status: None,
            code: "no_answer".to_owned(),
        };
        file.note(&line).unwrap();
        file.flush().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "{\"post\":7,\"id\":\"ab\",\"app_id\":\"app\\n\\\"1\\\"\",\
             \"posted\":\"2026-11-30T21:00:00.000000001Z\",\"answered\":null,\"status\":null,\
             \"code\":\"no_answer\"}\n"
        );
        let mut found = Vec::new();
        assert_eq!(read(&path, |line| found.push(line)).unwrap(), LedgerEnd::Whole);
        assert_eq!(found, [line]);
    }

    #[test]
    fn what_is_in_the_file_ends_with_a_line_also_without_a_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts.jsonl");
        let mut file = LedgerFile::create(&path).unwrap();
        let line = LedgerLine {
            post: 1,
            id: None,
            app_id: Some("a".repeat(100)),
            posted: "2026-11-30T21:00:00.000000001Z".to_owned(),
            answered: None,
            status: None,
            code: "broken".to_owned(),
        };
        let mut seen = 0;
        for _ in 0..200 {
            file.note(&line).unwrap();
            let written = std::fs::read(&path).unwrap();
            assert!(written.is_empty() || written.ends_with(b"\n"));
            seen = seen.max(written.len());
        }
        assert!(seen > 0, "something was written before the flush");
    }

    #[test]
    fn a_last_line_that_is_cut_anywhere_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts.jsonl");
        let line = "{\"post\":1,\"id\":null,\"app_id\":\"☃\",\
                    \"posted\":\"2026-11-30T21:00:00.000000001Z\",\
                    \"answered\":null,\"status\":null,\"code\":\"broken\"}";
        for cut in 1..line.len() {
            let text = [line.as_bytes(), b"\n", &line.as_bytes()[..cut]].concat();
            std::fs::write(&path, text).unwrap();
            let mut lines = 0;
            assert_eq!(read(&path, |_| lines += 1).unwrap(), LedgerEnd::Torn(2), "{cut}");
            assert_eq!(lines, 1);
        }
    }

    #[test]
    fn a_line_that_is_none_is_named_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts.jsonl");
        let line = |posted: &str| {
            format!(
                "{{\"post\":1,\"id\":null,\"app_id\":null,\"posted\":\"{posted}\",\
                 \"answered\":null,\"status\":null,\"code\":\"broken\"}}\n"
            )
        };
        let good = line("2026-11-30T21:00:00.000000001Z");
        for bad in ["{}", &line("2026-11-30T21:00:00Z")] {
            std::fs::write(&path, format!("{good}{bad}")).unwrap();
            let said = read(&path, drop).unwrap_err().to_string();
            assert!(said.contains("posts.jsonl:2: expected"), "{said}");
        }
    }

    #[test]
    fn a_later_moment_has_a_later_text() {
        let clock = LedgerClock::start();
        let first = clock.text(clock.instant);
        assert!(first < clock.text(clock.instant + Duration::from_nanos(1)), "{first}");
    }
}
