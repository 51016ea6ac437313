//! librdkafka's own log lines, of all clients of one bridge.
//!
//! Promise: a line that says the same as one of the last minute, but for numbers, is left out and
//! counted, whichever client says it, so that brokers that cannot work do not fill the log. Its
//! errors are warnings to the bridge, which goes on.

use crate::delivery::kafka::last_words::address;
use crate::lock::Lock;
use crate::rare_line::LineQuota;
use rdkafka::config::RDKafkaLogLevel;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a line is not said again.
const PAUSE: Duration = Duration::from_secs(60);
/// Different lines that are remembered: a few of each broker.
const LINES: usize = 128;
/// librdkafka's warning about the property that keeps the drain's order: said of every drain, and
/// nothing that an operator could change.
const GAPLESS_IS_EXPERIMENTAL: &str = "property enable.gapless.guarantee is experimental";

/// Of an address that fails: the probe logs it, with what it means.
pub(super) const CONNECTION: &str = "FAIL";

/// What a number is replaced by.
const NUMBER: char = '#';

/// What was said lately.
#[derive(Debug, Default)]
pub(super) struct ClientLog(Lock<VecDeque<Said>>);

#[derive(Debug)]
struct Said {
    kind: String,
    line: LineQuota,
}

impl ClientLog {
    /// Writes a line, unless it was said lately.
    pub(super) fn line(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let is_debug = matches!(level, RDKafkaLogLevel::Debug);
        if is_debug || facility == CONNECTION || message.contains(GAPLESS_IS_EXPERIMENTAL) {
            tracing::debug!(facility, said = message, "librdkafka says");
            return;
        }
        let Some(left_out) = self.news(&kind(message), Instant::now()) else { return };
        let left_out = (left_out > 0).then_some(left_out);
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                tracing::warn!(facility, left_out, said = message, "librdkafka says");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::info!(facility, left_out, said = message, "librdkafka says");
            }
        }
    }

    /// Whether this is to be said, and how often it was left out before.
    fn news(&self, kind: &str, now: Instant) -> Option<u64> {
        let mut said = self.0.lock();
        if let Some(again) = said.iter_mut().find(|said| said.kind == kind) {
            return again.line.note(now);
        }
        if said.len() == LINES {
            said.pop_front();
        }
        let mut line = LineQuota::every(PAUSE);
        let first = line.note(now);
        said.push_back(Said { kind: kind.to_owned(), line });
        first
    }
}

/// A line without the name of its thread, and without how long it took.
pub(super) fn gist(message: &str) -> &str {
    let behind = message.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: "));
    let message = behind.map_or(message, |(_, rest)| rest);
    message.rsplit_once(" (after ").map_or(message, |(before, _)| before)
}

/// A line's gist without its numbers (of messages, sequences, times), but for those of the address
/// that it speaks of.
fn kind(message: &str) -> String {
    let gist = gist(message);
    let (address, said) = match gist.split_once(": ") {
        Some((name, _)) if address(name).is_some() => gist.split_at(name.len()),
        Some(_) | None => ("", gist),
    };
    let mut kind = address.to_owned();
    for character in said.chars() {
        match character {
            '0'..='9' if kind.ends_with(NUMBER) => {}
            '0'..='9' => kind.push(NUMBER),
            other => kind.push(other),
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "[thrd:a:9/1]: a:9/1: Connect to ipv4#127.0.0.1:9 failed: refused (after 0ms in state CONNECT)";
    const AGAIN: &str = "[thrd:a:9/1]: a:9/1: Connect to ipv4#127.0.0.1:9 failed: refused (after 3ms in state CONNECT, 4 identical error(s) suppressed)";

    #[test]
    fn a_repeated_line_is_left_out_for_a_minute_and_counted() {
        let (log, start) = (ClientLog::default(), Instant::now());
        assert_eq!(gist(REFUSED), gist(AGAIN));
        assert_eq!(log.news(gist(REFUSED), start), Some(0));
        assert_eq!(log.news(gist(AGAIN), start + PAUSE / 2), None);
        assert_eq!(log.news("another", start + PAUSE / 2), Some(0));
        assert_eq!(log.news(gist(REFUSED), start + PAUSE), Some(1));
    }

    #[test]
    fn numbers_make_no_other_line_but_those_of_the_address_do() {
        let fatal = |records, broker, sequence| {
            format!(
                "[thrd:127.0.0.1:9092/1]: Fatal error: Broker: Out of order: ProduceRequest for t [0] with \
                 {records} message(s) failed (broker {broker} PID{{Id:7,Epoch:0}}, base seq {sequence})"
            )
        };
        assert_eq!(kind(&fatal(1, 1, 12)), kind(&fatal(250, 3, 0)));
        let late = |address, requests| {
            format!("[thrd:{address}]: {address}: Timed out {requests} in-flight, 0 retry-queued")
        };
        assert_eq!(kind(&late("10.0.0.1:9092/1", 3)), kind(&late("10.0.0.1:9092/1", 14)));
        assert_ne!(kind(&late("10.0.0.1:9092/1", 3)), kind(&late("10.0.0.2:9092/2", 3)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (log, start) = (ClientLog::default(), Instant::now());
        for line in 0..=LINES {
            assert_eq!(log.news(&line.to_string(), start), Some(0));
        }
        assert_eq!(log.news("0", start), Some(0));
        assert_eq!(log.news(&LINES.to_string(), start), None);
    }
}
