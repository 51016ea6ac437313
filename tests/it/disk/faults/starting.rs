//! Faults from the first moment of a bridge on, in each of its threads, over what a killed one has
//! left.

use rustix::process::Signal;
use tempfile::tempdir;

use crate::disk::faults::{
    CUT, CUT_NO_ROOM, FIRST, NO_ROOM, SYNC, SYNC_NO_ROOM, WRITE, assert_nothing_quarantined,
};
use crate::disk::posts::Posts;
use crate::disk::strace::{Calls, Strace};
use crate::disk::{DRAINED, RECORDS, kafka_away, serve, spool_in, wait_for_drain};
use crate::support::here;
use crate::support::rig::SOON;

#[test]
fn a_start_with_a_failed_write_loses_nothing() {
    starts(here!(), WRITE);
}

#[test]
fn a_start_with_a_write_that_finds_no_room_loses_nothing() {
    starts(here!(), NO_ROOM);
}

#[test]
fn a_start_with_a_failed_sync_loses_nothing() {
    starts(here!(), SYNC);
}

#[test]
fn a_start_with_a_failed_cut_loses_nothing() {
    starts(here!(), CUT);
}

#[test]
fn a_start_with_a_sync_that_finds_no_room_loses_nothing() {
    starts(here!(), SYNC_NO_ROOM);
}

#[test]
fn a_start_with_a_cut_that_finds_no_room_loses_nothing() {
    starts(here!(), CUT_NO_ROOM);
}

/// Each is killed and leaves its log to the next.
fn starts(test: &str, fault: &str) {
    if !Strace::is_there(test) {
        return;
    }
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let (serve, calls) = (serve(&kafka, &spool_in(&temp)), temp.path().join("calls"));
    let mut posts = Posts::of_length(0);
    let mut bridge = serve.start();
    assert_eq!(posts.post(&bridge).status, 200);
    bridge.kill();
    for turn in 1..=FIRST {
        match Strace::around(&serve, &format!("{fault}{turn}"), &calls).try_start() {
            Ok(mut bridge) => {
                for _ in 0..turn {
                    posts.post(&bridge);
                }
                bridge.kill();
            }
            Err((status, log)) => {
                assert_eq!(status.code(), Some(1), "turn {turn}: {log}");
                assert!(log.contains("--spool"), "turn {turn}: {log}");
            }
        }
        if Calls::read(&calls).injected() == 0 {
            break;
        }
    }
    kafka.broker_up();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_quarantined(&bridge);
    posts.assert_on_topic(&kafka);
}

#[test]
#[ignore = "takes minutes: whole lives of bridges, hundreds of them"]
fn a_life_with_any_one_call_failing_loses_nothing() {
    for fault in [SYNC, SYNC_NO_ROOM, CUT, CUT_NO_ROOM, WRITE, NO_ROOM] {
        let mut turn = 1;
        while lives(here!(), fault, turn) {
            // Every one of the first; of the later ones, which repeat themselves, ever fewer.
            turn += 1.max(turn / 20);
        }
        eprintln!("{fault}{turn} was the first that did not come to pass");
    }
}

/// From an empty folder to the end, with enough rows to give the disk its room back. Says whether
/// the fault came to pass.
fn lives(test: &str, fault: &str, turn: usize) -> bool {
    if !Strace::is_there(test) {
        return false;
    }
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let (serve, calls) = (serve(&kafka, &spool_in(&temp)), temp.path().join("calls"));
    let mut posts = Posts::of_length(100_000);
    let fault = format!("{fault}{turn}");
    match Strace::around(&serve, &fault, &calls).try_start() {
        Ok(mut bridge) => {
            for _ in 0..15 {
                posts.post(&bridge);
            }
            kafka.broker_up();
            bridge.wait_for_metric(RECORDS, DRAINED, |records| records == 0.0);
            assert_nothing_quarantined(&bridge);
            bridge.signal(Signal::TERM);
            let status = bridge.wait_exit(SOON);
            assert!(status.success(), "{fault}: {status}");
        }
        Err((status, log)) => {
            assert_eq!(status.code(), Some(1), "{fault}: {log}");
            kafka.broker_up();
        }
    }
    let came_to_pass = Calls::read(&calls).injected() > 0;
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_quarantined(&bridge);
    posts.assert_on_topic(&kafka);
    came_to_pass
}
