//! `hookbridge tail`: what it shows of a topic, when it ends, and what it says of a ledger.

mod against;
mod real;

use crate::support::rig::Rig;
use crate::support::tool::{Ran, Tool};
use serde_json::Value;
use testkit::notification::{APP_ID, ROOMDROP, ce_id, numbered};
use testkit::port::NOBODY;

const RECORDING: &str = include_str!("../samples/recording.json");

/// The command on the topic of a rig.
fn tail(rig: &Rig, flags: &[&str]) -> Tool {
    let brokers = rig.mock().bootstrap();
    Tool::new(&[&["tail", "--brokers", &brokers, "--topic", "events"], flags].concat())
}

/// Its lines, of a run that did its work.
#[track_caller]
fn lines(ran: Ran) -> Vec<Value> {
    ran.well().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_record_is_shown_whole_as_text_and_as_json() {
    let rig = Rig::open();
    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    let id = ce_id(APP_ID, ROOMDROP);

    let text = tail(&rig, &["--from=beginning", "--count=1"]).run().well();
    let json = lines(tail(&rig, &["--from=beginning", "--count=1", "--output=json"]).run());

    assert!(text.starts_with("  record events, partition "), "{text}");
    assert!(text.contains(&format!("\n         ce_id: {id}\n")), "{text}");
    assert!(text.contains("\n  value  {\n           \"type\": \"roomdrop\","), "{text}");
    let [record] = &json[..] else { panic!("{json:?}") };
    let [seen] = &rig.records()[..] else { panic!("there is one record") };
    let names: Vec<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    let members = ["headers", "key", "offset", "partition", "timestamp", "topic", "value"];
    assert_eq!(names, members, "as serde_json sorts them");
    assert_eq!(
        (&record["topic"], &record["partition"]),
        (&"events".into(), &seen.partition.into())
    );
    assert_eq!((&record["key"], &record["value"]), (&APP_ID.into(), &ROOMDROP.into()));
    assert_eq!(record["headers"]["ce_id"], id);
    assert_eq!(record["timestamp"], record["headers"]["hookbridge-received"]);
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let rig = Rig::open();
    for session in 0..6 {
        assert_eq!(rig.post(&[], numbered(session)).status, 200);
    }
    let other = ROOMDROP.replace(APP_ID, "other");
    assert_eq!(rig.post(&[], &other).status, 200);
    let (id, of_other) = (ce_id(APP_ID, numbered(3)), ce_id("other", &other));

    for (flags, expected) in [
        (["--id", &id[..12]], &id),
        (["--app-id", "other"], &of_other),
        (["--id", &of_other], &of_other),
    ] {
        let shown = [&flags[..], &["--from=beginning", "--count=1", "--output=json"]].concat();
        let shown = lines(tail(&rig, &shown).run());
        assert_eq!(shown[0]["headers"]["ce_id"], **expected, "{flags:?}");
    }
    assert_eq!(rig.post(&[], RECORDING).status, 200);
    let of_types = |types: &str, count: &str| -> Vec<String> {
        let flags = ["--type", types, "--from=beginning", "--count", count, "--output=json"];
        let shown = lines(tail(&rig, &flags).run()).into_iter();
        shown.map(|record| record["headers"]["ce_type"].as_str().unwrap().to_owned()).collect()
    };
    // Of eight, of which this one is the last of its partition.
    assert_eq!(of_types("recording", "1"), ["video.recording"]);
    assert_eq!(of_types("video.roomdrop", "7"), ["video.roomdrop"; 7]);
    assert_eq!(of_types("recording,roomdrop", "8").len(), 8);
}

#[test]
fn what_is_there_is_shown_up_to_its_end_and_no_further() {
    let rig = Rig::open();
    assert_eq!(tail(&rig, &["--until-end"]).run().well(), "", "an empty topic ends at once");
    for session in 0..6 {
        assert_eq!(rig.post(&[], numbered(session)).status, 200);
    }

    let shown = lines(tail(&rig, &["--until-end", "--output=json"]).run());
    assert_eq!(shown.len(), 6);
    assert_eq!(lines(tail(&rig, &["--until-end", "--count=2", "--output=json"]).run()).len(), 2);
    let none = ["--until-end", "--count=7", "--type=recording"];
    assert_eq!(tail(&rig, &none).run().well(), "", "the end comes before the seventh");
    assert_eq!(tail(&rig, &["--until-end", "--from=end"]).run().well(), "");
    assert_eq!(tail(&rig, &["--until-end"]).run_unread().well(), "");
}

#[test]
fn what_comes_is_shown_on_a_terminal_until_ctrl_c() {
    let rig = Rig::open();
    assert_eq!(rig.post(&[], numbered(1)).status, 200);
    let shown = tail(&rig, &[]).on_terminal();

    shown.wait_for("waiting for what comes to events, 3 partitions");
    assert_eq!(rig.post(&[], numbered(2)).status, 200);
    shown.wait_for(&ce_id(APP_ID, numbered(2)));
    shown.interrupt();
    let (code, shown) = shown.end();

    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("\u{1b}[2mrecord\u{1b}[0m events"), "colours on a terminal: {shown}");
    assert!(!shown.contains(&ce_id(APP_ID, numbered(1))), "what was there is not shown: {shown}");
}

#[test]
fn ctrl_c_ends_it_also_while_no_broker_answers() {
    let waiting = Tool::new(&["tail", "--brokers", NOBODY]).on_terminal();

    waiting.interrupt_once_started();

    assert_eq!(waiting.end().0, 0);

    let counting = Tool::new(&["tail", "--brokers", NOBODY, "--count=2"]).on_terminal();
    counting.interrupt_once_started();
    let (code, shown) = counting.end();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("ended by a signal before --count 2 was reached"), "{shown}");
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly_also_in_silence() {
    let rig = Rig::open();
    for session in 0..50 {
        assert_eq!(rig.post(&[], numbered(session)).status, 200);
    }

    for flags in [&["--from=beginning", "--output=json"][..], &["--from=end"]] {
        assert_eq!(tail(&rig, flags).run_unread().well(), "");
    }
}
