//! The page that describes the files of a spool is enough to read them: a reader that was written from
//! it alone gives what the library's gives, of sound spools and of damaged ones.

mod makers;
mod second_reader;

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::spool::{SpoolFolder, records};
use fastrand::Rng;
use hookbridge::delivery::spool::part::Part;
use hookbridge::delivery::spool::reader::SpoolReader;
use hookbridge::timestamp::Timestamp;
use second_reader::{Found, Row};
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;
use testkit::port::NOBODY;

/// Each spool has this many turns of appends, releases, restarts and kills, at the most.
const TURNS: usize = 12;

/// The first file of a spool, both places of its header, and in those the version and the checksum.
const FIRST: &str = "00000000000000000001.log";
const HEADERS: [usize; 2] = [0, 4096];
const VERSION: usize = 8;
const CRC: usize = 12;

#[test]
fn two_readers_agree_on_a_thousand_random_spools() {
    in_parallel(0..1000, |seed| {
        let made = makers::random(seed, TURNS);
        let queue = agree(made.dir(), seed);
        made.assert_holds(&queue, seed);
    });
}

#[test]
fn two_readers_agree_on_what_damage_leaves() {
    in_parallel(0..100, |seed| damage_and_agree(10_000 + seed));
    [487_881_237_728, 487_881_237_968, 800_536_209_408].into_iter().for_each(damage_and_agree);
}

#[test]
fn an_older_bridge_refuses_a_newer_spool_and_leaves_it_as_it_is() {
    let folder = SpoolFolder::of(records("events", "app", 0..3));
    let segment = folder.path().join(FIRST);
    let mut newer = fs::read(&segment).unwrap();
    for header in HEADERS {
        newer[header + VERSION] += 1;
        let checked = [&newer[header + VERSION..][..4], &newer[header + CRC + 4..][..24]].concat();
        newer[header + CRC..][..4].copy_from_slice(&crc32fast::hash(&checked).to_le_bytes());
    }
    fs::write(&segment, &newer).unwrap();

    let (status, said) = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--spool", folder.dir()).run(SOON);

    assert_eq!(status.code(), Some(2), "{said}");
    let reason = format!("{FIRST} is of version 2, and this build knows version 1: start the one");
    assert!(said.contains(&reason), "{said}");
    assert_eq!(fs::read(&segment).unwrap(), newer);
}

#[test]
#[ignore = "takes minutes: thousands of spools"]
fn two_readers_agree_on_thousands_of_spools() {
    let first = fastrand::u64(100_000..1 << 40);
    in_parallel(first..first + 2000, |seed| {
        let made = makers::random(seed, TURNS);
        let queue = agree(made.dir(), seed);
        made.assert_holds(&queue, seed);
        damage_and_agree(seed);
    });
}

fn damage_and_agree(seed: u64) {
    let made = makers::random(seed, TURNS / 2);
    let mut random = Rng::with_seed(seed);
    for _ in 0..5 {
        damage(made.dir(), &mut random);
        agree(made.dir(), seed);
    }
}

/// Changes a file somewhere, as a bad disk or a power cut does.
fn damage(dir: &Path, random: &mut Rng) {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.contains('.') || name == "cursor");
    names.sort();
    let Some(name) = random.choice(&names) else { return };
    let path = dir.join(name);
    let mut bytes = fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if used == 0 {
        return;
    }
    let at = random.usize(..used);
    match random.u8(..10) {
        0..3 => bytes[at] ^= 1 << random.u8(..8),
        3 => {
            // A block in the place of another.
            let block = (8 << random.u8(..10)).min(used);
            let [from, to] = [(); 2].map(|()| random.usize(..=used - block) / 8 * 8);
            bytes.copy_within(from..from + block, to);
        }
        4 => bytes.truncate(at),
        5 => bytes[at..].fill(0),
        6 => {
            let sector = at / 512 * 512;
            let end = bytes.len().min(sector + 512 * random.usize(1..5));
            bytes[sector..end].fill(0);
        }
        7 => {
            let end = bytes.len().min(8192);
            bytes[..end].fill(0);
        }
        8 if names.len() > 3 => return fs::remove_file(&path).unwrap(),
        _ => {
            let end = bytes.len().min(at + random.usize(1..600));
            bytes[at..end].fill_with(|| random.u8(..));
        }
    }
    fs::write(&path, bytes).unwrap();
}

/// Both readers give the same; says what waits in the queue.
#[track_caller]
fn agree(dir: &Path, seed: u64) -> Vec<Row> {
    let reader = SpoolReader::open(dir).unwrap();
    let queue = second_reader::queue(dir);
    assert_same(&queue, &library(&reader, Part::Queue), seed);
    assert_same(&second_reader::quarantine(dir), &library(&reader, Part::Quarantine), seed);
    let summary = reader.summary().unwrap();
    let counts = (summary.rows, summary.missing_rows);
    assert_eq!(counts, (queue.rows.len() as u64, queue.missing.len() as u64), "seed {seed}");
    queue.rows
}

/// What the library's reader gives.
fn library(reader: &SpoolReader, part: Part) -> Found {
    let mut found = Found::default();
    let mut rows = reader.rows(part).unwrap();
    while let Some(row) = rows.read().unwrap() {
        if let Some(fault) = row.fault {
            found.missing.extend(ids_of(&fault));
            continue;
        }
        let millis = |at| Timestamp::from(at).unix_millis();
        found.rows.push(Row {
            id: row.id,
            topic: row.topic,
            key: row.key,
            headers: row.headers,
            value: row.value,
            received: millis(row.received),
            quarantined: row.quarantined.map(|(at, why)| (millis(at), why)),
        });
    }
    found
}

/// Of "record 5 is missing" and of "records 5 to 7 are".
fn ids_of(fault: &str) -> Range<u64> {
    let ids: Vec<u64> = fault.split(' ').filter_map(|word| word.parse().ok()).collect();
    ids[0]..ids[ids.len() - 1] + 1
}

#[track_caller]
fn assert_same(page: &Found, library: &Found, seed: u64) {
    assert_eq!(page.missing, library.missing, "seed {seed}");
    let ids = |found: &Found| found.rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(page), ids(library), "seed {seed}");
    let differ = page.rows.iter().zip(&library.rows).find(|(page, library)| page != library);
    assert!(differ.is_none(), "seed {seed}: {differ:?}");
}

/// A test of each seed, on both cores.
fn in_parallel(seeds: Range<u64>, test: impl Fn(u64) + Sync) {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let run = || loop {
        let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if seed >= seeds.end {
            return;
        }
        test(seed);
    };
    thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
    });
}
