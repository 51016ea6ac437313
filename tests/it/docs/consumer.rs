//! The consumer of `docs/consume.md`, run as it stands there: it keeps each notification once, and whatever else is
//! written to the topic does not end it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::docs::page::Page;
use crate::support::bridge::launch::Launch;
use crate::support::children;
use crate::support::deadline::wait_for;
use crate::support::either_kafka::EitherKafka;
use crate::support::kafka::{REQUIRE, RealKafka};
use crate::support::leash::Leash;
use crate::support::notification::ROOMDROP;
use crate::support::rig::Rig;
use crate::support::{here, say_skipped};

/// From the start of a member of a new group to its first record: some seconds.
const READ: Duration = Duration::from_secs(40);

/// Of a record that the broker acks at once.
const ACKED: Duration = Duration::from_secs(20);

/// The one of the path may be another than the system's, which has the system's libraries.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// Prints what the consumer's table holds of the bridge; what else has a `ce_id` here has no body.
const KEPT: &str = r#"
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT id FROM events WHERE length(body) > 0 AND typeof(app_id) = 'text' ORDER BY id")
for (id,) in rows:
    print(id)
"#;

#[test]
fn the_consumer_keeps_each_notification_once_and_passes_over_what_others_write() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let Some(python) = python(here!()) else { return };
    let topic = here!().replace("::", "-");
    let brokers = kafka.bootstrap();
    let rig = Rig::on(EitherKafka::Real(kafka), &topic, 1, Launch::no_auth);
    write_others(&brokers, &topic);
    let mut ids: Vec<_> = [ROOMDROP, include_str!("../../samples/recording.json"), ROOMDROP]
        .map(|sample| rig.post(&[], sample).json()["id"].as_str().unwrap().to_owned())
        .into();
    ids.sort();
    ids.dedup();

    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("consumer.py");
    fs::write(&script, consumer(&brokers, &topic, folder.path())).unwrap();
    let running = Leash::start(folder.path(), [python, script.to_str().unwrap()]);

    let kept = |count| kept(python, folder.path(), &running, count);
    assert_eq!(kept(ids.len()), ids);
    write_others(&brokers, &topic);
    let last = ROOMDROP.replace("roomdrop\"", "roomdrop\" ");
    ids.push(rig.post(&[], last).json()["id"].as_str().unwrap().to_owned());
    ids.sort();
    assert_eq!(kept(ids.len()), ids);
    running.kill();
}

/// The notifications in the consumer's table once there are so many.
#[track_caller]
fn kept(python: &str, folder: &Path, consumer: &Leash, count: usize) -> Vec<String> {
    wait_for(READ, "the consumer has read all", || {
        assert!(consumer.is_running(), "the consumer ended:\n{}", consumer.log_tail());
        let mut look = Command::new(python);
        look.args(["-c", KEPT]).arg(folder.join("events.db"));
        let said = children::output(&mut look).unwrap();
        let ids: Vec<_> =
            str::from_utf8(&said.stdout).unwrap().lines().map(str::to_owned).collect();
        // It may not have made its table yet.
        (said.status.success() && ids.len() == count).then_some(ids)
    })
}

/// What may stand on a topic beside notifications.
fn write_others(brokers: &str, topic: &str) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let header =
        |key, value: Option<&'static [u8]>| OwnedHeaders::new().insert(Header { key, value });
    let record = || BaseRecord::<[u8], [u8]>::to(topic);
    for record in [
        record().payload(b"bare"),
        record().key(b"a tombstone"),
        record().payload(b"").headers(header("trace", None)),
        record().payload(b"").headers(header("trace", Some(b"\xff\xfe"))),
        record().payload(b"").headers(header("ce_id", None)),
        record().payload(b"").headers(header("ce_id", Some(b"without a key, a type and a body"))),
    ] {
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(ACKED).unwrap();
}

/// The page's code, with this topic and these brokers.
#[track_caller]
fn consumer(brokers: &str, topic: &str, folder: &Path) -> String {
    let page = Page::read("docs/consume.md").code();
    let code = page.iter().find(|code| code.language == "python");
    let mut code = code.expect("the page has code in Python").text.clone();
    let store = folder.join("events.db");
    for (shown, meant) in [
        ("localhost:9092", brokers),
        ("video.events", topic),
        ("events.db", store.to_str().unwrap()),
    ] {
        assert_eq!(code.matches(shown).count(), 1, "the consumer, {shown}");
        code = code.replace(shown, meant);
    }
    code
}

/// A Python that has `confluent_kafka`. `None` where there is none, said under the name of `test`.
fn python(test: &str) -> Option<&'static str> {
    let has_it = |python: &&str| {
        let mut import = Command::new(python);
        import.args(["-c", "import confluent_kafka, sqlite3"]).stderr(Stdio::null());
        children::spawn(&mut import).is_ok_and(|mut child| child.wait().unwrap().success())
    };
    let found = PYTHONS.into_iter().find(has_it);
    if found.is_none() {
        let required = std::env::var_os(REQUIRE).is_some();
        assert!(!required, "confluent_kafka is needed where nothing may be skipped");
        say_skipped(test, "confluent_kafka is needed, of Debian's package python3-confluent-kafka");
    }
    found
}
