//! When the disk is asked: a sync before each 200 from the spool, and nothing while Kafka is there.

use crate::disk::posts::Posts;
use crate::disk::strace::{Event, Strace, hex};
use crate::disk::{RECORDS, TOPIC, kafka_away, serve, spool_in};
use crate::support::rig::SOON;
use std::collections::{HashMap, HashSet};
use std::fs;
use tempfile::tempdir;
use testkit::deadline::eventually;
use testkit::here;

/// Whatever changes a file or sends an answer.
const CALLS: &str = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,\
                     sync_file_range,ftruncate,fallocate,openat,unlink,unlinkat,rename,renameat2";

const OK: &str = "HTTP/1.1 200 OK";

/// What a thread is at, with the rows that are concerned.
enum Step<'a> {
    Write(HashSet<&'a str>),
    Sync(HashSet<&'a str>),
    Other,
}

#[test]
fn a_spooled_post_is_answered_after_its_row_is_synced() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    let bridge = serve(&kafka, &spool).start();
    let mut posts = Posts::of_length(0);
    assert_eq!(posts.post(&bridge).status, 200);
    let Some(strace) = Strace::watch(here!(), &bridge, CALLS) else { return };
    let mut ids = Vec::new();
    for at_once in [1, 1, 32, 1, 32] {
        for answer in posts.post_at_once(&bridge, at_once) {
            assert_eq!(answer.status, 200);
            ids.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
    }

    let calls = strace.end();

    let log = format!("<{}", hex(spool.join("00000000000000000001.log").to_str().unwrap()));
    let ok = hex(OK);
    // In an answer an id is text, in a file it is bytes.
    let named = |text: &str| {
        let is_there = |id: &&str| text.contains(&hex(id)) || text.replace("\\x", "").contains(id);
        ids.iter().map(|id| &**id).filter(is_there).collect()
    };
    let (mut written, mut synced) = (HashSet::new(), HashSet::new());
    let (mut answered, mut steps) = (HashSet::<&str>::new(), HashMap::new());
    for event in calls.events() {
        match event {
            Event::Begun { thread, call, args } => {
                if args.contains(&ok) {
                    let rows: HashSet<&str> = named(args);
                    assert!(rows.is_subset(&synced), "answered before a sync: {rows:?}");
                    answered.extend(rows);
                }
                let step = match call {
                    "pwrite64" if args.contains(&log) => Step::Write(named(args)),
                    "fsync" | "fdatasync" if args.contains(&log) => Step::Sync(written.clone()),
                    _ => Step::Other,
                };
                steps.insert(thread, step);
            }
            Event::Returned { thread, well } => match steps.remove(thread) {
                Some(Step::Write(rows)) if well => written.extend(rows),
                Some(Step::Sync(rows)) if well => synced.extend(rows),
                Some(Step::Write(_) | Step::Sync(_) | Step::Other) | None => {}
            },
        }
    }
    assert_eq!(answered.len(), ids.len(), "each answer was seen");
}

#[test]
fn while_kafka_is_there_nothing_is_written_to_the_spool() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    kafka.broker_up();
    let bridge = serve(&kafka, &spool).arg("--ack-timeout", "15s").start();
    bridge.wait_ready(SOON);
    let mut posts = Posts::of_length(0);
    assert_eq!(posts.post(&bridge).status, 200);
    let shown = || fs::read_to_string(spool.join("topics")).is_ok_and(|text| text.contains(TOPIC));
    eventually(SOON, "the topic that was shown is noted", shown);
    let Some(strace) = Strace::watch(here!(), &bridge, CALLS) else { return };
    for _ in 0..10 {
        posts.post_at_once(&bridge, 20);
    }

    let calls = strace.end();

    assert_eq!((posts.accepted(), bridge.metric(RECORDS)), (201, 0.0));
    let begun = |text: &str| {
        let with =
            |event: &Event| matches!(event, Event::Begun { args, .. } if args.contains(&hex(text)));
        calls.events().into_iter().filter(with).count()
    };
    assert_eq!((begun(OK), begun(spool.to_str().unwrap())), (200, 0));
}
