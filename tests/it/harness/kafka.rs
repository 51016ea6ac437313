//! The real Kafka starts, keeps what it acked, stops on demand and leaves nothing behind.

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::net::TcpStream;
use std::panic::catch_unwind;
use std::process::{Command, ExitStatus};
use std::time::Duration;
use testkit::children;
use testkit::consumer;
use testkit::here;
use testkit::kafka::{RealKafka, SHORT_SESSION};

const ACKED: Duration = Duration::from_secs(20);

/// A test that does not run without a real Kafka.
const NEEDS_KAFKA: &str = "harness::kafka::a_record_is_read_back_with_all_that_it_had";

#[test]
fn a_record_is_read_back_with_all_that_it_had() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("read-back", 6, &[("max.message.bytes", "4000")]);
    produce(&kafka.bootstrap(), "read-back", &["a", "b"]);

    let seen = consumer::to_end(&kafka.bootstrap(), "read-back");

    let mut keys: Vec<_> = seen.iter().map(|seen| seen.key.as_deref().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, [b"a", b"b"]);
    assert_eq!(seen[0].value, b"value");
    assert_eq!(seen[0].header("name"), Some("of a header"));
    assert_eq!(seen[0].header("no such name"), None);
    assert_eq!((seen[0].offset, seen[0].timestamp_ms), (0, 1_700_000_000_123));
    assert!((0..6).contains(&seen[0].partition));
}

#[test]
fn a_topic_has_the_limit_it_was_made_with() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("limited", 1, &[("max.message.bytes", "100")]);
    let producer = producer(&kafka.bootstrap());
    producer.send(BaseRecord::<str, _>::to("limited").payload(&[b'x'; 200])).unwrap();

    producer.flush(ACKED).unwrap();

    assert_eq!(consumer::to_end(&kafka.bootstrap(), "limited"), []);
}

#[test]
fn a_deleted_topic_is_gone_when_the_call_returns() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("to-be-deleted", 1, &[]);

    kafka.delete_topic("to-be-deleted");

    kafka.create_topic("to-be-deleted", 2, &[]);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "to-be-deleted"), []);
}

#[test]
fn a_frozen_node_answers_when_thawed_and_is_gone_when_dropped() {
    let Some(kafka) = RealKafka::own(here!(), &[]) else { return };
    let (bootstrap, folder) = (kafka.bootstrap(), kafka.folder().to_owned());

    kafka.freeze();
    assert!(!kafka.answers());
    kafka.thaw();
    assert!(kafka.answers());

    kafka.freeze();
    assert!(folder.exists());
    drop(kafka);
    assert!(!folder.exists());
    assert!(TcpStream::connect(bootstrap).is_err());
}

#[test]
fn a_killed_node_starts_again_on_its_data_and_address() {
    let Some(mut kafka) = RealKafka::own(here!(), SHORT_SESSION) else { return };
    let bootstrap = kafka.bootstrap();
    kafka.create_topic("kept", 1, &[]);
    produce(&bootstrap, "kept", &["before"]);

    kafka.kill();
    assert!(!kafka.answers());
    kafka.start_again();
    produce(&bootstrap, "kept", &["after"]);

    let seen = consumer::count(&bootstrap, "kept", 2, ACKED);
    let keys: Vec<_> = seen.iter().map(|seen| seen.key.as_deref().unwrap()).collect();
    assert_eq!(keys, [b"before".as_slice(), b"after"]);
}

#[test]
fn a_node_that_cannot_start_fails_the_test_with_its_log() {
    let authorizer = [("authorizer.class.name", "no.such.Authorizer")];

    let panic = match catch_unwind(|| RealKafka::own(here!(), &authorizer).is_some()) {
        Ok(started) => return assert!(!started, "it should not have started"),
        Err(panic) => panic,
    };

    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("Kafka ended") && message.contains("no.such.Authorizer"), "{message}");
}

#[test]
fn a_machine_without_java_skips_the_test_by_name() {
    let (status, output) = run_without_java(|_| {});

    assert!(status.success(), "{output}");
    assert!(
        output.contains(&format!("SKIPPED {NEEDS_KAFKA}: java and mvn are needed")),
        "{output}"
    );
}

#[test]
fn a_machine_without_java_fails_where_kafka_is_required() {
    let (status, output) = run_without_java(|test| {
        test.env("HOOKBRIDGE_REQUIRE_KAFKA", "1");
    });

    assert!(!status.success(), "{output}");
    assert!(output.contains("this machine lacks: java"), "{output}");
}

/// Runs one test of this binary again, as on a machine that has no programs at all.
fn run_without_java(change: impl FnOnce(&mut Command)) -> (ExitStatus, String) {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", NEEDS_KAFKA, "--nocapture"]).env("PATH", "");
    test.env_remove("HOOKBRIDGE_REQUIRE_KAFKA");
    change(&mut test);
    let output = children::output(&mut test).unwrap();
    (output.status, String::from_utf8(output.stderr).unwrap())
}

fn produce(brokers: &str, topic: &str, keys: &[&str]) {
    let producer = producer(brokers);
    for key in keys {
        let headers =
            OwnedHeaders::new().insert(Header { key: "name", value: Some("of a header") });
        let record = BaseRecord::to(topic).key(*key).payload("value").headers(headers);
        producer.send(record.timestamp(1_700_000_000_123)).unwrap();
    }
    producer.flush(ACKED).unwrap();
}

fn producer(brokers: &str) -> BaseProducer {
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}
