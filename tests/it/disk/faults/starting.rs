//! Faults from the first moment of a bridge on, in each of its threads, over what a killed one has
//! left.

use crate::disk::faults::{
    ALLOCATE, BROKEN, CHANGES, FIRST, FULL, MANY, OPEN, READ, REMOVE, RENAME, SYNC, WRITE,
    assert_nothing_damaged, fault,
};
use crate::disk::posts::Posts;
use crate::disk::strace::{Calls, Strace};
use crate::disk::{DRAINED, RECORDS, kafka_away, serve, spool_in, wait_for_drain};
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use tempfile::tempdir;
use testkit::here;

/// More than any test posts here, and so than any name of a segment.
const IDS: u64 = 400;

#[test]
fn a_start_with_a_failed_write_loses_nothing() {
    starts(here!(), WRITE, BROKEN, FIRST);
}

#[test]
fn a_start_with_a_write_that_finds_no_room_loses_nothing() {
    starts(here!(), WRITE, FULL, FIRST);
}

#[test]
fn a_start_with_a_failed_sync_loses_nothing() {
    starts(here!(), SYNC, BROKEN, FIRST);
}

#[test]
fn a_start_with_a_sync_that_finds_no_room_loses_nothing() {
    starts(here!(), SYNC, FULL, FIRST);
}

#[test]
fn a_start_with_a_failed_open_loses_nothing() {
    starts(here!(), OPEN, BROKEN, FIRST);
}

#[test]
fn a_start_with_a_failed_read_loses_nothing() {
    starts(here!(), READ, BROKEN, FIRST);
}

#[test]
fn a_first_start_at_which_any_one_call_fails_says_why_or_works() {
    for how in [BROKEN, FULL] {
        for calls in [ALLOCATE, RENAME, REMOVE] {
            for number in 1..=2 {
                lives(here!(), calls, how, number);
            }
        }
    }
}

/// Each is killed and leaves its log to the next.
fn starts(test: &str, calls: &str, how: &str, most: usize) {
    if !Strace::is_there(test) {
        return;
    }
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let (spool, seen) = (spool_in(&temp), temp.path().join("calls"));
    let serve = serve(&kafka, &spool);
    let mut posts = Posts::of_length(0);
    let mut bridge = serve.start();
    assert_eq!(posts.post(&bridge).status, 200);
    bridge.kill();
    for turn in 1..=most {
        let fault = fault(calls, how, turn);
        match Strace::around(&serve, &fault, &files(calls, &spool), &seen).try_start() {
            Ok(mut bridge) => {
                for _ in 0..turn.min(8) {
                    posts.post(&bridge);
                }
                bridge.kill();
            }
            Err((status, log)) => {
                assert_eq!(status.code(), Some(1), "turn {turn}: {log}");
                assert!(log.contains("--spool"), "turn {turn}: {log}");
            }
        }
        if Calls::read(&seen).injected(calls) == 0 {
            assert!(turn > 1, "{fault} never came to pass");
            break;
        }
    }
    kafka.broker_up();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_damaged(&bridge);
    posts.assert_on_topic(&kafka);
}

#[test]
#[ignore = "takes minutes: whole lives of bridges, hundreds of them"]
fn a_life_with_any_one_call_failing_loses_nothing() {
    for how in [BROKEN, FULL] {
        for calls in CHANGES {
            let first = (1..=MANY).find(|number| !lives(here!(), calls, how, *number));
            eprintln!("{calls}, {how}: {first:?} was the first that did not come to pass");
        }
    }
    for number in 1..=MANY {
        lives(here!(), READ, BROKEN, number);
    }
}

/// From an empty folder to the end, with enough rows to give the disk its room back. Says whether
/// the fault came to pass.
fn lives(test: &str, calls: &str, how: &str, number: usize) -> bool {
    if !Strace::is_there(test) {
        return false;
    }
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let (spool, seen) = (spool_in(&temp), temp.path().join("calls"));
    let serve = serve(&kafka, &spool);
    let mut posts = Posts::of_length(100_000);
    let fault = fault(calls, how, number);
    match Strace::around(&serve, &fault, &files(calls, &spool), &seen).try_start() {
        Ok(mut bridge) => {
            for _ in 0..25 {
                posts.post(&bridge);
            }
            kafka.broker_up();
            bridge.wait_for_metric(RECORDS, DRAINED, |records| records == 0.0);
            assert_nothing_damaged(&bridge);
            bridge.signal(Signal::TERM);
            let status = bridge.wait_exit(SOON);
            assert!(status.success(), "{fault}: {status}");
        }
        Err((status, log)) => {
            assert_eq!(status.code(), Some(1), "{fault}: {log}");
            assert!(log.contains("--spool"), "{fault}: {log}");
            kafka.broker_up();
        }
    }
    let came_to_pass = Calls::read(&seen).injected(calls) > 0;
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_damaged(&bridge);
    posts.assert_on_topic(&kafka);
    came_to_pass
}

/// Those that a fault is for, where others than the spool's are opened and read at a start too.
fn files(calls: &str, spool: &Path) -> Vec<PathBuf> {
    if ![OPEN, READ].contains(&calls) {
        return Vec::new();
    }
    let segments = (1..IDS).flat_map(|id| [".log", ".log.new"].map(|end| format!("{id:020}{end}")));
    let quarantine = ["", ".new"].map(|end| format!("{:020}.quarantine{end}", 1));
    let others = ["lock", "cursor", "topics"].map(str::to_owned);
    let names = segments.chain(quarantine).chain(others);
    names.map(|name| spool.join(name)).chain([spool.to_owned()]).collect()
}
