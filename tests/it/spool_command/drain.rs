//! `spool drain`: a left-over spool, to Kafka and to nowhere else.

use crate::spool_command::{TOPIC, run, spool};
use crate::support::HOOKBRIDGE;
use crate::support::spool::{FIRST_MS, SpoolFolder, record, records, value};
use crate::support::tool::Ran;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};
use testkit::children;
use testkit::consumer::{self, Seen};
use testkit::deadline::wait_exit;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

/// Of an end that does not wait for Kafka, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// The mock does not name the topic's limit, which after a second is a warning.
const LIMIT: [&str; 2] = ["-X", "message.max.bytes=1000000"];

/// What is said of records that wait where a drain has given up.
const STAYS: &str = "what is left stays for another drain";

/// A mock with the topic of all records here.
fn mock() -> MockKafka {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    kafka
}

#[track_caller]
fn drain(folder: &SpoolFolder, brokers: &str, flags: &[&str]) -> Ran {
    run(folder, "drain", &[&["--brokers", brokers, "--log", "warn"], flags].concat())
}

/// What waits, as `spool list` shows it.
#[track_caller]
fn waiting(folder: &SpoolFolder) -> u64 {
    let listing = run(folder, "list", &["--output", "json"]).well();
    let listing: serde_json::Value = serde_json::from_str(&listing).unwrap();
    listing["waiting"]["records"].as_u64().unwrap()
}

#[test]
fn everything_arrives_in_order_as_received_and_nothing_is_left() {
    for kafka in EitherKafka::both(here!()) {
        let topic = here!().replace("::", "-");
        kafka.create_topic(&topic, 3);
        let folder =
            SpoolFolder::of((0..2000).map(|n| {
                record(&topic, ["app-1", "app-2", "app-3"][n as usize % 3], n, &value(n))
            }));
        let flags = if matches!(kafka, EitherKafka::Mock(_)) { &LIMIT[..] } else { &[] };

        let said = drain(&folder, &kafka.bootstrap(), flags).well();

        assert_eq!(said, "2000 records went to Kafka\n");
        assert_eq!(waiting(&folder), 0);
        let seen = consumer::to_end(&kafka.bootstrap(), &topic);
        assert_eq!(seen.len(), 2000, "each once");
        for app_id in ["app-1", "app-2", "app-3"] {
            let of_app = |seen: &&Seen| seen.key.as_deref() == Some(app_id.as_bytes());
            let numbers: Vec<u64> = seen.iter().filter(of_app).map(number).collect();
            assert!(numbers.is_sorted() && numbers.len() >= 666, "{numbers:?}");
        }
        for record in &seen {
            let received = FIRST_MS + 1000 * number(record);
            assert_eq!(record.timestamp_ms, i64::try_from(received).unwrap());
            assert_eq!(record.header("ce_type"), Some("video.roomdrop"));
            assert_eq!(record.header("hookbridge-user"), Some("video"));
        }
    }
}

fn number(seen: &Seen) -> u64 {
    let value: serde_json::Value = serde_json::from_slice(&seen.value).unwrap();
    value["number"].as_u64().unwrap()
}

#[test]
fn what_a_killed_bridge_has_answered_200_for_is_drained() {
    let kafka = mock();
    kafka.broker_down();
    let folder = SpoolFolder::new();
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", TOPIC);
    let mut bridge = serve.arg("--spool", folder.dir()).env("ACK_TIMEOUT", "100ms").start();
    for _ in 0..3 {
        assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    }
    let said = drain(&folder, NOBODY, &[]).complaint(1);
    let in_use = format!("hookbridge: the spool folder {} is in use", folder.dir());
    assert!(said.starts_with(&in_use), "{said}");
    bridge.kill();
    kafka.broker_up();

    let said = drain(&folder, &kafka.bootstrap(), &LIMIT).well();

    assert_eq!(said, "3 records went to Kafka\n");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), TOPIC).len(), 3);
}

#[test]
fn an_unreachable_kafka_ends_it_in_bounded_time_without_loss() {
    let folder = SpoolFolder::of(records(TOPIC, "app-1", 0..10));
    let begun = Instant::now();

    let ran = drain(&folder, NOBODY, &["--timeout", "1s"]);

    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(ran.out, "0 records went to Kafka\n");
    let said = ran.complaint(1);
    let why = "nothing moved within 1s: no broker has answered";
    let left = format!("hookbridge: 10 records wait in {}: {why}; {STAYS}\n", folder.dir());
    assert!(said.ends_with(&left), "{said}");
    assert_eq!(waiting(&folder), 10);
}

