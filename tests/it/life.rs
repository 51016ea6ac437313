//! The life of the process: flags and files, the start, signals, the graceful end and its bounds.

mod environment;
mod flags;
mod grace;
mod hand_over;
mod heirs;
mod inherited;
mod log;
mod properties;
mod reload;
mod resolver;
mod start;
mod stop;
mod supervised;

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::http::request;
use testkit::mock::MockKafka;
use testkit::notification::PATH;

const TOPIC: &str = "events";

/// The binary, for tests that start it otherwise than [`Launch`] does.
const PROGRAM: &str = HOOKBRIDGE.path();

/// A second signal is one that comes later than this, after a first.
const APART: Duration = Duration::from_millis(1200);

/// A broker, and a bridge for everybody in front of it that is ready; the broker outlives it.
pub(crate) fn running(flags: impl FnOnce(Launch) -> Launch) -> (Bridge, MockKafka) {
    running_with(|serve| flags(serve.no_auth()))
}

/// The same, and the flags say who may post.
fn running_with(flags: impl FnOnce(Launch) -> Launch) -> (Bridge, MockKafka) {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC);
    // The mock does not name the topic's limit, and the bridge would wait for it.
    let bridge = flags(serve.arg("-X", "message.max.bytes=1000000")).start();
    bridge.wait_ready(SOON);
    (bridge, kafka)
}

/// A post, cut within its body.
fn halves(body: &str) -> (Vec<u8>, Vec<u8>) {
    let mut first = request("POST", PATH, &[], body);
    let second = first.split_off(first.len() - body.len() / 2);
    (first, second)
}
