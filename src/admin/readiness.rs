//! The body of `/readyz`: what holds, since when, and whether a post could be made durable now.
//!
//! Promise: what is not known to hold now is shown with its age, and is not ok.

use crate::delivery::availability::health_report::{HealthReport, Hope, Knowledge};
use crate::delivery::availability::topic_state::TopicState;
use crate::delivery::gate::{CATCH_UP_LIMIT, GateState};
use crate::delivery::shared_gate::{GateStatus, Hindrance};
use crate::delivery::spool::status::Room;
use crate::delivery::topic::Topic;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// The status of a bridge that is ready.
const READY: &str = "ready";
/// That of any other.
const NOT_READY: &str = "not ready";

/// The name of the check of the bridge itself.
const BRIDGE: &str = "bridge";

/// The name of the check that says where posts go.
pub(super) const SPOOL: &str = "spool";

/// See the module.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    status: &'static str,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) ok: bool,
    pub(super) detail: String,
}

/// Whether the bridge takes posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServingState {
    Serving,
    Stopping,
}

impl Readiness {
    /// Of a bridge that takes no posts yet.
    pub(super) fn starting(waits_for: &str) -> Self {
        let mut detail = "starting".to_owned();
        if !waits_for.is_empty() {
            let _ = write!(detail, ": {waits_for}");
        }
        Self { status: NOT_READY, checks: vec![Check { name: BRIDGE, ok: false, detail }] }
    }

    /// What is known of Kafka and of its topic of this name, and of the spool where there is one.
    pub(super) fn new(
        serving_state: ServingState,
        topic: &Topic,
        (known, throttled): (&Knowledge, Option<Duration>),
        spool: Option<(GateStatus, Room)>,
    ) -> Self {
        let serving = serving_state == ServingState::Serving;
        let detail = if serving { "serving" } else { "stopping" }.to_owned();
        let bridge = Check { name: BRIDGE, ok: serving, detail };
        let mut kafka = kafka(known);
        if let Some(longest) = throttled {
            let _ = write!(kafka.detail, "; throttled: a quota holds answers back for {longest:?}");
        }
        let mut checks = vec![bridge, kafka, self::topic(&topic.name, known)];
        if topic.first_sight.is_denied()
            && let Some(check) = checks.last_mut()
        {
            check.detail += "; the brokers never showed it, so nothing is kept for it";
            if let TopicState::Missing { .. } = &*known.topic {
                check.detail += ": look at --topic";
            }
        }
        let mut ready = checks.iter().all(|check| check.ok);
        if let Some((status, room)) = spool {
            let check = self::spool(status, room);
            // Either side will do: Kafka may be away while there is room on disk, and the disk may
            // be broken while posts go to Kafka. But nothing is kept for a topic that never was.
            ready = serving
                && !topic.first_sight.is_denied()
                && (check.ok || ready && status.state == GateState::Direct);
            checks.push(check);
        }
        Self { status: if ready { READY } else { NOT_READY }, checks }
    }

    /// Names what holds up the oldest records on disk.
    pub(super) fn naming(mut self, hindrance: Option<Hindrance>) -> Self {
        if let (Some(hindrance), Some(spool)) = (hindrance, self.checks.last_mut()) {
            let detail = &mut spool.detail;
            let _ = match hindrance {
                Hindrance::Topic(topic) => {
                    write!(detail, ", the first for {topic}, which the brokers do not show")
                }
                Hindrance::Disk(why) => write!(detail, ", held up by the disk: {why}"),
            };
        }
        self
    }

    /// Adds what is known of the dead-letter topic. It is a check of its own: notifications are
    /// taken whatever it says.
    pub(super) fn beside(mut self, dead_letter_topic: &str, known: &Knowledge) -> Self {
        let check = topic(dead_letter_topic, known);
        let ok = check.ok && kafka(known).ok;
        self.checks.push(Check { name: "dead_letter_topic", ok, ..check });
        self
    }

    pub(super) fn status(&self) -> &'static str {
        self.status
    }

    pub(super) fn checks(&self) -> &[Check] {
        &self.checks
    }

    pub(super) fn is_ready(&self) -> bool {
        self.status == READY
    }
}

fn kafka(known: &Knowledge) -> Check {
    let probed = known.last_probe.map_or("never".to_owned(), ago);
    let acked = known
        .last_ack
        .map_or("no ack yet".to_owned(), |last| format!("the last ack {}", ago(last)));
    let unchanged_for = age(known.unchanged_for);
    let (ok, detail) = match &known.report {
        HealthReport::Up if known.last_ack < known.last_probe && known.last_ack.is_some() => {
            (true, format!("acks, {acked}"))
        }
        HealthReport::Up => (true, format!("answers probes, the last {probed}; {acked}")),
        HealthReport::Untried => (false, format!("has not answered yet, for {unchanged_for}")),
        HealthReport::Doubted { why } => {
            (false, format!("{why}; for {unchanged_for}, posts are still tried"))
        }
        HealthReport::Away { why } => (false, format!("{why}; away for {unchanged_for}")),
        HealthReport::Unproven { why, hope } => {
            let ok = match hope {
                Hope::Full | Hope::Chance => true,
                Hope::Lost => false,
            };
            let detail = format!(
                "answers probes, the last {probed}, but what was sent last: {why}; {acked}"
            );
            (ok, detail)
        }
    };
    Check { name: "kafka", ok, detail }
}

