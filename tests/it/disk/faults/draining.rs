//! Faults while rows are read, released, and their room is given back.

use tempfile::tempdir;

use crate::disk::faults::{CUT, FIRST, SYNC, WRITE, assert_nothing_quarantined};
use crate::disk::posts::Posts;
use crate::disk::strace::Strace;
use crate::disk::{kafka_away, serve, spool_check, spool_in, wait_for_drain};
use crate::support::deadline::eventually;
use crate::support::here;
use crate::support::rig::SOON;

const SOME: [usize; 4] = [1, 2, 5, 13];

/// Enough that the disk is given room back.
const POSTS: usize = 15;
const LENGTH: usize = 100_000;

#[test]
fn a_drain_goes_on_behind_a_failed_write() {
    drains(here!(), WRITE, SOME);
}

#[test]
fn a_drain_goes_on_behind_a_failed_sync() {
    drains(here!(), SYNC, SOME);
}

#[test]
fn a_drain_goes_on_behind_a_failed_cut() {
    drains(here!(), CUT, SOME);
}

#[test]
#[ignore = "takes minutes: an outage for each call that fails"]
fn a_drain_goes_on_behind_each_failed_call() {
    for fault in [WRITE, SYNC, CUT] {
        for turn in 1..=FIRST {
            drains(here!(), fault, [turn]);
        }
    }
}

fn drains(test: &str, fault: &str, turns: impl IntoIterator<Item = usize>) {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let bridge = serve(&kafka, &spool_in(&temp)).start();
    let mut posts = Posts::of_length(LENGTH);
    for turn in turns {
        for _ in 0..POSTS {
            assert_eq!(posts.post(&bridge).status, 200);
        }
        let Some(strace) = Strace::inject(test, &bridge, &format!("{fault}{turn}")) else { return };
        kafka.broker_up();
        wait_for_drain(&bridge);
        eventually(SOON, "the spool has room", || spool_check(&bridge).0);
        drop(strace.end());
        bridge.wait_ready(SOON);
        kafka.broker_down();
    }
    assert_nothing_quarantined(&bridge);
    kafka.broker_up();
    posts.assert_on_topic(&kafka);
}
