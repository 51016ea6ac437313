//! The clock of a broker, against this machine's.
//!
//! Promise: no record is written. A broker shows its clock in the words with which it refuses a time,
//! and in nothing else, so it is asked with a time that the topic's settings refuse; where they take
//! every time, it is not asked.

use crate::delivery::kafka::settings::Settings;
use crate::delivery::kafka::time_question;
use crate::delivery::record::{Event, Record};
use crate::delivery::record_times::SendTime;
use crate::delivery::record_times::time_span::RefusedTime;
use crate::delivery::topic::Placement;
use crate::delivery::topic::topic_config::TopicConfig;
use crate::timestamp::Timestamp;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Beyond what a topic allows that has a limit at all.
const FAR: Duration = Duration::from_secs(10 * 365 * 86400);

/// How far a clock is from this machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// It shows a later time.
    Ahead(Duration),
    /// It shows an earlier one.
    Behind(Duration),
}

/// Asks the leader of the topic's first partition; none where nobody says. Blocks for a few seconds
/// at most.
pub fn ask(settings: &Settings, topic: &Arc<str>, config: &TopicConfig) -> Option<Skew> {
    let refused = config.refused_time()?;
    let now = Timestamp::from(SystemTime::now()).unix_millis();
    let time = match refused {
        RefusedTime::Later(limit) => now.saturating_add(millis(limit)).saturating_add(millis(FAR)),
        RefusedTime::Earlier(_) => 0,
    };
    let event = Event {
        app_id: "check",
        event_type: "check",
        source: "hookbridge",
        subject: None,
        time: None,
        trace_parent: None,
        trace_state: None,
        user: None,
    };
    let record = Record::new(topic.clone(), event, Bytes::new(), SystemTime::now());
    let time = SendTime::own(Timestamp::of_unix_millis(time));
    let span = time_question::ask(settings, &record, Placement { time, partition: Some(0) })?;
    let (from, to) = span.borders();
    let theirs = match refused {
        RefusedTime::Later(limit) => to.saturating_sub(millis(limit)),
        RefusedTime::Earlier(limit) => from.saturating_add(millis(limit)),
    };
    let ahead = theirs.saturating_sub(Timestamp::from(SystemTime::now()).unix_millis());
    let skew = Duration::from_millis(ahead.unsigned_abs());
    Some(if ahead < 0 { Skew::Behind(skew) } else { Skew::Ahead(skew) })
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