fn topic(name: &str, known: &Knowledge) -> Check {
    let seen = known.topic_seen.map_or(String::new(), |last| format!(", seen {}", ago(last)));
    // A probe that came to nothing has made it old, and so has an outage that no probe has ended in,
    // unless acks say otherwise.
    let probed = known.last_probe.is_some_and(|ago| ago <= known.unchanged_for);
    let fresh = known.report == HealthReport::Up || probed && known.topic_seen == known.last_probe;
    let (ok, detail) = match &*known.topic {
        TopicState::Unknown => (false, "not seen yet".to_owned()),
        TopicState::Hidden { why } => (false, format!("{why}{seen}")),
        TopicState::Missing { error } => (false, format!("{error}{seen}")),
        // That nothing takes records is not ok, however old it is.
        TopicState::Present(description) if fresh || description.usable == 0 => (
            description.usable > 0
                && description.forbidden.is_none()
                && description.unfit.is_none(),
            format!("{description}{seen}"),
        ),
        TopicState::Present(description) => (false, format!("not known now{seen}: {description}")),
    };
    Check { name: "topic", ok, detail: format!("{name}: {detail}") }
}

fn spool(GateStatus { state, backlog }: GateStatus, room: Room) -> Check {
    let way = match state {
        GateState::Direct => "direct".to_owned(),
        GateState::Spooling => "spooling".to_owned(),
        GateState::CatchingUp { .. } => {
            format!(
                "catching up (posts are held for {CATCH_UP_LIMIT:?} at most, until the last are sent)"
            )
        }
    };
    let (ok, room) = match room {
        Room::HasRoom => (true, String::new()),
        Room::Full { why } => (false, format!(", full: {why}")),
        Room::Broken { why } => (false, format!(", broken: {why}")),
    };
    Check { name: SPOOL, ok, detail: format!("{way}, {} waiting{room}", grouped(backlog)) }
}

/// In whole seconds, which is what people ask for.
fn age(age: Duration) -> String {
    humantime::format_duration(Duration::from_secs(age.as_secs())).to_string()
}

fn ago(past: Duration) -> String {
    format!("{} ago", age(past))
}

/// With commas between thousands, for people.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::status_line::StatusLine;
    use crate::clock::Clock;
    use crate::delivery::availability::topic_state::TopicDescription;
    use std::sync::Arc;

    #[test]
    fn the_topic_is_not_ok_after_an_outage_until_a_probe_sees_it() {
        let description = TopicDescription {
            partitions: 6,
            reached: 6,
            usable: 6,
            ..TopicDescription::default()
        };
        let second = Duration::from_secs(1);
        let mut known = Knowledge {
            report: HealthReport::Away { why: "no ack in time".to_owned() },
            unchanged_for: second,
            last_ack: None,
            last_probe: Some(2 * second),
            topic: Arc::new(TopicState::Present(description)),
            topic_seen: Some(2 * second),
        };
        let check = topic("events", &known);
        assert!(!check.ok && check.detail.contains("not known now, seen 2s ago"), "{check:?}");
        (known.last_probe, known.topic_seen) = (Some(second), Some(second));
        assert!(topic("events", &known).ok);
        known.last_probe = Some(Duration::ZERO);
        assert!(!topic("events", &known).ok, "the last probe saw nothing");
        known.report = HealthReport::Up;
        assert!(topic("events", &known).ok);
    }

    #[test]
    fn a_status_line_changes_shape_with_what_holds_not_with_ages() {
        let second = Duration::from_secs(1);
        let spool = |state, backlog| (GateStatus { state, backlog }, Room::HasRoom);
        let line = |unchanged_for, spool| {
            let known = Knowledge {
                report: HealthReport::Away { why: "no ack in time".to_owned() },
                unchanged_for,
                last_ack: None,
                last_probe: None,
                topic: Arc::new(TopicState::Unknown),
                topic_seen: None,
            };
            let topic = Topic::new("events".into(), None, &Clock::system());
            let serving = ServingState::Serving;
            StatusLine::of(&Readiness::new(serving, &topic, (&known, None), Some(spool)))
        };
        let first = line(second, spool(GateState::Spooling, 2));
        assert_eq!(
            first.text,
            "ready; kafka: no ack in time; away for 1s; topic: events: not seen yet; spool: spooling, \
             2 waiting"
        );
        assert_eq!(line(2 * second, spool(GateState::Spooling, 3)).shape, first.shape);
        assert_ne!(line(second, spool(GateState::Direct, 0)).shape, first.shape);
    }

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
