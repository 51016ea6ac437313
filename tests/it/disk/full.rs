//! No room: the disk's, or the limit's. Posts get a 503 until the drain has made some.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use tempfile::tempdir;

use crate::disk::posts::Posts;
use crate::disk::small_disk::{Blocks, SmallDisk};
use crate::disk::{RECORDS, assert_alive, kafka_away, serve, spool_check, wait_for_drain};
use crate::support::bridge::launch::Launch;
use crate::support::deadline::eventually;
use crate::support::here;
use crate::support::mock::MockKafka;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;

const BY_DISK: &str = "full: the disk is full";
const BY_LIMIT: &str = "full: its limit is reached";

/// So that few posts fill the room, and the last of them leaves none for an ordinary one.
const LONG: usize = 20_000;

/// The reserve, and an empty spool beside it.
const EMPTY: u64 = 6 << 20;

#[test]
fn on_a_full_disk_posts_are_refused_until_kafka_is_back_and_the_drain_has_made_room() {
    let Some(disk) = SmallDisk::mount(here!(), 24, Blocks::Pages) else { return };
    let kafka = kafka_away();
    let room = disk.room();
    fills_and_heals(&kafka, &serve(&kafka, &disk.spool()), &disk.spool(), BY_DISK);
    let taken = room - disk.room();
    assert!(taken <= EMPTY, "{taken}");
}

#[test]
fn at_the_limit_posts_are_refused_until_kafka_is_back_and_the_drain_has_made_room() {
    let (kafka, spool) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, spool.path()).arg("--spool-max-bytes", "16MiB");
    fills_and_heals(&kafka, &serve, spool.path(), BY_LIMIT);
}

fn fills_and_heals(kafka: &MockKafka, serve: &Launch, spool: &Path, full: &str) {
    let bridge = serve.start();
    let mut posts = Posts::of_length(LONG);
    for _ in 0..2 {
        let before = posts.accepted();
        let refused = loop {
            let answer = posts.post(&bridge);
            if answer.status != 200 {
                break answer;
            }
            assert!(posts.accepted() < before + 1000, "it is never full");
        };
        assert!(posts.accepted() > before + 10);
        assert_eq!(refusal(&refused), (503, Outcome::Unavailable));
        for answer in posts.post_at_once(&bridge, 3) {
            assert_eq!(refusal(&answer), (503, Outcome::Unavailable));
            let retry: u16 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=120).contains(&retry), "{retry}");
        }
        assert_eq!(bridge.readyz().0, 503);
        let (ok, detail) = spool_check(&bridge);
        assert!(!ok && detail.ends_with(full), "{detail}");
        assert_alive(&bridge);
        assert_eq!(bridge.metric(RECORDS), (posts.accepted() - before) as f64);

        kafka.broker_up();
        wait_for_drain(&bridge);
        eventually(SOON, "the spool has room", || spool_check(&bridge).0);
        assert_eq!(bridge.readyz().0, 200);
        eventually(SOON, "the disk has its room back", || bytes_of(spool) <= EMPTY);
        // Once they had their answer, nobody's refused post may come: its sender repeats it.
        assert_eq!(posts.assert_on_topic(kafka), 0);
        kafka.broker_down();
    }
    assert_eq!(posts.post(&bridge).status, 200);
    assert_eq!(bridge.metric(RECORDS), 1.0);
}

#[test]
fn a_bridge_that_was_stopped_starts_on_a_full_disk_and_drains() {
    starts_on_a_full_disk(here!(), Blocks::Small, Signal::TERM);
}

#[test]
fn a_bridge_that_was_killed_starts_on_a_full_disk_and_drains() {
    starts_on_a_full_disk(here!(), Blocks::Pages, Signal::KILL);
}

fn starts_on_a_full_disk(test: &str, blocks: Blocks, end: Signal) {
    let Some(disk) = SmallDisk::mount(test, 24, blocks) else { return };
    let kafka = kafka_away();
    let serve = serve(&kafka, &disk.spool());
    let mut posts = Posts::of_length(20_000);
    let mut bridge = serve.start();
    for _ in 0..20 {
        assert_eq!(posts.post(&bridge).status, 200);
    }
    bridge.signal(end);
    bridge.wait_exit(SOON);
    disk.fill();

    let bridge = serve.start();

    assert_eq!(refusal(&posts.post(&bridge)), (503, Outcome::Unavailable));
    let (ok, detail) = spool_check(&bridge);
    assert!(!ok && detail.ends_with(BY_DISK), "{detail}");
    assert_eq!((bridge.readyz().0, bridge.metric(RECORDS)), (503, 20.0));
    kafka.broker_up();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
    // What goes to Kafka needs no disk.
    bridge.wait_ready(SOON);
    assert_eq!(posts.post(&bridge).status, 200);
    kafka.broker_down();
    assert_eq!(posts.post(&bridge).status, 503);

    disk.free();

    bridge.wait_ready(SOON);
    assert_eq!(posts.post(&bridge).status, 200);
    assert_eq!(bridge.metric(RECORDS), 1.0);
}

#[test]
fn a_bridge_that_was_killed_without_its_reserve_starts_on_a_full_disk_and_drains() {
    let Some(disk) = SmallDisk::mount(here!(), 24, Blocks::Pages) else { return };
    let kafka = kafka_away();
    let serve = serve(&kafka, &disk.spool());
    let posts = fill_and_kill(&serve, &disk);

    let bridge = serve.start();

    assert_eq!(bridge.metric(RECORDS), posts.accepted() as f64);
    let (ok, detail) = spool_check(&bridge);
    assert!(!ok && detail.ends_with(BY_DISK), "{detail}");
    kafka.broker_up();
    disk.free();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
}

#[test]
fn a_full_disk_of_small_blocks_ends_such_a_start_with_the_reason_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(here!(), 24, Blocks::Small) else { return };
    let kafka = kafka_away();
    let serve = serve(&kafka, &disk.spool());
    let posts = fill_and_kill(&serve, &disk);

    let (status, log) = serve.run(SOON);

    assert_eq!(status.code(), Some(1), "{log}");
    let error = log.lines().last().unwrap();
    assert!(error.contains("--spool") && error.ends_with("the disk is full"), "{error}");
    kafka.broker_up();
    disk.free();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
}

/// A bridge whose posts have filled the disk, and others who were quicker to take its reserve.
fn fill_and_kill(serve: &Launch, disk: &SmallDisk) -> Posts {
    let mut posts = Posts::of_length(LONG);
    let mut bridge = serve.start();
    while posts.post(&bridge).status == 200 {}
    disk.fill();
    bridge.kill();
    disk.fill();
    posts
}

fn bytes_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}