#[test]
fn a_topic_that_is_not_there_is_named() {
    let kafka = MockKafka::start();
    let folder = SpoolFolder::of(records(TOPIC, "app-1", 0..10));

    let said = drain(&folder, &kafka.bootstrap(), &["--timeout", "2s"]).complaint(1);

    let why = "nothing moved within 2s: the topic events is missing: UnknownTopicOrPartition";
    let left = format!("hookbridge: 10 records wait in {}: {why}; {STAYS}\n", folder.dir());
    assert!(said.ends_with(&left), "{said}");
    assert_eq!(waiting(&folder), 10);
}

#[test]
fn a_second_topic_that_is_missing_keeps_only_its_own_records() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 1, &[]);
    let missing = records("never-made-for-a-drain", "app-2", 10..12);
    let folder = SpoolFolder::of(records(&topic, "app-1", 0..10).chain(missing));
    let doubts_it_soon = ["-X", "topic.metadata.propagation.max.ms=1000", "--timeout", "4s"];

    let ran = drain(&folder, &kafka.bootstrap(), &doubts_it_soon);

    assert!(ran.out.contains("10 records went to Kafka"), "{}", ran.out);
    let said = ran.complaint(1);
    assert!(said.contains("2 records wait in "), "{said}");
    assert_eq!(waiting(&folder), 2);
}

#[test]
fn a_signal_ends_it_and_what_is_left_is_counted() {
    let folder = SpoolFolder::of(records(TOPIC, "app-1", 0..10));
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = spool(&["drain", "--spool", folder.dir(), "--brokers", NOBODY]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = children::spawn(&mut command).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        // It catches signals before it says anything of Kafka.
        stderr.read_line(&mut String::new()).unwrap();

        kill_process(Pid::from_child(&child), signal).unwrap();

        let ended = wait_exit(&mut child, SOON, "a signal ends it");
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(ended.code(), Some(1), "{said}");
        let left = format!("hookbridge: 10 records wait in {}: ended by a signal\n", folder.dir());
        assert!(said.ends_with(&left), "{said}");
    }
    assert_eq!(waiting(&folder), 10);
}

#[test]
fn a_refused_record_is_quarantined_named_and_counted_as_left() {
    let kafka = mock();
    let large = format!("{{\"number\":1,\"x\":\"{}\"}}", "x".repeat(5000));
    let folder = SpoolFolder::of(
        [record(TOPIC, "app-1", 0, &value(0)), record(TOPIC, "app-2", 1, &large)]
            .into_iter()
            .chain(records(TOPIC, "app-1", 2..5)),
    );

    let ran = drain(&folder, &kafka.bootstrap(), &["-X", "message.max.bytes=2000"]);

    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], "4 records went to Kafka");
    assert!(lines[1].starts_with("TOPIC   APP_ID  QUARANTINED  "), "{}", ran.out);
    assert!(
        lines[2].starts_with("events  app-2             1  ") && lines[2].ends_with("  2"),
        "{}",
        ran.out
    );
    let said = ran.complaint(1);
    let left = format!("hookbridge: 1 record is quarantined in {}\n", folder.dir());
    assert!(said.ends_with(&left), "{said}");
    assert_eq!(consumer::to_end(&kafka.bootstrap(), TOPIC).len(), 4);
    // With another limit, and asked for, it goes too.
    run(&folder, "requeue", &[]).well();
    let said = drain(&folder, &kafka.bootstrap(), &LIMIT).well();
    assert_eq!(said, "1 record went to Kafka\n");
}

#[test]
fn an_empty_spool_needs_no_kafka() {
    let folder = SpoolFolder::new();

    assert_eq!(drain(&folder, NOBODY, &[]).well(), "0 records went to Kafka\n");
}

#[test]
fn flags_that_cannot_be_taken_are_refused_under_their_names() {
    let folder = SpoolFolder::new();
    for (flag, value) in [
        ("--timeout", "0s"),
        ("--timeout", "2days"),
        ("-X", "acks=1"),
        ("--kafka-config", "/no/such/file"),
    ] {
        let said = drain(&folder, NOBODY, &[flag, value]).complaint(2);

        let named = flag.replace("-X", "--kafka-property");
        assert!(said.starts_with(&format!("hookbridge: {named}")), "{said}");
    }
    assert_eq!(
        drain(&folder, "no-port", &[]).complaint(2),
        "hookbridge: --brokers: expected host:port, separated by commas\n"
    );
}
