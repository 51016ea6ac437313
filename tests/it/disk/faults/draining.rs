//! Faults while Kafka is back and takes what waits.

use crate::disk::faults::{
    BROKEN, CHANGES, FULL, MANY, READ, REMOVE, SYNC, WRITE, assert_nothing_damaged, fault,
};
use crate::disk::posts::Posts;
use crate::disk::strace::Strace;
use crate::disk::{kafka_away, serve, spool_check, spool_in, wait_for_drain};
use crate::support::rig::SOON;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::fs;
use std::path::Path;
use tempfile::tempdir;
use testkit::deadline::eventually;
use testkit::here;

const SOME: [usize; 4] = [1, 2, 5, 13];

/// Enough that their segment is given up when they are drained.
const POSTS: usize = 25;
const LENGTH: usize = 100_000;

const USED: &str = "hookbridge_spool_used_bytes";

/// A mock forgets what is over 5 MiB of a partition.
const DRAINS: usize = 8;

#[test]
fn a_drain_goes_on_behind_a_failed_write() {
    drains(here!(), WRITE, BROKEN, &SOME);
}

#[test]
fn a_drain_goes_on_behind_a_failed_sync() {
    drains(here!(), SYNC, BROKEN, &SOME);
}

#[test]
fn a_drain_goes_on_behind_a_segment_that_cannot_be_removed() {
    drains(here!(), REMOVE, BROKEN, &SOME[..2]);
}

#[test]
fn a_drain_goes_on_behind_a_failed_read() {
    drains(here!(), READ, BROKEN, &SOME);
}

#[test]
fn a_drain_needs_no_write_and_no_room() {
    for how in [BROKEN, FULL] {
        drains(here!(), WRITE, how, &["1+"]);
        drains(here!(), "fallocate", how, &["1+"]);
    }
}

#[test]
fn readiness_names_a_disk_without_room_for_what_is_refused() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let bridge = serve(&kafka, &spool_in(&temp)).start();
    assert_eq!(Posts::of_length(LENGTH).post(&bridge).status, 200);
    let Some(strace) = Strace::inject(here!(), &bridge, &[&fault(WRITE, FULL, "1+")]) else {
        return;
    };
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD;
    kafka.request_errors(RDKafkaApiKey::Produce, &[refused]);
    kafka.broker_up();

    eventually(SOON, "readiness names the disk", || {
        spool_check(&bridge).1.contains("held up by the disk: cannot release")
    });
    eventually(SOON, "it does not name Kafka", || bridge.readyz().1["checks"][1]["ok"] == true);

    strace.end();
    wait_for_drain(&bridge);
    assert_eq!(bridge.metric("hookbridge_spool_quarantined_total{what=\"row\"}"), 1.0);
    eventually(SOON, "the disk holds nothing up", || !spool_check(&bridge).1.contains("held up"));
}

#[test]
#[ignore = "takes minutes: an outage for each call that fails"]
fn a_drain_goes_on_behind_each_failed_call() {
    for calls in [&CHANGES[..], &[READ]].concat() {
        let numbers: Vec<_> = (1..=MANY).collect();
        for numbers in numbers.chunks(DRAINS) {
            drains(here!(), calls, BROKEN, numbers);
        }
    }
}

fn drains(test: &str, calls: &str, how: &str, numbers: &[impl std::fmt::Display]) {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    let serve = serve(&kafka, &spool);
    let mut bridge = serve.start();
    let mut posts = Posts::of_length(LENGTH);
    for (turn, number) in numbers.iter().enumerate() {
        let fault = fault(calls, how, number);
        let inject = || Strace::inject(test, &bridge, &[&fault]);
        // The drain reads ahead.
        let reads = if calls == READ { Some(inject()) } else { None };
        for _ in 0..POSTS {
            assert_eq!(posts.post(&bridge).status, 200);
        }
        let Some(strace) = reads.unwrap_or_else(inject) else { return };
        kafka.broker_up();
        wait_for_drain(&bridge);
        eventually(SOON, "its segment was given up", || bridge.metric(USED) < f64::from(1 << 20));
        let injected = strace.end().injected(calls);
        assert!(injected > 0 || turn > 0, "{fault} never came to pass");
        eventually(SOON, "the spool has room", || spool_check(&bridge).0);
        eventually(SOON, "one segment is left", || segments_in(&spool) == 1);
        bridge.wait_ready(SOON);
        kafka.broker_down();
    }
    assert_nothing_damaged(&bridge);
    // What is released from now on is written again, and with it what was released before.
    assert_eq!(posts.post(&bridge).status, 200);
    kafka.broker_up();
    wait_for_drain(&bridge);
    bridge.kill();
    let bridge = serve.start();
    wait_for_drain(&bridge);
    assert_nothing_damaged(&bridge);
    posts.assert_on_topic(&kafka);
}

fn segments_in(spool: &Path) -> usize {
    let files = fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "log")).count()
}
