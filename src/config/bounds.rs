//! The flags that bound bodies, connections and times.
//!
//! Promise: no bound is zero where that would mean "nothing" or "for ever", none is so large that
//! something else breaks first, and none contradicts another.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::webhook::http::body::BodyLimits;
use bytesize::ByteSize;
use std::num::NonZeroUsize;
use std::time::Duration;

/// Longer than anybody waits, and far from what a clock cannot add.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// With its headers it is under the 1,000,000,000 bytes that a message of librdkafka may have.
const LARGEST_BODY: ByteSize = ByteSize::mb(999);
/// More files than one process can have open.
const MOST_CONNECTIONS: usize = 1_000_000;

pub(super) fn limits(args: &ServeArgs) -> Result<BodyLimits, ConfigError> {
    if args.max_body == ByteSize(0) {
        return Err(ConfigError::new("--max-body", "expected at least one byte"));
    }
    if args.max_body > LARGEST_BODY {
        return Err(ConfigError::new(
            "--max-body",
            "expected at most 999MB: with its headers, a record ends at 1GB",
        ));
    }
    if args.max_in_flight_bytes < args.max_body {
        return Err(ConfigError::new(
            "--max-in-flight-bytes",
            "is below --max-body: the largest post would never be taken",
        ));
    }
    Ok(BodyLimits {
        max_body: args.max_body,
        in_flight: args.max_in_flight_bytes,
        read_timeout: positive("--read-timeout", args.read_timeout)?,
    })
}

/// A time that is there, and that somebody would wait for.
pub fn positive(flag: &str, time: Duration) -> Result<Duration, ConfigError> {
    if time.is_zero() {
        return Err(ConfigError::new(flag, "expected more than 0"));
    }
    at_most_a_day(flag, time)
}

pub(super) fn at_most_a_day(flag: &str, time: Duration) -> Result<Duration, ConfigError> {
    if time > DAY { Err(ConfigError::new(flag, "expected at most 1day")) } else { Ok(time) }
}

pub(super) fn max_connections(connections: NonZeroUsize) -> Result<NonZeroUsize, ConfigError> {
    if connections.get() > MOST_CONNECTIONS {
        return Err(ConfigError::new("--max-connections", "expected at most 1000000"));
    }
    Ok(connections)
}
