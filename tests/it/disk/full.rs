//! No room: the disk's, or the limit's. Posts get a 503 until the drain has made some, which needs
//! none; a bridge starts there as anywhere.

use crate::disk::posts::Posts;
use crate::disk::small_disk::{Format, SmallDisk};
use crate::disk::{RECORDS, assert_alive, kafka_away, serve, spool_check, wait_for_drain};
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use tempfile::tempdir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::deadline::eventually;
use testkit::here;
use testkit::mock::MockKafka;

const BY_DISK: &str = "full: the disk is full";
const BY_LIMIT: &str = "full: its limit is reached";

/// So that few posts fill the room.
const LONG: usize = 100_000;

/// So that at the limit the last of them leaves no room for an ordinary one.
const SHORTER: usize = 20_000;

/// More posts than any room here takes.
const MANY: usize = 2000;

const MISSING: &str = "hookbridge_spool_missing_total";

/// A segment of the queue and one of the quarantine, and small files beside them.
const EMPTY: u64 = (5 << 20) + (64 << 10);

#[test]
fn a_full_disk_refuses_posts_until_the_drain_has_made_room() {
    for (_, disk) in SmallDisk::of_each_format(here!()) {
        let kafka = kafka_away();
        fills_and_heals(&kafka, &serve(&kafka, &disk.spool()), &disk.spool(), LONG, BY_DISK);
    }
}

#[test]
fn the_limit_refuses_posts_until_the_drain_has_made_room() {
    let (kafka, spool) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, spool.path()).arg("--spool-max-bytes", "16MiB");
    fills_and_heals(&kafka, &serve, spool.path(), SHORTER, BY_LIMIT);
}

fn fills_and_heals(kafka: &MockKafka, serve: &Launch, spool: &Path, length: usize, full: &str) {
    let bridge = serve.start();
    let (mut posts, mut slow) = (Posts::of_length(length), 0);
    for _ in 0..2 {
        let before = posts.accepted();
        slow += post_until_full(&bridge, &mut posts, full);
        assert!(posts.accepted() > before + 10);
        for answer in posts.post_at_once(&bridge, 3) {
            assert_eq!(refusal(&answer), (503, Outcome::Unavailable));
            let retry: u16 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=120).contains(&retry), "{retry}");
        }
        assert_waiting(&bridge, posts.accepted() - before, slow);

        kafka.broker_up();
        wait_for_drain(&bridge);
        eventually(SOON, "the spool has room", || spool_check(&bridge).0);
        assert_eq!(bridge.readyz().0, 200);
        eventually(SOON, "the disk has its room back", || bytes_of(spool) <= EMPTY);
        // Once they had their answer, nobody's refused post may come: its sender repeats it.
        assert!(posts.assert_on_topic(kafka) <= slow);
        kafka.broker_down();
    }
    assert_eq!(posts.post(&bridge).status, 200);
    assert_eq!(bridge.metric(RECORDS), 1.0);
}

#[test]
fn a_disk_filled_by_others_refuses_posts_until_they_make_room() {
    for (_, disk) in SmallDisk::of_each_format(here!()) {
        let kafka = kafka_away();
        let bridge = serve(&kafka, &disk.spool()).start();
        let mut posts = Posts::of_length(LONG);
        assert_eq!(posts.post(&bridge).status, 200);
        disk.fill();

        post_until_full(&bridge, &mut posts, BY_DISK);
        // Of the segment that is there nobody has taken the room.
        assert!(posts.accepted() > 20, "{}", posts.accepted());
        drains_without_room_and_heals(&bridge, &kafka, &disk, &mut posts);
    }
}

#[test]
fn a_bridge_that_was_stopped_starts_on_a_full_disk_and_drains() {
    for (_, disk) in SmallDisk::of_each_format(here!()) {
        starts_on_a_full_disk(&disk, Signal::TERM);
    }
}

#[test]
fn a_bridge_that_was_killed_starts_on_a_full_disk_and_drains() {
    for (_, disk) in SmallDisk::of_each_format(here!()) {
        starts_on_a_full_disk(&disk, Signal::KILL);
    }
}

