//! Spans of posts, in a build with the feature `otlp`: what a collector receives, and what becomes of
//! posts when it receives nothing.
//!
//! A binary of its own beside `tests/it`, so that a build with the feature is tried in little time:
//! `cargo test --features otlp --test otlp`. The collector is a stand-in ([`collector`]) that reads
//! OTLP with a reader of its own ([`protobuf`], [`spans`]).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod away;
mod collector;
mod consumers;
mod flags;
mod protobuf;
mod recorded;
mod spans;

use rustix::process::Signal;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::{Launch, Program};
use testkit::mock::MockKafka;

/// The bridge that is tested.
const HOOKBRIDGE: Program = Program::at(env!("CARGO_BIN_EXE_hookbridge"));

/// What happens at once on an idle machine; tests share theirs.
const SOON: Duration = Duration::from_secs(10);

/// On each mock.
const TOPIC: &str = "events";

/// The trace of a sender, and its span.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A mock with the topic.
fn mock() -> MockKafka {
    let mock = MockKafka::start();
    mock.create_topic(TOPIC, 3);
    mock
}

/// A bridge whose spans go there: within five seconds or at its end, unless a variable says otherwise.
fn serve(brokers: impl Into<String>, endpoint: &str) -> Launch {
    let serve = HOOKBRIDGE.serve(brokers).env("TOPIC", TOPIC).arg("--otlp-endpoint", endpoint);
    MockKafka::flags(serve).env("ACK_TIMEOUT", "5s")
}

/// With these variables of OpenTelemetry.
fn with(serve: Launch, variables: &[&str]) -> Launch {
    serve.under("env", variables.iter().copied())
}

/// Stops it; all that it has to say is said then.
#[track_caller]
fn stop(bridge: &mut Bridge) {
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

/// A `traceparent` of [`PARENT`] with these flags.
fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}
