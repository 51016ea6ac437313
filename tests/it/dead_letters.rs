//! Dead letters: posts that are no notifications, kept on a topic of their own.

mod kept;
mod many;
mod redrive;
mod refused_by_kafka;
mod second_topic;

use crate::support::HOOKBRIDGE;
use crate::support::rig::{PASSWORD, USER};
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer::Seen;
use testkit::http::{Response, basic, post};
use testkit::notification::PATH;

const DEAD_LETTERED: &str = "hookbridge_outcomes_total{outcome=\"dead_lettered\"}";
const UP: &str = "hookbridge_dead_letter_topic_up";

/// A user that may speak for this project alone.
const BOUND: &str = "bound";
const BOUND_APP: &str = "app-1";

/// A bridge with a topic of dead letters, behind passwords.
fn serve(brokers: String, topic: &str, dead: &str) -> Launch {
    let lines = format!("{USER}:plain:{PASSWORD}\n{BOUND}:plain:{PASSWORD} {BOUND_APP}\n");
    let serve = HOOKBRIDGE.serve(brokers).credentials(lines).arg("--topic", topic);
    serve.arg("--invalid", "dead-letter").arg("--dead-letter-topic", dead)
}

/// Posts as a user of the bridge.
#[track_caller]
fn post_as(user: &str, bridge: &Bridge, body: impl AsRef<[u8]>) -> Response {
    let authorization = basic(user, PASSWORD);
    post(bridge.webhook(), PATH, &[("Authorization", &authorization)], body)
}

/// Why a dead letter is one.
fn code(record: &Seen) -> &str {
    record.header("hookbridge-code").expect("each dead letter has a code")
}
