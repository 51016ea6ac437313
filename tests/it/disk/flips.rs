//! Bytes that change on the disk while no bridge runs: each row is on the topic as it was posted,
//! or it is missed aloud.

mod left;

use crate::disk::flips::left::Left;
use crate::disk::spool_in;
use fastrand::Rng;
use rustix::process::Signal;
use std::fs;
use std::ops::Range;
use std::thread;

/// Bridges at once: they mostly wait.
const AT_ONCE: usize = 4;

/// Bytes in one file, up to this many.
const FLIPS: usize = 20;

/// Where frames begin: damage in front of them is damage to more than a row.
const HEADER: usize = 8192;

const SEGMENT: &str = "00000000000000000001.log";

#[test]
fn flipped_bytes_in_a_stopped_bridge_s_segment_alter_no_record() {
    flip(Signal::TERM, SEGMENT, 0..20);
}

#[test]
fn flipped_bytes_in_a_killed_bridge_s_segment_alter_no_record() {
    flip(Signal::KILL, SEGMENT, 100..120);
}

#[test]
fn flipped_bytes_in_the_cursor_lose_no_record() {
    flip(Signal::KILL, "cursor", 200..204);
}

#[test]
fn one_damaged_row_is_missed_and_all_others_pass() {
    let left = Left::by(Signal::TERM);
    let copy = left.copy();
    let path = spool_in(&copy).join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    let text = br#""app_id": "project-17""#;
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    bytes[at + text.len() - 2] = b'8';
    fs::write(&path, bytes).unwrap();

    let drained = left.assert_drained(&copy, "one row");

    assert_eq!(drained.missing, 1);
}

#[test]
fn a_segment_without_headers_is_missed_whole_and_kept() {
    let left = Left::by(Signal::TERM);
    let copy = left.copy();
    let path = spool_in(&copy).join(SEGMENT);
    let mut bytes = fs::read(&path).unwrap();
    bytes[..HEADER].fill(7);
    fs::write(&path, &bytes).unwrap();

    let drained = left.assert_drained(&copy, "no headers");

    assert_eq!((drained.missing, drained.files), (left.count(), 1));
    assert!(fs::read(spool_in(&copy).join(&drained.kept[0])).unwrap() == bytes);
}

#[test]
#[ignore = "takes minutes: thousands of flipped bytes"]
fn thousands_of_flipped_bytes_alter_no_record() {
    let first = fastrand::u64(1000..1 << 40);
    flip(Signal::TERM, SEGMENT, first..first + 200);
    flip(Signal::KILL, SEGMENT, first..first + 200);
}

/// For each seed some bytes of this file, in a copy of what a bridge left that ended so.
fn flip(end: Signal, file: &str, seeds: Range<u64>) {
    let left = Left::by(end);
    let seeds: Vec<_> = seeds.collect();
    thread::scope(|scope| {
        for seeds in seeds.chunks(seeds.len().div_ceil(AT_ONCE)) {
            scope.spawn(|| seeds.iter().for_each(|seed| flip_one(&left, file, *seed)));
        }
    });
}

fn flip_one(left: &Left, file: &str, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let copy = left.copy();
    let path = spool_in(&copy).join(file);
    let mut bytes = fs::read(&path).unwrap();
    // Behind what was written there are only zeros.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1);
    let mut flipped = Vec::new();
    for _ in 0..random.usize(1..=FLIPS) {
        let end = if random.bool() { written } else { HEADER.min(written) };
        let at = random.usize(0..end);
        bytes[at] ^= random.u8(1..);
        flipped.push(at);
    }
    let what = format!("{file}, seed {seed}, bytes {flipped:?}");
    eprintln!("{what}");
    fs::write(&path, &bytes).unwrap();
    let drained = left.assert_drained(&copy, &what);
    for kept in &drained.kept {
        assert!(
            fs::read(spool_in(&copy).join(kept)).unwrap() == bytes,
            "{what}: {kept} is changed"
        );
    }
}
