//! Posts that nobody acks though leaders answer, without a spool: what Kafka is worth is seen by acks,
//! and not by answers.

use crate::outages::{KAFKA_UP, PUBLISHED, assert_taken, detail, timed_post, wait_for_200};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::kafka::{RealKafka, SHORT_SESSION};
use testkit::mock::MockKafka;
use testkit::senders::Load;

/// Two posts in a row without an ack, and the probes that find out why, on a busy machine.
const BELIEVED: Duration = Duration::from_secs(25);

/// Long enough for every probe that could call it well.
const WATCHED: Duration = Duration::from_secs(8);

#[test]
fn a_bridge_with_unacked_posts_is_unready_beside_live_leaders() {
    let Some(mut kafka) = RealKafka::three(here!(), &[]) else { return };
    kafka.create_topic("events", 6, &[]);
    let bridge = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "events").no_auth().start();
    bridge.wait_ready(SOON);
    let senders = Load::paced(20, 8).start(bridge.webhook());
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 20.0);

    // Without a majority nobody takes the others' partitions, nor lets them out of the replicas in
    // sync.
    kafka.freeze_one(1);
    kafka.freeze_one(2);
    assert_distrusted(&bridge);
    assert_few_lines(&bridge);
    kafka.thaw_one(1);
    kafka.thaw_one(2);

    let before = bridge.metric(PUBLISHED);
    bridge.wait_for_metric(PUBLISHED, BELIEVED, |published| published > before + 20.0);
    bridge.wait_ready(SOON);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);

    kafka.kill_one(1);
    kafka.kill_one(2);
    assert_distrusted(&bridge);
    senders.stop().assert_statuses(&[200, 503]);
}

#[test]
fn one_leader_away_does_not_stop_a_bridge_with_other_acks() {
    let Some(mut kafka) = RealKafka::three(here!(), SHORT_SESSION) else { return };
    kafka.create_topic_on("alone", &[0, 1, 2]);
    kafka.create_topic("strict", 3, &[("min.insync.replicas", "3")]);
    let serve = |topic| HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", topic).no_auth().start();
    let (bridge, strict) = (serve("alone"), serve("strict"));
    bridge.wait_ready(SOON);
    strict.wait_ready(SOON);
    let senders = Load::paced(60, 24).start(bridge.webhook());
    bridge.wait_for_metric(PUBLISHED, SOON, |published| published > 20.0);

    kafka.kill_one(1);
    bridge.wait_for_log("some partitions take no records", SOON);
    bridge.wait_ready(SOON);
    throughout(WATCHED, || {
        assert_eq!((bridge.readyz().0, bridge.metric(KAFKA_UP)), (200, 1.0));
    });
    let posted = senders.stop();
    posted.assert_statuses(&[200, 503]);
    assert!(posted.count(503) > 0 && posted.count(200) > posted.count(503));

    eventually(SOON, "it says why", || {
        detail(&strict, "kafka").contains("too few replicas in sync (min.insync.replicas=3)")
    });
    assert_eq!((strict.readyz().0, strict.metric(KAFKA_UP)), (503, 0.0));
}

#[test]
fn a_start_without_a_controller_majority_is_not_called_well() {
    let Some(mut kafka) = RealKafka::three(here!(), SHORT_SESSION) else { return };
    kafka.create_topic_on("survivor", &[0, 0, 0]);
    kafka.kill_one(1);
    kafka.kill_one(2);

    // Its leaders answer, and a producer that is new gets no number.
    let bridge = HOOKBRIDGE.serve(kafka.address_of(0)).arg("--topic", "survivor").no_auth().start();
    eventually(SOON, "the leader answers", || detail(&bridge, "topic").contains("3 of 3"));
    let senders = Load::paced(20, 8).start(bridge.webhook());
    assert_distrusted(&bridge);
    eventually(SOON, "it says what is missing", || {
        detail(&bridge, "kafka").ends_with("no ack in time; no ack yet")
    });
    kafka.start_one_again(1);

    wait_for_200(&bridge, BELIEVED);
    bridge.wait_ready(SOON);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
    senders.stop().assert_statuses(&[200, 503]);
}

#[test]
fn records_refused_at_every_time_make_it_unready_until_an_ack() {
    let kafka = MockKafka::start();
    kafka.create_topic("events", 3);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "events").no_auth();
    let bridge = MockKafka::flags(serve).start();
    bridge.wait_ready(SOON);
    let refused = vec![RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP; 10_000];
    kafka.request_errors(RDKafkaApiKey::Produce, &refused);

    for _ in 0..2 {
        assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
    }
    throughout(WATCHED, || {
        assert_eq!((bridge.readyz().0, bridge.metric(KAFKA_UP)), (503, 0.0));
    });
    assert!(detail(&bridge, "kafka").contains("InvalidTimestamp"), "{}", bridge.readyz().1);
    kafka.clear_request_errors(RDKafkaApiKey::Produce);

    // It is tried, so that it heals.
    assert_taken(&bridge);
    bridge.wait_ready(SOON);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
}

/// Kafka is there, some partitions are not, and then it is away: each a line, and none of them again.
#[track_caller]
fn assert_few_lines(bridge: &Bridge) {
    let log = bridge.log();
    let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    let counts = ["kafka is there", "kafka is away", "take no records"].map(count);
    assert!(counts[0] <= 2 && counts[1] == 1 && counts[2] <= 2, "{log}");
}

/// While posts go on.
#[track_caller]
fn assert_distrusted(bridge: &Bridge) {
    bridge.wait_for_metric(KAFKA_UP, BELIEVED, |up| up == 0.0);
    eventually(BELIEVED, "it is not ready for good", || {
        let mut whole = true;
        throughout(WATCHED, || {
            whole &= (bridge.readyz().0, bridge.metric(KAFKA_UP)) == (503, 0.0);
        });
        whole
    });
    assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
}
