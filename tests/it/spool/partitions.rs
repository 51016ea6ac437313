//! Partitions that are added while posts keep coming: each key that moves does so once.

use crate::spool::{ACK_TIMEOUT, Scene, topic_of, wait_until_empty};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::consumer::{self, Seen};
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::senders::Load;

const BEFORE: i32 = 3;
const AFTER: i32 = 8;

/// The probe looks every ten seconds while acks flow.
const SEEN: Duration = Duration::from_secs(20);

/// Two posts of a project that overlap may be received in one order and sent in the other.
const OVERLAP: Duration = Duration::from_millis(100);

/// In an outage a post may wait for its ack beside all that come later and go to the disk at once.
const LONG_OVERLAP: Duration = ACK_TIMEOUT.saturating_add(OVERLAP);

const SPREAD_ANEW: &str = "keys are spread anew";

/// Two senders for each of 17 projects, so that a project's posts come over several event loops.
fn load() -> Load {
    Load::steady(34).projects(17)
}

fn four_workers(serve: Launch) -> Launch {
    serve.arg("--workers", "4")
}

#[test]
fn a_key_moves_once_when_partitions_are_added_under_load() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    kafka.create_topic(&topic_of(test), BEFORE, &[]);
    let scene = Scene::open_with(test, kafka.bootstrap(), load(), four_workers);

    kafka.add_partitions(&topic_of(test), AFTER);
    scene.bridge.wait_for_log(SPREAD_ANEW, SEEN);
    let_pass(Duration::from_secs(1));

    assert_moved_once(kafka, scene, OVERLAP);
}

#[test]
fn a_key_moves_once_when_an_outage_follows_on_added_partitions() {
    let test = here!();
    let Some(kafka) = RealKafka::own(test, &[]) else { return };
    kafka.create_topic(&topic_of(test), BEFORE, &[]);
    let scene = Scene::open_with(test, kafka.bootstrap(), load(), four_workers);

    kafka.add_partitions(&topic_of(test), AFTER);
    kafka.freeze();
    let_pass(Duration::from_secs(5));
    kafka.thaw();
    scene.bridge.wait_for_log(SPREAD_ANEW, SEEN);
    scene.wait_until_direct();
    // Long enough to distinguish a key that goes back from posts that overlapped.
    let_pass(2 * ACK_TIMEOUT);

    assert_moved_once(&kafka, scene, LONG_OVERLAP);
}

/// Ends the posts. Order is promised but for the one move, which the ledger would take for a fault.
#[track_caller]
fn assert_moved_once(kafka: &RealKafka, scene: Scene, overlap: Duration) {
    let test = scene.test;
    let ledger = scene.senders.stop();
    wait_until_empty(&scene.bridge);
    ledger.assert_statuses(&[200]);
    let topic = consumer::to_end(&kafka.bootstrap(), &topic_of(test));
    assert_eq!(ledger.verdict(&topic).lost, Vec::<String>::new());

    let mut copies = HashMap::<&[u8], usize>::new();
    for record in &topic {
        *copies.entry(&record.value).or_default() += 1;
    }
    let mut keys = BTreeMap::<&[u8], Vec<&Seen>>::new();
    for record in topic.iter().filter(|record| copies[&*record.value] == 1) {
        keys.entry(record.key.as_deref().unwrap()).or_default().push(record);
    }
    let mut moved = 0;
    for (key, mut records) in keys {
        records.sort_by_key(|record| record.timestamp_ms);
        let (first, last) = (records[0].partition, records.last().unwrap().partition);
        moved += usize::from(first != last);
        let left = records.iter().rev().find(|record| record.partition != last);
        let came = records.iter().find(|record| record.partition != first);
        let back = left.zip(came).map_or(0, |(left, came)| left.timestamp_ms - came.timestamp_ms);
        let most = i64::try_from(overlap.as_millis()).unwrap();
        assert!(back < most, "{}: {back} ms", String::from_utf8_lossy(key));
    }
    assert!(moved > 3, "{moved} keys have moved");
}
