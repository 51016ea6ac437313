//! An instant in Unix milliseconds, as Kafka's records have it, and its text: RFC 3339 in UTC.
//!
//! Promise: every time can be shown. One that RFC 3339 cannot write, as a damaged row may hold, is
//! shown as the milliseconds of Unix time.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Years that RFC 3339 can write.
const YEARS: std::ops::RangeInclusive<i32> = 0..=9999;

/// Unix time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Unix time as Kafka's records have it.
    pub fn of_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok().map(Self)
    }

    /// Unix time in milliseconds.
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// RFC 3339 in UTC with milliseconds, where its year has four digits.
    pub fn rfc3339(self) -> Option<UtcText> {
        let nanos = i128::from(self.0) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        YEARS.contains(&time.year()).then(|| UtcText::new(time, Fraction::Millis))
    }

    /// How long ago that was, in its two largest units; of what is yet to come, no time at all.
    pub fn age(self, now: SystemTime) -> String {
        let since = Self::from(now).0.saturating_sub(self.0).max(0).unsigned_abs() / 1000;
        let age = humantime::format_duration(Duration::from_secs(since)).to_string();
        age.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = |distance: Duration| i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rfc3339() {
            Some(text) => f.pad(text.as_str()),
            None => f.pad(&format!("{} ms", self.0)),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much of a second is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fraction {
    /// Nothing below it.
    None,
    /// Three digits.
    Millis,
    /// Nine digits.
    Nanos,
}

/// RFC 3339 in UTC, with `Z`.
#[derive(Debug, Clone, Copy)]
pub struct UtcText {
    text: [u8; 30],
    len: usize,
}

impl UtcText {
    /// The text of a time in UTC whose year has four digits.
    pub fn new(time: OffsetDateTime, fraction: Fraction) -> Self {
        let (year, month, day) = time.to_calendar_date();
        let (hour, minute, second, nanosecond) = time.to_hms_nano();
        // By hand, since every record gets two of them
        // (docs/performance.md#what-each-default-was-chosen-by).
        let mut text = *b"YYYY-MM-DDThh:mm:ss.fffffffffZ";
        write_digits(&mut text[0..4], year.unsigned_abs());
        write_digits(&mut text[5..7], u8::from(month).into());
        write_digits(&mut text[8..10], day.into());
        write_digits(&mut text[11..13], hour.into());
        write_digits(&mut text[14..16], minute.into());
        write_digits(&mut text[17..19], second.into());
        write_digits(&mut text[20..29], nanosecond);
        let end = match fraction {
            Fraction::None => 19,
            Fraction::Millis => 23,
            Fraction::Nanos => 29,
        };
        text[end] = b'Z';
        Self { text, len: end + 1 }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..self.len]).expect("digits and separators are ASCII")
    }
}

/// Fills the place with the last digits of the number.
fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_shows_milliseconds_or_a_number_beyond_rfc_3339() {
        assert_eq!(Timestamp(1_688_374_123_456).to_string(), "2023-07-03T08:48:43.456Z");
        assert_eq!(Timestamp(1_688_374_123_000).to_string(), "2023-07-03T08:48:43.000Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp(i64::MAX).to_string(), "9223372036854775807 ms");
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_millis(5)), Timestamp(-5));
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        let now = UNIX_EPOCH + Duration::from_secs(1_688_374_123);
        let age = |seconds: u64| Timestamp::from(now - Duration::from_secs(seconds)).age(now);
        assert_eq!(age(59), "59s");
        assert_eq!(age(61), "1m 1s");
        assert_eq!(age(3600 + 61), "1h 1m");
        assert_eq!(age(2 * 86_400 + 3600), "2days 1h");
        assert_eq!(age(1_200_000_000), "38years 9days");
        assert_eq!(Timestamp(i64::MAX).age(now), "0s", "clocks differ");
        assert!(!Timestamp(i64::MIN).age(now).is_empty());
    }
}
