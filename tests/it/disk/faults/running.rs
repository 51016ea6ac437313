//! Faults while posts are spooled.

use crate::disk::faults::{
    ALLOCATE, BROKEN, FIRST, FULL, MANY, OPEN, REMOVE, RENAME, SYNC, WRITE, assert_nothing_damaged,
    fault,
};
use crate::disk::posts::Posts;
use crate::disk::strace::Strace;
use crate::disk::{assert_alive, kafka_away, serve, spool_check, spool_in, wait_for_drain};
use crate::support::problem::refusal;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use tempfile::tempdir;
use testkit::bridge::Bridge;
use testkit::deadline::eventually;
use testkit::here;

/// A spool that has failed again and again tries once more within ten seconds.
const HEALED: Duration = Duration::from_secs(20);

#[test]
fn it_heals_from_each_failed_write() {
    heals(here!(), WRITE, BROKEN, FIRST);
}

#[test]
fn it_heals_from_each_write_that_finds_no_room() {
    heals(here!(), WRITE, FULL, FIRST);
}

#[test]
fn it_heals_from_each_failed_sync() {
    heals(here!(), SYNC, BROKEN, FIRST);
}

#[test]
fn it_heals_from_each_sync_that_finds_no_room() {
    heals(here!(), SYNC, FULL, FIRST);
}

#[test]
#[ignore = "takes minutes: many pauses after failures"]
fn it_heals_from_each_call_that_fails() {
    for how in [BROKEN, FULL] {
        for calls in [WRITE, SYNC] {
            heals(here!(), calls, how, MANY);
        }
        for calls in [ALLOCATE, RENAME, REMOVE, OPEN] {
            makes_segments(here!(), calls, how, MANY);
        }
    }
}

#[test]
fn it_heals_where_a_segment_cannot_be_made_at_once() {
    for (calls, how) in [(ALLOCATE, BROKEN), (ALLOCATE, FULL), (RENAME, BROKEN), (OPEN, FULL)] {
        makes_segments(here!(), calls, how, 3);
    }
}

/// Writes fail too, so that each try is one at a new segment.
fn makes_segments(test: &str, calls: &str, how: &str, most: usize) {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, &spool_in(&temp));
    let mut bridge = serve.start();
    let mut posts = Posts::of_length(0);
    posts.post(&bridge);
    for turn in 1..=most {
        let faults = [fault(WRITE, BROKEN, "1+2"), fault(calls, how, turn)];
        let faults = faults.each_ref().map(String::as_str);
        let Some(strace) = Strace::inject(test, &bridge, &faults) else { return };
        for _ in 0..=2 * turn {
            posts.post(&bridge);
        }
        drop(strace.end());
        wait_until_healed(&bridge, &mut posts);
    }
    assert_nothing_damaged(&bridge);
    bridge.kill();
    kafka.broker_up();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_damaged(&bridge);
    posts.assert_on_topic(&kafka);
}

/// One bridge through all of it, then killed; the next one drains.
fn heals(test: &str, calls: &str, how: &str, most: usize) {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, &spool_in(&temp));
    let mut bridge = serve.start();
    let mut posts = Posts::of_length(0);
    posts.post(&bridge);
    for turn in 1..=most {
        let fault = fault(calls, how, turn);
        let Some(strace) = Strace::inject(test, &bridge, &[&fault]) else { return };
        // Each with a sync of its own.
        for _ in 0..=turn {
            posts.post(&bridge);
        }
        assert!(strace.end().injected(calls) > 0, "turn {turn}");
        wait_until_healed(&bridge, &mut posts);
    }
    assert_nothing_damaged(&bridge);
    bridge.kill();
    kafka.broker_up();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
}

#[test]
fn a_disk_that_fails_for_a_while_is_reported_and_recovers() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, &spool_in(&temp));
    let mut bridge = serve.start();
    let mut posts = Posts::of_length(0);
    posts.post(&bridge);
    let faults = [
        (WRITE, BROKEN, "broken"),
        (WRITE, FULL, "full: the disk is full"),
        (SYNC, BROKEN, "broken"),
    ];
    for (calls, how, why) in faults {
        let fault = fault(calls, how, "1+");
        let Some(strace) = Strace::inject(here!(), &bridge, &[&fault]) else { return };
        for _ in 0..2 {
            for answer in posts.post_at_once(&bridge, 5) {
                assert_eq!(refusal(&answer), (503, Outcome::Unavailable), "{fault}");
                assert!(answer.header("retry-after").is_some());
            }
        }
        let (ok, detail) = spool_check(&bridge);
        assert!(!ok && detail.contains(why), "{fault}: {detail}");
        assert_eq!(bridge.readyz().0, 503);
        assert_alive(&bridge);
        drop(strace.end());
        wait_until_healed(&bridge, &mut posts);
    }
    assert_nothing_damaged(&bridge);
    bridge.kill();
    kafka.broker_up();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
}

#[track_caller]
fn wait_until_healed(bridge: &Bridge, posts: &mut Posts) {
    eventually(HEALED, "the spool has room", || spool_check(bridge).0);
    assert_eq!(bridge.readyz().0, 200);
    assert_eq!(posts.post(bridge).status, 200);
}
