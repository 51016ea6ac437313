//! A time as the commands show it: RFC 3339 in UTC, as the `ce_time` of a record.
//!
//! Promise: every time can be shown. One that RFC 3339 cannot write, as a damaged row may hold, is
//! shown as the milliseconds of Unix time.

use serde::{Serialize, Serializer};
use std::fmt;
use std::num::NonZeroU8;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

/// With all of a record's milliseconds, so that times stand under each other.
const MILLIS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second { decimal_digits: NonZeroU8::new(3) })
    .encode();

/// Unix time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(i64);

impl Moment {
    /// Unix time as Kafka's records have it.
    pub(super) fn of_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// How long ago that was, in its two largest units; of what is yet to come, no time at all.
    pub(super) fn age(self, now: SystemTime) -> String {
        let since = Self::from(now).0.saturating_sub(self.0).max(0).unsigned_abs() / 1000;
        let age = humantime::format_duration(Duration::from_secs(since)).to_string();
        age.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let millis = |distance: Duration| i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        match time.and_then(|time| time.format(&Iso8601::<MILLIS>).ok()) {
            Some(text) => f.pad(&text),
            None => f.pad(&format!("{} ms", self.0)),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_with_its_milliseconds_and_one_beyond_rfc_3339_as_a_number() {
        assert_eq!(Moment(1_688_374_123_456).to_string(), "2023-07-03T08:48:43.456Z");
        assert_eq!(Moment(1_688_374_123_000).to_string(), "2023-07-03T08:48:43.000Z");
        assert_eq!(Moment(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Moment(i64::MAX).to_string(), "9223372036854775807 ms");
        assert_eq!(Moment::from(UNIX_EPOCH - Duration::from_millis(5)), Moment(-5));
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        let now = UNIX_EPOCH + Duration::from_secs(1_688_374_123);
        let age = |seconds: u64| Moment::from(now - Duration::from_secs(seconds)).age(now);
        assert_eq!(age(59), "59s");
        assert_eq!(age(61), "1m 1s");
        assert_eq!(age(3600 + 61), "1h 1m");
        assert_eq!(age(2 * 86_400 + 3600), "2days 1h");
        assert_eq!(age(1_200_000_000), "38years 9days");
        assert_eq!(Moment(i64::MAX).age(now), "0s", "clocks differ");
        assert!(!Moment(i64::MIN).age(now).is_empty());
    }
}
