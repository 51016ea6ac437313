//! Which times a broker takes, by its own words. A plain value.
//!
//! Brokers of Kafka say of a time that they refuse: "Timestamp 1 of message with offset 0 is out of
//! range. The timestamp should be within [2, 3]"
//! (`findings/kafka-names-the-times-that-it-takes.sh`; the same since Kafka 2.4). Other words say
//! nothing.

use crate::timestamp::Timestamp;
use std::time::Duration;

/// What precedes the two borders, in milliseconds of Unix time.
const MARK: &str = "should be within [";
/// How far from the newer border a time is chosen, in milliseconds: by Kafka 4's defaults, which
/// allow an hour ahead, that is the broker's own clock.
const INSIDE: i64 = 3_600_000;
/// The least distance to the older one: both move on with the broker's clock.
const MARGIN: i64 = 1_000;
/// The end of year 9999: a border behind it is none.
const LATEST: i64 = 253_402_300_799_999;

/// Both borders are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    from: i64,
    to: i64,
}

/// A time that a topic refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedTime {
    /// Ahead of the broker's clock by more than this.
    Later(Duration),
    /// Behind it by more than this.
    Earlier(Duration),
}

impl TimeSpan {
    /// Reads a broker's words.
    pub fn read(words: &str) -> Option<Self> {
        let (_, borders) = words.split_once(MARK)?;
        let (from, rest) = borders.split_once(',')?;
        let (to, _) = rest.split_once(']')?;
        let span = Self { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? };
        // Both far off: they say nothing of any clock.
        let is_bounded = span.from > 0 || span.to < LATEST;
        (is_bounded && span.from <= span.to).then_some(span)
    }

    /// The two, in milliseconds of Unix time.
    pub(in crate::delivery) fn borders(self) -> (i64, i64) {
        (self.from, self.to)
    }

    /// A time in the middle or, where the span is wide, a little inside of one border.
    pub(super) fn inside(self) -> Timestamp {
        let width = self.to.saturating_sub(self.from);
        Timestamp::of_unix_millis(if width <= INSIDE {
            self.from + width / 2
        } else if self.to < LATEST {
            (self.to - INSIDE).max(self.from.saturating_add(MARGIN))
        } else {
            self.from.saturating_add(INSIDE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: i64, to: i64) -> Option<TimeSpan> {
        TimeSpan::read(&format!(
            "Timestamp 1688374123456 of message with offset 0 is out of range. The timestamp should be \
             within [{from}, {to}]"
        ))
    }

    #[test]
    fn the_chosen_time_lies_well_inside_what_the_broker_takes() {
        let now = 1_790_000_000_000;
        for (from, to, chosen) in [
            (now - 5_000, now + 5_000, now),
            (now - 500, now + INSIDE, now + 500),
            (now.wrapping_sub(i64::MAX), now + INSIDE, now),
            (now - 5_000, i64::MAX, now - 5_000 + INSIDE),
            (now - 48 * INSIDE, now + INSIDE, now),
        ] {
            let span = read(from, to).expect("both borders are there");
            assert_eq!(span.inside().unix_millis(), chosen, "{from}, {to}");
        }
    }

    #[test]
    fn words_that_name_no_span_are_none() {
        for words in
            ["", "out of range", "should be within [", "should be within [1", "within [a, b]"]
        {
            assert_eq!(TimeSpan::read(words), None, "{words}");
        }
        assert_eq!(read(9, 2), None);
        assert_eq!(read(i64::MIN, i64::MAX), None);
    }
}
