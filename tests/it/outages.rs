//! Kafka away, frozen, without its topic, or with limits: who got a 200 loses nothing, everybody
//! else is logged in time, and it heals by itself.

mod away;
mod broker;
mod certificates;
mod checked;
mod fatal;
mod leaders;
mod limit;
mod log;
mod login;
mod protocols;
mod quota;
mod rights;
mod secured;
mod settings;
mod topic;
mod unacked;
mod withdrawn;

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use testkit::bridge::Bridge;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::http::{Response, post};
use testkit::ledger::Ledger;
use testkit::notification::{PATH, ROOMDROP};

/// How long a bridge may take to find out that Kafka is back.
const BACK: Duration = Duration::from_secs(2);

/// Until posts are taken again behind an outage that cut them off.
const RECOVERED: Duration = Duration::from_secs(3);

const KAFKA_UP: &str = "hookbridge_kafka_up";
const PUBLISHED: &str = "hookbridge_outcomes_total{outcome=\"published\"}";

fn timed_post(addr: SocketAddr) -> (Response, Duration) {
    let asked = Instant::now();
    let answer = post(addr, PATH, &[], ROOMDROP);
    (answer, asked.elapsed())
}

/// Posts to a bridge that is ready: the first ack may take a new producer its time, and no more.
#[track_caller]
fn assert_taken(bridge: &Bridge) {
    let (answer, took) = timed_post(bridge.webhook());
    assert_eq!(answer.status, 200);
    assert!(took < BACK, "{took:?}");
}

/// What a check of `/readyz` says.
#[track_caller]
fn detail(bridge: &Bridge, check: &str) -> String {
    let (_, readiness) = bridge.readyz();
    let checks = readiness["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["name"] == check).unwrap();
    found["detail"].as_str().unwrap().to_owned()
}

/// Waits until a post is taken again; those that are not are sent anew, as a sender would.
#[track_caller]
fn wait_for_200(bridge: &Bridge, deadline: Duration) {
    eventually(deadline, "a post is taken", || timed_post(bridge.webhook()).0.status == 200);
}

/// Checks that the bridge counted what the senders, and nobody else, were answered.
#[track_caller]
fn assert_counted(bridge: &Bridge, posted: &Ledger) {
    let settled = Exposition::settled(bridge.admin());
    let outcomes = settled.outcomes();
    for (outcome, status) in [("published", 200), ("unavailable", 503)] {
        let counted = outcomes.get(outcome).copied().unwrap_or_default();
        assert_eq!(counted, posted.count(status) as u64, "{outcome}: {outcomes:?}");
    }
}
