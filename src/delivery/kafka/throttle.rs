//! How long brokers hold their answers back: a quota of the operator's, which looks like a sick Kafka.
//!
//! Promise: logged once when it begins and once when it is over, whichever producer sees it. It is read
//! from librdkafka's statistics, since no report of a record has it.

use crate::lock::Lock;
use std::time::{Duration, Instant};

/// The property of the time between the statistics of a producer.
pub(super) const INTERVAL: &str = "statistics.interval.ms";
/// Its default here, in milliseconds. As often as the log says how far a drain is.
pub(super) const INTERVAL_MS: &str = "5000";
/// How old the last throttled answer may be: each producer speaks of its own answers alone, and one
/// that has none does not speak for the others.
const FRESH: Duration = Duration::from_secs(12);
/// What precedes the times of a broker, in milliseconds.
const WINDOW: &[u8] = b"\"throttle\"";
/// What precedes the longest of them.
const LONGEST: &[u8] = b"\"max\":";

/// What was seen last, of all producers of one bridge.
#[derive(Debug, Default)]
pub struct Throttle(Lock<Option<ThrottledAnswer>>);

#[derive(Debug)]
struct ThrottledAnswer {
    longest: Duration,
    at: Instant,
    /// When the first of them came.
    since: Instant,
}

impl Throttle {
    /// The longest time of the last seconds; none where nothing is held back.
    pub fn longest(&self) -> Option<Duration> {
        self.0.lock().as_ref().filter(|seen| seen.at.elapsed() < FRESH).map(|seen| seen.longest)
    }

    /// Takes in the statistics of a producer.
    pub(super) fn heard(&self, statistics: &[u8]) {
        let (longest, now) = (longest(statistics), Instant::now());
        let mut seen = self.0.lock();
        let since = seen.as_ref().map(|seen| seen.since);
        if !longest.is_zero() {
            *seen = Some(ThrottledAnswer { longest, at: now, since: since.unwrap_or(now) });
        } else if seen.as_ref().is_some_and(|seen| seen.at + FRESH <= now) {
            *seen = None;
        }
        let is_throttled = seen.is_some();
        drop(seen);
        match (since, is_throttled) {
            (None, true) => {
                let held_back = longest.as_secs_f64();
                tracing::warn!(
                    seconds = held_back,
                    "kafka throttles the bridge: a quota holds answers back"
                );
            }
            (Some(since), false) => {
                let after_seconds = now.saturating_duration_since(since).as_secs();
                tracing::info!(after_seconds, "kafka throttles the bridge no more");
            }
            (Some(_), true) | (None, false) => {}
        }
    }
}

/// The longest time of all brokers. Read without a parser: this runs on the event loop of posts, and
/// statistics of large clusters are long.
fn longest(statistics: &[u8]) -> Duration {
    let mut longest = 0;
    let mut rest = statistics;
    while let Some(window) = behind(rest, WINDOW) {
        rest = window;
        let Some(number) = behind(window, LONGEST) else { break };
        let digits = number.iter().skip_while(|byte| **byte == b' ');
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        let value = digits.fold(0_u64, |value, digit| {
            value.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        });
        longest = longest.max(value);
    }
    Duration::from_millis(longest)
}

/// What follows the first `mark`.
fn behind<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    text.get(at + mark.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_of_all_brokers_is_found() {
        let window = |max: &str| format!("\"throttle\": {{ \"min\":0, \"max\":{max}, \"avg\":3 }}");
        let two = format!(
            "{{\"brokers\":{{\"a\":{{\"rtt\": {{ \"max\":9000 }}, {}}}, \"b\":{{{}}}}}}}",
            window("1500"),
            window(" 20")
        );
        assert_eq!(longest(two.as_bytes()), Duration::from_millis(1500));
        for none in ["", "{}", "\"throttle\"", "\"throttle\":{\"max\":", &window("x")] {
            assert_eq!(longest(none.as_bytes()), Duration::ZERO);
        }
    }

    #[test]
    fn a_producer_that_is_idle_does_not_end_what_another_sees() {
        let throttle = Throttle::default();
        assert_eq!(throttle.longest(), None);
        throttle.heard(b"\"throttle\": { \"max\":700 }");
        throttle.heard(b"\"throttle\": { \"max\":0 }");
        assert_eq!(throttle.longest(), Some(Duration::from_millis(700)));
    }
}
