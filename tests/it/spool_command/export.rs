//! What `spool export` prints: every record, whole, in order, as lines of JSON.

use crate::spool_command::{TOPIC, damage, run, spool};
use crate::support::spool::{SpoolFolder, record, records, value};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;
use testkit::children;
use testkit::deadline::wait_exit;

/// Of a command that writes to nobody, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

fn lines(shown: &str) -> Vec<serde_json::Value> {
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_record_is_a_line_in_order_of_appends_despite_the_lock() {
    let folder = SpoolFolder::new();
    let open = folder.open();
    open.append(records(TOPIC, "app-1", 0..100));

    let exported = lines(&run(&folder, "export", &[]).well());

    assert_eq!(exported.len(), 100);
    for (number, line) in (0..).zip(&exported) {
        assert_eq!((&line["row"], &line["value"]), (&(number + 1).into(), &value(number).into()));
        assert_eq!((&line["topic"], &line["key"]), (&TOPIC.into(), &"app-1".into()));
    }
    assert_eq!(exported[1]["received"], "2023-07-03T08:48:44.456Z");
    let headers = exported[0]["headers"].as_object().unwrap();
    assert_eq!(headers["ce_type"], "video.roomdrop");
    assert_eq!(headers["hookbridge-user"], "video");
    assert_eq!(headers["ce_id"].as_str().unwrap().len(), 64);
    open.close();
}

#[test]
fn a_quarantined_record_has_its_time_and_reason_or_its_damage() {
    let folder = SpoolFolder::new();
    let open = folder.open();
    let rows = open.append(records(TOPIC, "app-1", 0..5));
    open.quarantine(&rows[1..3], "InvalidRecord");
    open.close();
    damage(&folder, "\"number\":2}");

    let exported = lines(&run(&folder, "export", &["--quarantined"]).well());

    let rows: Vec<_> = exported.iter().map(|line| &line["row"]).collect();
    // Of the one that is damaged its place in the quarantine is known, and nothing else.
    assert_eq!(rows, [&2, &2]);
    assert_eq!((exported[0].get("fault"), &exported[0]["value"]), (None, &value(1).into()));
    assert_eq!(exported[0]["reason"], "InvalidRecord");
    assert!(exported[0]["quarantined"].as_str().unwrap().ends_with('Z'));
    assert_eq!(exported[1]["fault"], "quarantined record 2 is missing or damaged");
    assert_eq!(lines(&run(&folder, "export", &[]).well()).len(), 3);
}

#[test]
fn a_reader_that_goes_after_the_first_line_ends_it_quietly() {
    let large = "x".repeat(1 << 16);
    let folder = SpoolFolder::of((0..200).map(|number| record(TOPIC, "app-1", number, &large)));
    let mut command = spool(&["export", "--spool", folder.dir()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = children::spawn(&mut command).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());

    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);

    assert!(wait_exit(&mut child, SOON, "an export without a reader").success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}
