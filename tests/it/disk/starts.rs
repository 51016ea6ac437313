//! A start with many rows costs what one with a few does.

use crate::disk::{RECORDS, TOPIC, kafka_away, serve, spool_in};
use hookbridge::delivery::record::{Event, Record};
use hookbridge::delivery::spool::error::AppendError;
use hookbridge::delivery::spool::{Spool, SpoolOptions};
use procfs::process::Process;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use tempfile::tempdir;
use testkit::http::get;

/// Of the disk, for a batch.
const STORED: Duration = Duration::from_secs(60);

/// Rows that wait for the spool's thread at once; it takes twice as many.
const BATCH: usize = 4096;

/// What the drain reads ahead, whether or not Kafka is there, and inner pages on the way to it: far
/// less than the smallest share of the rows that a scan would read.
const MORE: u64 = 1 << 20;

#[test]
fn a_start_with_many_rows_reads_no_more_than_one_with_a_few() {
    let (few, _) = start(1000);
    let (many, _) = start(50_000);
    assert!(many < few + MORE, "{few} and {many} bytes were read");
}

#[test]
#[ignore = "takes minutes: a million rows"]
fn a_start_with_a_million_rows_is_as_fast_as_one_with_ten() {
    let (few, fast) = start(10);
    let (many, also) = start(1_000_000);
    eprintln!("{few} bytes in {fast:?} with ten rows, {many} bytes in {also:?} with a million");
    assert!(many < few + MORE, "{few} and {many} bytes were read");
    assert!(also < 2 * fast + Duration::from_millis(500), "{fast:?} and {also:?}");
}

/// The bytes that a bridge has read, and the time it has taken, when it is ready to spool posts
/// behind this many rows. Kafka is away.
fn start(rows: usize) -> (u64, Duration) {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    write(&spool, rows);
    let serve = serve(&kafka, &spool);
    let before = Instant::now();

    let bridge = serve.start();

    let listening = before.elapsed();
    assert_eq!(get(bridge.admin(), "/readyz").status, 200);
    assert_eq!(bridge.metric(RECORDS), rows as f64);
    // Of the page cache too, which a count of the disk's own reads would miss.
    (Process::new(bridge.pid().as_raw_pid()).unwrap().io().unwrap().rchar, listening)
}

/// Fills a spool as a bridge does, without one.
fn write(dir: &Path, rows: usize) {
    let options = SpoolOptions { dir: dir.to_owned(), max_bytes: u64::MAX };
    let (spool, thread) = Spool::open(&options).unwrap();
    let (done, stored) = mpsc::channel();
    for first in (0..rows).step_by(BATCH) {
        let batch = first..rows.min(first + BATCH);
        for number in batch.clone() {
            let done = done.clone();
            let report = move |result: Result<_, AppendError>| done.send(result.is_ok()).unwrap();
            spool.append(record(number), report).unwrap();
        }
        assert!(batch.into_iter().all(|_| stored.recv_timeout(STORED).unwrap()));
    }
    thread.close(STORED).unwrap();
}

fn record(number: usize) -> Record {
    let event = Event {
        app_id: "project",
        event_type: "roomdrop",
        source: "hookbridge",
        subject: None,
        time: None,
        trace_parent: None,
        trace_state: None,
        user: None,
    };
    let body = format!("{{\"number\":{number},\"padding\":\"{}\"}}", "x".repeat(300));
    Record::new(TOPIC.into(), event, body.into(), SystemTime::now())
}
