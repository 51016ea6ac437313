//! A hundred thousand dead letters, and a redrive that is killed and stopped on the way.

use crate::dead_letters::redrive::command;
use crate::support::tool::Ran;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use testkit::children;
use testkit::consumer;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::notification::{APP_ID, ce_id, numbered};

const LETTERS: usize = 100_000;
/// Each of so many does not pass.
const LEFT: usize = 4;
/// How often it is killed, and how many a sudden end may repeat: two thousand that were not committed
/// yet, as many before an ack that is awaited, and those of one commit that was under way.
const KILLS: usize = 2;
const REPEATED: usize = 6_100;
const FLUSH: Duration = Duration::from_secs(60);

#[test]
#[ignore = "takes a minute: a hundred thousand dead letters"]
fn a_redrive_that_is_killed_and_stopped_loses_no_dead_letter() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    let (brokers, topic, dead) = (kafka.bootstrap(), "events", "dead");
    kafka.create_topic(topic, 6, &[]);
    kafka.create_topic(dead, 6, &[]);
    let bodies: Vec<_> = (0..LETTERS).map(body).collect();
    write(&brokers, dead, &bodies);
    let redrive = || command(&brokers, topic, dead, &["--unknown-events", "forward"]);

    let begun = Instant::now();
    // Twice without a word, once with one.
    for signal in [Signal::KILL, Signal::INT, Signal::KILL] {
        let mut child =
            children::spawn(redrive().stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap();
        let before = count(&brokers, topic);
        while count(&brokers, topic) < before + 5_000 {
            assert!(child.try_wait().unwrap().is_none(), "{}", complaint(&mut child));
            let_pass(Duration::from_millis(100));
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
    }
    let said = Ran::from(children::output(&mut redrive()).unwrap()).well();
    eprintln!("{}: {:.1?}, the last said: {said}", here!(), begun.elapsed());

    let back = consumer::to_end(&brokers, topic);
    // Those that were left are there once more, at the end, and in the next run again.
    let kept = consumer::to_end(&brokers, dead);
    let kept = kept.iter().filter(|record| record.header("hookbridge-rounds").is_some());
    let mut seen = BTreeMap::<_, BTreeMap<_, usize>>::new();
    for record in back.iter().chain(kept) {
        let (id, rounds) = (record.header("ce_id").unwrap(), record.header("hookbridge-rounds"));
        *seen.entry(id).or_default().entry(rounds).or_default() += 1;
    }
    let is_lost = |(number, body): (usize, &String)| {
        let rounds = seen.get(&*ce_id(APP_ID, body));
        rounds.is_none_or(|rounds| rounds.contains_key(&None) == number.is_multiple_of(LEFT))
    };
    let lost = bodies.iter().enumerate().filter(|letter| is_lost(*letter)).count();
    let again: usize = seen.values().flat_map(BTreeMap::values).map(|times| times - 1).sum();
    eprintln!("{}: {lost} lost, {again} twice, of {LETTERS}", here!());
    assert_eq!(lost, 0);
    assert_eq!(seen.len(), LETTERS);
    assert!(again < KILLS * REPEATED, "{again} were repeated");
}

/// What it said when it ended by itself.
fn complaint(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

fn body(number: usize) -> String {
    let name = if number.is_multiple_of(LEFT) { "\"no_type\"" } else { "\"type\"" };
    numbered(number).replacen("\"type\"", name, 1).replace("roomdrop", "quiz")
}

pub(super) fn write(brokers: &str, topic: &str, bodies: &[String]) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .create()
        .unwrap();
    for body in bodies {
        let id = ce_id(APP_ID, body);
        let mut headers = OwnedHeaders::new();
        for (key, value) in [
            ("ce_id", &*id),
            ("ce_source", "hookbridge"),
            ("hookbridge-user", "video"),
            ("hookbridge-code", "unknown_event"),
            ("hookbridge-detail", "of a test"),
            ("hookbridge-errors", "[]"),
            ("hookbridge-received", "2026-07-03T08:48:43.450Z"),
        ] {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut record = BaseRecord::to(topic).key(APP_ID).payload(body).headers(headers);
        // Spread over the partitions, as no key of one project is.
        record.key = None;
        while let Err((_, back)) = producer.send(record) {
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(FLUSH).unwrap();
}

/// How many records the topic has.
fn count(brokers: &str, topic: &str) -> usize {
    consumer::to_end(brokers, topic).len()
}
