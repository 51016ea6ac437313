//! A mock that is away: from the start, and again and again.

use crate::outages::{BACK, KAFKA_UP, PUBLISHED, assert_counted, assert_taken, timed_post};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::wait_for;
use testkit::http;
use testkit::mock::MockKafka;
use testkit::senders::Load;

const TOPIC: &str = "events";

const ACK_TIMEOUT: Duration = Duration::from_millis(500);

/// Of an answer that waits for nothing, on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(200);

#[test]
fn kafka_away_from_the_start_delays_only_the_first_post() {
    let kafka = mock();
    kafka.broker_down();
    let bridge = serve(&kafka).arg("--ack-timeout", "500ms").start();

    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
    assert_eq!(bridge.readyz().0, 503);
    let (first, took) = timed_post(bridge.webhook());
    assert_eq!(refusal(&first), (503, Outcome::Unavailable));
    assert!(took < 3 * ACK_TIMEOUT, "{took:?}");
    for _ in 0..5 {
        let (next, took) = timed_post(bridge.webhook());
        assert_eq!(refusal(&next), (503, Outcome::Unavailable));
        let retry: u16 = next.header("retry-after").unwrap().parse().unwrap();
        assert!(retry > 0 && took < AT_ONCE, "{retry} {took:?}");
    }
    assert_eq!(bridge.metric(KAFKA_UP), 0.0);
    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
}

#[test]
fn it_is_ready_without_traffic_or_a_restart_when_kafka_comes() {
    let kafka = mock();
    kafka.broker_down();
    let bridge = serve(&kafka).start();
    assert_eq!(timed_post(bridge.webhook()).0.status, 503);

    kafka.broker_up();

    bridge.wait_ready(BACK);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
    assert_taken(&bridge);
}

#[test]
fn a_bridge_without_posts_notices_that_kafka_went_and_came() {
    let kafka = mock();
    let bridge = serve(&kafka).start();
    bridge.wait_ready(SOON);

    kafka.broker_down();
    bridge.wait_for_metric(KAFKA_UP, SOON, |up| up == 0.0);
    assert_eq!(bridge.readyz().0, 503);
    let (answer, took) = timed_post(bridge.webhook());
    assert!(answer.status == 503 && took < AT_ONCE, "{took:?}");

    kafka.broker_up();
    bridge.wait_for_metric(KAFKA_UP, BACK, |up| up == 1.0);
    assert_eq!(bridge.readyz().0, 200);
    assert_taken(&bridge);
}

#[test]
fn an_outage_found_by_a_post_ends_as_soon_as_one_by_a_probe() {
    let kafka = mock();
    let bridge = serve(&kafka).arg("--ack-timeout", "500ms").start();
    bridge.wait_ready(SOON);

    // Just behind a probe: the next one is seconds away, unless the post calls it.
    kafka.broker_down();
    assert_eq!(timed_post(bridge.webhook()).0.status, 503);
    kafka.broker_up();

    bridge.wait_ready(BACK);
}

#[test]
fn no_check_from_before_an_outage_is_ok_once_it_is_known() {
    let kafka = mock();
    let bridge = serve(&kafka).arg("--ack-timeout", "500ms").start();
    bridge.wait_ready(SOON);
    assert_taken(&bridge);

    // Nothing is closed: a probe takes its time to find out.
    kafka.round_trip_time(Duration::from_secs(30));
    assert_eq!(timed_post(bridge.webhook()).0.status, 503);
    let checks = wait_for(SOON, "the outage is known", || {
        let (_, readiness) = bridge.readyz();
        let checks = readiness["checks"].as_array().unwrap();
        let oks: Vec<_> = checks.iter().map(|check| check["ok"].as_bool().unwrap()).collect();
        (!oks[1]).then_some((oks, readiness))
    });

    assert_eq!(checks.0, [true, false, false], "{}", checks.1);
}

#[test]
fn no_accepted_post_is_missing_when_the_broker_goes_and_comes() {
    let kafka = mock();
    // The mock checks no sequence numbers: with more in flight it loses what it acked.
    let serve = serve(&kafka).arg("-X", "max.in.flight=1");
    let bridge = serve.arg("--ack-timeout", "500ms").start();
    bridge.wait_ready(SOON);
    let senders = Load::steady(8).start(bridge.webhook());
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 100.0);
    for _ in 0..2 {
        let before = bridge.metric(PUBLISHED);
        kafka.broker_down();
        bridge.wait_for_metric(KAFKA_UP, SOON, |up| up == 0.0);
        kafka.broker_up();
        bridge.wait_for_metric(PUBLISHED, SOON, |published| published > before + 50.0);
    }

    let posted = senders.stop();

    posted.assert_statuses(&[200, 503]);
    assert!(posted.count(200) > 0 && posted.count(503) > 0);
    assert_counted(&bridge, &posted);
    posted.assert_kept(&consumer::to_end(&kafka.bootstrap(), TOPIC));
}

fn mock() -> MockKafka {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    kafka
}

fn serve(kafka: &MockKafka) -> Launch {
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).no_auth();
    // The mock does not name the topic's limit, and the bridge would wait for it.
    serve.arg("-X", "message.max.bytes=1000000")
}
