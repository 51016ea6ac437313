//! What a mock cannot show: codecs of Java's client, transactions, times, and consumer groups.

use crate::support::tool::Tool;
use crate::tail::lines;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value;
use std::fs;
use std::time::Duration;
use tempfile::TempDir;
use testkit::here;
use testkit::kafka::RealKafka;

const SOON: Duration = Duration::from_secs(20);

/// 2026-11-30T08:00:00Z, from where on each record is a second later.
const BEGIN: i64 = 1_796_025_600_000;

struct Topic<'a> {
    kafka: &'a RealKafka,
    name: &'static str,
}

impl Topic<'_> {
    fn tail(&self, flags: &[&str]) -> Tool {
        let brokers = self.kafka.bootstrap();
        Tool::new(&[&["tail", "--brokers", &brokers, "--topic", self.name], flags].concat())
    }

    fn producer(&self, settings: &[(&str, &str)]) -> BaseProducer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.kafka.bootstrap());
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config.create().unwrap()
    }

    fn write(&self, producer: &BaseProducer, number: i64, value: Option<&str>) {
        let record = BaseRecord::to(self.name).key("app").timestamp(BEGIN + number * 1000);
        let record = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
}

#[test]
fn records_are_read_whatever_they_are_compressed_with() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    for (name, codec) in [
        ("tail-gzip", "gzip"),
        ("tail-snappy", "snappy"),
        ("tail-lz4", "lz4"),
        ("tail-zstd", "zstd"),
    ] {
        // The broker compresses them anew, by Java's codecs.
        kafka.create_topic(name, 1, &[("compression.type", codec)]);
        let topic = Topic { kafka, name };
        let producer = topic.producer(&[("linger.ms", "50")]);
        let values: Vec<_> =
            (0..50).map(|number| format!("{{\"number\":{number:0>100}}}")).collect();
        (0..).zip(&values).for_each(|(number, value)| topic.write(&producer, number, Some(value)));
        producer.flush(SOON).unwrap();

        let shown = lines(topic.tail(&["--from=beginning", "--count=50", "--output=json"]).run());

        let shown: Vec<_> = shown.iter().map(|line| line["value"].as_str().unwrap()).collect();
        assert_eq!(shown, values, "{codec}");
    }
}

#[test]
fn transactions_and_tombstones_are_told_apart_and_leave_no_group() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = Topic { kafka, name: "tail-transactions" };
    kafka.create_topic(topic.name, 1, &[]);
    let producer = topic.producer(&[("transactional.id", "tail")]);
    producer.init_transactions(SOON).unwrap();
    producer.begin_transaction().unwrap();
    topic.write(&producer, 0, Some("committed"));
    topic.write(&producer, 1, None);
    producer.commit_transaction(SOON).unwrap();
    producer.begin_transaction().unwrap();
    topic.write(&producer, 2, Some("aborted"));
    producer.flush(SOON).unwrap();
    producer.abort_transaction(SOON).unwrap();

    let shown = lines(topic.tail(&["--from=beginning", "--count=2", "--output=json"]).run());
    assert_eq!((&shown[0]["value"], &shown[1]["value"]), (&"committed".into(), &Value::Null));
    let text = topic.tail(&["--from=beginning", "--count=2"]).run().well();
    assert!(text.contains("value  null (a tombstone)"), "{text}");
    let later = ["--from", "2026-11-30T09:00:01+01:00", "--count=1", "--output=json"];
    assert_eq!(lines(topic.tail(&later).run())[0]["timestamp"], "2026-11-30T08:00:01.000Z");
    let old = ["--from=20years", "--until-end", "--output=json"];
    assert_eq!(lines(topic.tail(&old).run()).len(), 2, "of the transactions that were committed");
    let uncommitted = ["-X", "isolation.level=read_uncommitted", "--from=beginning", "--count=3"];
    assert!(topic.tail(&uncommitted).run().well().contains("aborted"));

    // Behind the last record are a control record, one that was aborted, and another control record.
    let folder = TempDir::new().unwrap();
    let ledger = folder.path().join("posts.jsonl");
    fs::write(&ledger, "").unwrap();
    let (against, _) = topic.tail(&["--against", ledger.to_str().unwrap()]).run().badly(0);
    assert!(against.contains("tail-transactions: 2 records, 1 partition\n"), "{against}");

    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap()).create().unwrap();
    let groups = client.fetch_group_list(None, SOON).unwrap();
    let groups: Vec<_> = groups.groups().iter().map(|group| group.name().to_owned()).collect();
    assert!(!groups.iter().any(|group| group.contains("tail")), "{groups:?}");
}