fn starts_on_a_full_disk(disk: &SmallDisk, end: Signal) {
    let kafka = kafka_away();
    let serve = serve(&kafka, &disk.spool());
    let mut posts = Posts::of_length(LONG);
    let mut bridge = serve.start();
    for _ in 0..20 {
        assert_eq!(posts.post(&bridge).status, 200);
    }
    bridge.signal(end);
    bridge.wait_exit(SOON);
    disk.fill();

    let bridge = serve.start();

    assert_eq!(bridge.metric(RECORDS), 20.0);
    post_until_full(&bridge, &mut posts, BY_DISK);
    drains_without_room_and_heals(&bridge, &kafka, disk, &mut posts);
}

#[test]
fn a_bridge_killed_on_a_full_disk_starts_again_and_drains() {
    for (_, disk) in SmallDisk::of_each_format(here!()) {
        let kafka = kafka_away();
        let serve = serve(&kafka, &disk.spool());
        let mut posts = Posts::of_length(LONG);
        let mut bridge = serve.start();
        let slow = post_until_full(&bridge, &mut posts, BY_DISK);
        disk.fill();
        bridge.kill();
        disk.fill();

        let mut bridge = serve.start();

        assert_waiting(&bridge, posts.accepted(), slow);
        assert_eq!(bridge.readyz().0, 503);
        post_until_full(&bridge, &mut posts, BY_DISK);
        drains_without_room_and_heals(&bridge, &kafka, &disk, &mut posts);
        bridge.kill();
        kafka.broker_up();
        let bridge = serve.start();
        wait_for_drain(&bridge);
        assert_eq!(bridge.metric(MISSING), 0.0);
        posts.assert_on_topic(&kafka);
    }
}

#[test]
fn a_first_bridge_starts_on_a_full_disk_and_heals() {
    for (format, disk) in SmallDisk::of_each_format(here!()) {
        // Where a file takes room of its own, there is none for the lock.
        if matches!(format, Format::Xfs | Format::Btrfs) {
            continue;
        }
        let kafka = kafka_away();
        // The mount point of a volume.
        fs::create_dir(disk.spool()).unwrap();
        disk.fill();

        let bridge = serve(&kafka, &disk.spool()).start();

        let mut posts = Posts::of_length(0);
        post_until_full(&bridge, &mut posts, BY_DISK);
        assert_eq!(posts.accepted(), 0);
        drains_without_room_and_heals(&bridge, &kafka, &disk, &mut posts);
    }
}

/// Posts until one is refused because it is full; checks what is said of that. Gives how many were
/// refused before as the disk of a busy machine took too long for them: they may be there.
#[track_caller]
fn post_until_full(bridge: &Bridge, posts: &mut Posts, full: &str) -> usize {
    let (before, mut slow) = (posts.accepted(), 0);
    let refused = loop {
        let answer = posts.post(bridge);
        if answer.status != 200 && !spool_check(bridge).0 {
            break answer;
        }
        slow += usize::from(answer.status != 200);
        assert!(posts.accepted() + slow < before + MANY, "it is never full");
    };
    assert_eq!(refusal(&refused), (503, Outcome::Unavailable));
    assert_eq!(bridge.readyz().0, 503);
    let (ok, detail) = spool_check(bridge);
    assert!(!ok && detail.ends_with(full), "{detail}");
    assert_alive(bridge);
    slow
}

#[track_caller]
fn assert_waiting(bridge: &Bridge, accepted: usize, slow: usize) {
    let waiting = bridge.metric(RECORDS);
    assert!((accepted as f64..=(accepted + slow) as f64).contains(&waiting), "{waiting}");
}

/// Kafka comes back while the disk stays full, and goes; then others give room back.
#[track_caller]
fn drains_without_room_and_heals(
    bridge: &Bridge,
    kafka: &MockKafka,
    disk: &SmallDisk,
    posts: &mut Posts,
) {
    kafka.broker_up();
    wait_for_drain(bridge);
    posts.assert_on_topic(kafka);
    // What goes to Kafka needs no disk.
    eventually(SOON, "posts go to Kafka", || bridge.readyz().0 == 200);
    // On a busy machine an ack may come too late, and there is no disk to go to instead.
    eventually(SOON, "a post goes to Kafka", || posts.post(bridge).status == 200);
    kafka.broker_down();

    disk.free();

    eventually(SOON, "the spool has room", || spool_check(bridge).0);
    let waiting = bridge.metric(RECORDS);
    assert_eq!(posts.post(bridge).status, 200);
    assert_eq!(bridge.metric(RECORDS), waiting + 1.0);
    assert_eq!(bridge.readyz().0, 200);
    assert_eq!(bridge.metric(MISSING), 0.0);
}

fn bytes_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum()
}
