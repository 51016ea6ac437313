//! A topic that is deleted and made again, one that takes smaller records than it did, and one that
//! may not be written to.

use crate::spool::{DRAINED, ROWS_QUARANTINED, Scene, spool_check, topic_of};
use crate::spool_command::run;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::spool::{SpoolFolder, records};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::{Duration, Instant};
use tempfile::tempdir;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::{eventually, let_pass};
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP, of_length};
use testkit::proxy::Network;
use testkit::senders::Load;

/// It is asked for after a second.
const NAMED: Duration = Duration::from_secs(10);

#[test]
fn posts_during_a_topic_s_absence_are_on_the_recreated_one() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = topic_of(here!());
    kafka.create_topic(&topic, 6, &[]);
    let scene = Scene::open(here!(), kafka.bootstrap(), load());

    kafka.delete_topic(&topic);
    let gone = Instant::now();
    scene.wait_until_spooled(100);
    kafka.create_topic(&topic, 6, &[]);

    scene.wait_until_direct();
    // What was acked before went with the topic.
    scene.close_with(&kafka.bootstrap(), |ledger| ledger.answered_after(gone));
}

#[test]
fn a_spooled_record_refused_by_the_topic_is_quarantined_alone() {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(here!()) else { return };
    let topic = topic_of(here!());
    kafka.create_topic(&topic, 1, &[]);
    let mut scene = Scene::open(here!(), proxy.address(), load());

    proxy.set(Network::Cut);
    for (records, length) in [(50, 5000), (100, 9000), (150, 6000)] {
        scene.wait_until_spooled(records);
        let answer = post(scene.bridge.webhook(), PATH, &[], of_length(length));
        assert_eq!(answer.status, 200);
        scene.refused += 1;
    }
    kafka.set_topic(&topic, "max.message.bytes", "4000");
    proxy.set(Network::Sound);

    scene.bridge.wait_for_metric(ROWS_QUARANTINED, DRAINED, |rows| rows == 3.0);
    scene.wait_until_direct();
    let log = scene.bridge.log();
    let lines = |text| log.lines().filter(|line| line.contains(text)).count();
    assert!(lines("a batch was refused") <= 1 && lines("is quarantined") == 1, "{log}");
    scene.close(&kafka.bootstrap());
}

#[test]
fn posts_are_kept_until_the_bridge_may_write_to_the_topic() {
    let kafka = MockKafka::start();
    kafka.create_topic(&topic_of(here!()), 6);
    let scene = Scene::open_with(here!(), kafka.bootstrap(), load(), MockKafka::flags);

    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    kafka.request_errors(RDKafkaApiKey::Produce, &vec![denied; 10_000]);
    scene.wait_until_spooled(100);
    kafka.clear_request_errors(RDKafkaApiKey::Produce);

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}

fn load() -> Load {
    Load::paced(150, 40).projects(20)
}

#[test]
fn records_of_a_missing_topic_do_not_delay_others_for_ever() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = topic_of(here!());
    kafka.create_topic(&topic, 3, &[]);
    let folder = SpoolFolder::of(records("never-made-either", "app-1", 0..2).chain(records(
        &topic,
        "app-1",
        2..5,
    )));

    let serve = serve(kafka, &topic, folder.dir());
    let bridge = serve.arg("--missing-topic-timeout", "2s").start();

    bridge.wait_for_metric(ROWS_QUARANTINED, DRAINED, |rows| rows == 2.0);
    eventually(DRAINED, "posts go to Kafka", || spool_check(&bridge) == "direct, 0 waiting");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), &topic).len(), 3);
    let why = "topic never-made-either missing for 2s";
    assert!(bridge.log().contains(why), "{}", bridge.log());
    let listed = run(&folder, "list", &[]).well();
    assert!(listed.contains(why), "{listed}");
}

#[test]
fn a_topic_that_rows_wait_for_is_named_in_log_and_readiness() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("made-in-its-place", 3, &[]);
    let folder = SpoolFolder::of(records("never-made", "app-1", 0..2));

    let bridge = serve(kafka, "made-in-its-place", folder.dir()).start();

    let named = "never-made, which the brokers do not show";
    eventually(NAMED, "it is in readiness", || spool_check(&bridge).ends_with(named));
    let words = ["records on disk wait for a topic that the brokers do not show", "\"never-made\""];
    let is_logged = |line: &&str| words.iter().all(|word| line.contains(word));
    // Beyond the moment in which the client itself believes it, and starts over.
    let_pass(Duration::from_secs(35));
    assert_eq!(bridge.log().lines().filter(is_logged).count(), 1, "{}", bridge.log());
    assert!(!bridge.log().contains("the drain starts over"), "{}", bridge.log());
    kafka.create_topic("never-made", 1, &[]);
    eventually(DRAINED, "posts go to Kafka", || spool_check(&bridge) == "direct, 0 waiting");
}

#[test]
fn a_topic_that_brokers_never_showed_gets_no_200_until_they_do() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = topic_of(here!());
    let spool = tempdir().unwrap();
    let bridge = serve(kafka, &topic, spool.path().to_str().unwrap()).start();
    let denied = "the brokers never showed it";
    eventually(SOON, "it is denied", || bridge.readyz().1.to_string().contains(denied));

    assert_eq!(bridge.readyz().0, 503);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 503);
    kafka.create_topic(&topic, 3, &[]);

    bridge.wait_ready(SOON);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), &topic).len(), 1);
}

#[test]
fn a_topic_seen_once_is_waited_for_by_the_next_bridge_too() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = topic_of(here!());
    kafka.create_topic(&topic, 3, &[]);
    let spool = tempdir().unwrap();
    let serve = serve(kafka, &topic, spool.path().to_str().unwrap());
    let mut first = serve.start();
    eventually(SOON, "the topic is seen", || spool.path().join("topics").exists());
    first.kill();
    kafka.delete_topic(&topic);

    let second = serve.start();

    second.wait_for_log("UnknownTopicOrPart", SOON);
    assert_eq!(post(second.webhook(), PATH, &[], ROOMDROP).status, 200);
    assert_eq!(second.readyz().0, 200);
    kafka.create_topic(&topic, 3, &[]);
    eventually(DRAINED, "posts go to Kafka", || spool_check(&second) == "direct, 0 waiting");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), &topic).len(), 1);
}

fn serve(kafka: &RealKafka, topic: &str, spool: &str) -> Launch {
    HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", topic).arg("--spool", spool)
}
