//! Times that Kafka refuses: of records that waited too long, and of a clock that is wrong. No post
//! is refused for it, no record quarantined, and the time of receipt is there all the same.

mod clock;
mod narrow;
mod waited;

use testkit::consumer::Seen;

/// A record of older times is refused.
const BEFORE_MAX: &str = "message.timestamp.before.max.ms";

/// A record of newer times is refused.
const AFTER_MAX: &str = "message.timestamp.after.max.ms";

/// What the record says of when its post was received, in milliseconds of Unix time.
fn received_ms(record: &Seen) -> i64 {
    let text = record.header("hookbridge-received").expect("each record has it");
    let time = humantime::parse_rfc3339(text).unwrap();
    time.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}
