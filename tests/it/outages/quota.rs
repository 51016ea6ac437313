//! A quota of the brokers, which looks like a sick Kafka: it is named, once in the log, in readiness
//! and as a series, and nothing is lost for it.

use crate::outages::detail;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::time::Duration;
use testkit::consumer;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, of_length};

const THROTTLE: &str = "hookbridge_kafka_throttle_seconds";
const BEGUN: &str = "kafka throttles the bridge: a quota holds answers back";
const OVER: &str = "kafka throttles the bridge no more";

/// Statistics come every five seconds, and are believed for two of them.
const LOGGED: Duration = Duration::from_secs(30);

/// Long enough for many posts that are late, and short of the first minute's line.
const THROTTLED: Duration = Duration::from_secs(30);

#[test]
fn a_quota_of_the_brokers_is_named_and_costs_no_record() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    kafka.create_topic("throttled", 3, &[]);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "throttled").no_auth();
    let bridge = serve.arg("--ack-timeout", "15s").start();
    bridge.wait_ready(SOON);
    assert_eq!(bridge.metric(THROTTLE), 0.0);
    throttle(&kafka);

    for _ in 0..10 {
        assert_eq!(post(bridge.webhook(), PATH, &[], of_length(20_000)).status, 200);
    }

    bridge.wait_for_metric(THROTTLE, LOGGED, |seconds| seconds > 0.1);
    assert!(detail(&bridge, "kafka").contains("throttled: a quota"), "{}", bridge.readyz().1);
    eventually(LOGGED, "it is over", || bridge.log().contains(OVER));
    assert_eq!(bridge.log().matches(BEGUN).count(), 1, "{}", bridge.log());
    assert_eq!(bridge.metric(THROTTLE), 0.0);
    assert!(!detail(&bridge, "kafka").contains("throttled"));
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "throttled").len(), 10);
}

#[test]
fn posts_late_by_a_quota_are_logged_once_and_not_as_outages() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    kafka.create_topic("throttled", 3, &[]);
    let bridge = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "throttled").no_auth().start();
    bridge.wait_ready(SOON);
    throttle(&kafka);
    let before = bridge.log().lines().count();

    let mut refused = 0;
    throughout(THROTTLED, || {
        refused += usize::from(post(bridge.webhook(), PATH, &[], of_length(20_000)).status == 503);
    });

    assert!(refused > 0, "the quota is too large for this test");
    let log = bridge.log();
    let logged: Vec<_> = log.lines().skip(before).filter(|line| line.contains("kafka ")).collect();
    // Away, there, coming and going, and that it is throttled.
    assert!(logged.len() <= 4, "{logged:#?}");
    bridge.wait_for_log(BEGUN, LOGGED);
}

/// Makes the broker hold answers to the bridge back.
fn throttle(kafka: &RealKafka) {
    let quota = ["--alter", "--add-config", "producer_byte_rate=10000"];
    let client = ["--entity-type", "clients", "--entity-name", "hookbridge"];
    kafka.run("kafka.admin.ConfigCommand", &[&quota[..], &client].concat());
}
