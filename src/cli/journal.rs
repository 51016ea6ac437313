//! Whether journald reads standard error, and then a level for each line: `<4>` before it, as
//! `sd-daemon(3)` has it.
//!
//! Promise: nobody else sees such a mark. journald takes it away, unless the unit has
//! `SyslogLevelPrefix=no`, so that lines of JSON stay JSON.

use rustix::fs::fstat;
use std::fmt;
use std::{env, io};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Device and inode of the stream that a service manager has connected with journald,
/// `systemd.exec(5)`. A process that redirects its stderr inherits it, too.
const STREAM: &str = "JOURNAL_STREAM";

/// Who reads standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Journald,
    Other,
}

impl Reader {
    /// As it is now.
    pub(super) fn of_stderr() -> Self {
        let stream = env::var(STREAM).ok();
        let stream = stream.as_deref().and_then(|stream| stream.split_once(':'));
        let Some((Ok(device), Ok(inode))) = stream.map(|(d, i)| (d.parse(), i.parse())) else {
            return Self::Other;
        };
        let is_same = fstat(io::stderr()).is_ok_and(|of| (of.st_dev, of.st_ino) == (device, inode));
        if is_same { Self::Journald } else { Self::Other }
    }

    /// What precedes a line of this level; the numbers are those of `syslog(3)`.
    pub(super) fn mark(self, level: Level) -> &'static str {
        match self {
            Self::Other => "",
            Self::Journald if level == Level::ERROR => "<3>",
            Self::Journald if level == Level::WARN => "<4>",
            Self::Journald if level == Level::INFO => "<6>",
            Self::Journald => "<7>",
        }
    }
}

/// Lines with their marks.
pub(super) struct Marked<F> {
    pub(super) lines: F,
    pub(super) reader: Reader,
}

impl<S, N, F> FormatEvent<S, N> for Marked<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str(self.reader.mark(*event.metadata().level()))?;
        self.lines.format_event(context, writer, event)
    }
}
