//! What brokers forget: the id of a producer that was idle, and records that somebody deletes.

use crate::spool::{APPENDED, Scene, assert_kept, serve, topic_of};
use crate::support::rig::SOON;
use std::time::Duration;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::senders::Load;

/// A night, in which an id is forgotten, takes a second here; the default is a day.
const SHORT_NIGHTS: &[(&str, &str)] =
    &[("producer.id.expiration.ms", "1000"), ("producer.id.expiration.check.interval.ms", "100")];

/// Ten nights for each of the senders.
const TEN_NIGHTS: Duration = Duration::from_secs(30);

#[test]
#[ignore = "takes half a minute of waiting"]
fn no_post_notices_that_brokers_forgot_the_producer() {
    let Some(kafka) = RealKafka::own(here!(), SHORT_NIGHTS) else { return };
    kafka.create_topic(&topic_of(here!()), 3, &[]);
    let spool = tempfile::tempdir().unwrap();
    let bridge = serve(kafka.bootstrap(), &topic_of(here!()), &spool).start();
    bridge.wait_ready(SOON);

    let senders = Load::paced(1, 3).start(bridge.webhook());
    let_pass(TEN_NIGHTS);
    let ledger = senders.stop();

    ledger.assert_statuses(&[200]);
    assert!(ledger.count(200) >= 27, "{}", ledger.count(200));
    assert_eq!(bridge.metric(APPENDED), 0.0, "{}", bridge.log());
    assert_kept(here!(), &kafka.bootstrap(), &ledger);
}

#[test]
#[ignore = "it adds nothing to a usual run"]
fn posts_go_on_while_records_are_deleted() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    kafka.create_topic(&topic_of(here!()), 3, &[]);
    let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 30));

    for _ in 0..5 {
        kafka.delete_records(&topic_of(here!()));
        let_pass(Duration::from_millis(500));
    }

    let Scene { bridge, senders, .. } = scene;
    let ledger = senders.stop();
    ledger.assert_statuses(&[200]);
    assert_eq!(bridge.metric(APPENDED), 0.0, "{}", bridge.log());
}
