//! Settings of a topic that cost records: logged, or refused.

use crate::outages::{BACK, detail, timed_post, wait_for_200};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use tempfile::tempdir;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::{eventually, let_pass};
use testkit::here;
use testkit::kafka::RealKafka;

const MIND: &str = "mind the settings of the topic";
const COMPACT: (&str, &str) = ("cleanup.policy", "compact");
const REFUSED: &str = "insist with --allow-compacted-topic";

#[test]
fn a_topic_that_deletes_or_changes_records_is_warned_about() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let costly = [
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "3600000"),
        ("message.timestamp.before.max.ms", "5000"),
        ("message.timestamp.after.max.ms", "60000"),
        ("max.message.bytes", "4000"),
    ];
    kafka.create_topic("costly", 3, &costly);
    let bridge = serve(kafka, "costly").start();
    bridge.wait_ready(SOON);

    for (setting, value) in &costly[1..] {
        let warning = format!("{setting}={value}");
        assert!(detail(&bridge, "topic").contains(&warning), "{warning}: {}", bridge.readyz().1);
        let warns = |line: &&str| line.contains(MIND) && line.contains(&warning);
        assert_eq!(bridge.log().lines().filter(warns).count(), 1, "{}", bridge.log());
    }
    for warning in ["cleanup.policy has compact", "a partition has one replica"] {
        assert!(detail(&bridge, "topic").contains(warning));
    }

    kafka.delete_topic("costly");
    eventually(SOON, "it is not ready", || bridge.readyz().0 == 503);
    kafka.create_topic("costly", 3, &[("retention.ms", "7200000")]);
    bridge.wait_ready(SOON);

    bridge.wait_for_log("retention.ms=7200000", SOON);
    bridge.wait_for_log("the settings of the topic were mended", SOON);
    let said = detail(&bridge, "topic");
    assert!(said.contains("retention.ms=7200000") && !said.contains("compact"), "{said}");
}

#[test]
fn a_retention_that_deletes_spooled_records_is_warned_about() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    kafka.create_topic("short-lived", 1, &[("retention.ms", "3000")]);
    let temp = tempdir().unwrap();
    let bridge = serve(&kafka, "short-lived").arg("--spool", temp.path().to_str().unwrap()).start();
    bridge.wait_ready(SOON);
    bridge.wait_for_log("retention.ms=3000 is below six hours", SOON);

    kafka.freeze();
    assert_eq!(timed_post(bridge.webhook()).0.status, 200);
    let_pass(Duration::from_secs(4));
    kafka.thaw();

    let warning = "retention.ms=3000 is below the age of what waits on disk";
    bridge.wait_for_log(warning, SOON);
    eventually(SOON, "it is in readiness", || detail(&bridge, "topic").contains(warning));
    eventually(SOON, "nothing waits", || detail(&bridge, "spool") == "direct, 0 waiting");
    assert_eq!(bridge.log().matches(warning).count(), 1, "{}", bridge.log());
    assert!(!bridge.log().contains("were mended"), "{}", bridge.log());
}

#[test]
fn a_compacted_topic_is_refused_at_the_start_unless_forced() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("compacted", 3, &[COMPACT]);

    let (status, log) = serve(kafka, "compacted").run(SOON);

    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.lines().last().unwrap().contains(REFUSED), "{log}");
    let bridge = serve(kafka, "compacted").env("ALLOW_COMPACTED_TOPIC", "true").start();
    bridge.wait_ready(SOON);
    bridge.wait_for_log("cleanup.policy has compact", SOON);
    assert_eq!(timed_post(bridge.webhook()).0.status, 200);
}

#[test]
fn a_topic_compacted_later_gets_nothing_and_nothing_is_lost() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("changing", 3, &[]);
    let temp = tempdir().unwrap();
    let bridge = serve(kafka, "changing").start();
    let spooling = serve(kafka, "changing").arg("--spool", temp.path().to_str().unwrap()).start();
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "it is there", || detail(bridge, "topic").contains("3 of 3"));
    }

    kafka.delete_topic("changing");
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "it is gone", || detail(bridge, "topic").contains("UnknownTopic"));
    }
    kafka.create_topic("changing", 3, &[COMPACT]);
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "it is refused", || detail(bridge, "kafka").contains(REFUSED));
        bridge.wait_for_log("the topic was made unfit", SOON);
    }
    assert_eq!(bridge.readyz().0, 503);
    assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
    assert_eq!(timed_post(spooling.webhook()).0.status, 200);
    assert!(detail(&spooling, "spool").ends_with("1 waiting"));
    assert!(consumer::to_end(&kafka.bootstrap(), "changing").is_empty());

    kafka.delete_topic("changing");
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "it is gone", || detail(bridge, "topic").contains("UnknownTopic"));
    }
    kafka.create_topic("changing", 3, &[]);

    bridge.wait_ready(BACK);
    wait_for_200(&bridge, SOON);
    eventually(SOON, "the spool is empty", || detail(&spooling, "spool") == "direct, 0 waiting");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "changing").len(), 2);
}

fn serve(kafka: &RealKafka, topic: &str) -> Launch {
    HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", topic).no_auth()
}
