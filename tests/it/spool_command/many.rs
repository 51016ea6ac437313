//! `spool list` on many records: bounded memory, and time enough for somebody who waits.

use crate::spool_command::{TOPIC, spool};
use crate::support::spool::{SpoolFolder, record, value};
use crate::support::tool::Ran;
use std::time::{Duration, Instant};
use testkit::children;

/// Memory that the command may have for itself, in KiB; the rows here take several times that.
const MEMORY: u32 = 12 << 10;

/// On a million records; a build for tests is many times slower.
const LISTED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 2 });

const APPS: u32 = 1000;

#[test]
fn a_hundred_thousand_records_need_the_memory_of_a_thousand() {
    for rows in [1000, 100_000] {
        lists(&spool_of(rows), rows);
    }
}

#[test]
#[ignore = "takes minutes: a million rows"]
fn a_million_records_are_listed_in_2_seconds_in_little_memory() {
    let folder = spool_of(1_000_000);
    // A first look fills the page cache.
    lists(&folder, 1_000_000);
    let begun = Instant::now();

    lists(&folder, 1_000_000);

    let listed = begun.elapsed();
    eprintln!("a million records were listed within {listed:?}");
    assert!(listed < LISTED, "{listed:?}");
}

fn spool_of(rows: u32) -> SpoolFolder {
    let padding = "x".repeat(600);
    SpoolFolder::of((0..rows).map(|number| {
        let value = value(number).replacen('{', &format!("{{\"padding\":\"{padding}\","), 1);
        record(TOPIC, &format!("app-{}", number % APPS), number, &value)
    }))
}

/// Lists it within the memory that it may have.
#[track_caller]
fn lists(folder: &SpoolFolder, rows: u32) {
    let command = spool(&["list", "--spool", folder.dir(), "--output", "json"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &MEMORY.to_string()]);
    limited.arg(command.get_program()).args(command.get_args()).env_clear();
    let shown = Ran::from(children::output(&mut limited).unwrap()).well();
    let listing: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(listing["waiting"]["records"], rows);
    assert_eq!(listing["waiting"]["by_app_id"].as_array().unwrap().len(), APPS as usize);
}
