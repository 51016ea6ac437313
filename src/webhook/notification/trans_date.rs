//! The instant that a notification speaks of, from any of the forms the provider uses.
//!
//! Promise: a [`TransDate`] lies in the years 1970 to 9999 in UTC, so that its text is always RFC
//! 3339, and one that consumers can hold. Another instant is still one, and no error. It does not say
//! which instant `trans_date` marks (end of the session, of the upload): the provider does not
//! either.

use crate::timestamp::{Fraction, UtcText};
use std::fmt;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

/// From here on a Unix time counts milliseconds. As seconds it would be the year 5138, as
/// milliseconds it is March 1973: no notification comes from either.
const FIRST_MILLISECONDS: u64 = 100_000_000_000;

const MILLISECONDS_PER_SECOND: u64 = 1_000;

const NANOSECONDS_PER_MILLISECOND: u32 = 1_000_000;

/// Where RFC 3339 separates the date from the time of day.
const SEPARATOR: usize = "YYYY-MM-DD".len();

/// The first year that a `ce_time` may name: no notification is older, and some SDKs of consumers
/// fail on years that their clocks cannot hold (`findings/cloudevents-python-2-year-zero.sh`).
const FIRST_YEAR: i32 = 1970;

/// A checked `trans_date` that a record can carry; its [`Display`](fmt::Display) is RFC 3339 in UTC
/// with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransDate(OffsetDateTime);

/// A text that is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATime;

impl TransDate {
    /// Reads a Unix time: seconds, or milliseconds from 10¹¹ on. `None` past the year 9999.
    pub fn from_unix(count: u64) -> Option<Self> {
        let (seconds, milliseconds) = if count < FIRST_MILLISECONDS {
            (count, 0)
        } else {
            (count / MILLISECONDS_PER_SECOND, count % MILLISECONDS_PER_SECOND)
        };
        let nanoseconds = u32::try_from(milliseconds).ok()? * NANOSECONDS_PER_MILLISECOND;
        let whole = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
        whole.replace_nanosecond(nanoseconds).ok().map(Self)
    }

    /// Reads a Unix time in decimal digits, or RFC 3339 with a zone. `None` before 1970 and past
    /// the year 9999.
    ///
    /// A leap second, which no Unix clock can hold, becomes the last nanosecond before it.
    pub fn from_text(text: &str) -> Result<Option<Self>, NotATime> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            // What is too long for the type is past the year, and what has a sign before 1970.
            return Ok(text.parse().ok().and_then(Self::from_unix));
        }
        // RFC 3339 section 5.6 names `T`, `t` and the space; the parser takes any byte.
        if !matches!(text.as_bytes().get(SEPARATOR), Some(b'T' | b't' | b' ')) {
            return Err(NotATime);
        }
        let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotATime)?;
        let utc = instant.checked_to_offset(UtcOffset::UTC);
        Ok(utc.filter(|utc| utc.year() >= FIRST_YEAR).map(Self))
    }
}

impl fmt::Display for TransDate {
    /// Writes the fraction only where there is one: three digits, or nine if three lose some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = match self.0.nanosecond() {
            0 => Fraction::None,
            nanos if nanos.is_multiple_of(NANOSECONDS_PER_MILLISECOND) => Fraction::Millis,
            _ => Fraction::Nanos,
        };
        f.write_str(UtcText::new(self.0, fraction).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{NotATime, TransDate};

    fn utc(text: &str) -> Option<String> {
        TransDate::from_text(text).unwrap().map(|date| date.to_string())
    }

    #[test]
    fn unix_time_is_seconds_below_1e11_and_milliseconds_above() {
        for (text, expected) in [
            ("0", "1970-01-01T00:00:00Z"),
            ("1688374123", "2023-07-03T08:48:43Z"),
            ("0001688374123", "2023-07-03T08:48:43Z"),
            ("99999999999", "5138-11-16T09:46:39Z"),
            ("100000000000", "1973-03-03T09:46:40Z"),
            ("1688374123045", "2023-07-03T08:48:43.045Z"),
            ("1688374123000", "2023-07-03T08:48:43Z"),
            ("253402300799999", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
            let number = TransDate::from_unix(text.parse().unwrap()).unwrap();
            assert_eq!(number.to_string(), expected, "{text} as a number");
        }
    }

    #[test]
    fn rfc_3339_is_brought_to_utc_with_its_fraction() {
        for (text, expected) in [
            ("2023-07-03T08:48:43Z", "2023-07-03T08:48:43Z"),
            ("2023-07-03t08:48:43z", "2023-07-03T08:48:43Z"),
            ("2023-07-03 08:48:43Z", "2023-07-03T08:48:43Z"),
            ("2023-07-03T08:48:43.123Z", "2023-07-03T08:48:43.123Z"),
            ("2023-07-03T08:48:43.1Z", "2023-07-03T08:48:43.100Z"),
            ("2023-07-03T08:48:43.000Z", "2023-07-03T08:48:43Z"),
            ("2023-07-03T08:48:43.123456Z", "2023-07-03T08:48:43.123456000Z"),
            ("2023-07-03T08:48:43.1234567899Z", "2023-07-03T08:48:43.123456789Z"),
            ("2023-07-03T14:18:43+05:30", "2023-07-03T08:48:43Z"),
            ("2023-07-02T23:48:43-09:00", "2023-07-03T08:48:43Z"),
            ("2023-07-03T08:48:43-00:00", "2023-07-03T08:48:43Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_date_before_1970_or_past_9999_is_carried_by_no_record() {
        for text in [
            "1969-12-31T23:59:59.999Z",
            "1970-01-01T00:00:00+00:01",
            "0000-01-01T00:00:00Z",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "-1",
            "-99999999999999999999999999999999999999",
            "253402300800000",
            "18446744073709551616",
            "99999999999999999999999999999999999999",
        ] {
            assert_eq!(TransDate::from_text(text), Ok(None), "{text}");
        }
        assert_eq!(TransDate::from_unix(253_402_300_800_000), None);
        assert_eq!(TransDate::from_unix(u64::MAX), None);
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            " ",
            "-",
            "--1",
            "-1.5",
            "+1688374123",
            " 1688374123",
            "1688374123 ",
            "1688374123.0",
            "1.688374123e9",
            "0x64a28bab",
            "١٦٨٨٣٧٤١٢٣",
            "Unix Timestamp",
            "2023-07-03",
            "2023-07-03T08:48:43",
            "2023-07-03T08:48Z",
            "2023-07-03X08:48:43Z",
            "2023-07-03é8:48:43Z",
            "2023-07-03T08:48:43+0530",
            "2023-07-03T08:48:43.Z",
            "2023-07-03T08:48:60Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-07-03T24:00:00Z",
            "20230703T084843Z",
            "10000-01-01T00:00:00Z",
            "2023-07-03T08:48:43Z ",
            "Mon, 03 Jul 2023 08:48:43 GMT",
        ] {
            assert_eq!(TransDate::from_text(text), Err(NotATime), "{text:?}");
        }
    }

    #[test]
    fn every_instant_reads_back_from_its_own_text() {
        for text in ["0", "1688374123045", "2023-07-03T08:48:43.123456789Z"] {
            let date = TransDate::from_text(text).unwrap();
            assert_eq!(TransDate::from_text(&date.unwrap().to_string()), Ok(date), "{text}");
        }
    }
}
