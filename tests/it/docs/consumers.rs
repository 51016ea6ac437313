//! The consumers of `docs/consume.md`, run as they are there: each keeps each notification once,
//! and whatever else is written to the topic does not end it.

mod connect;
mod go;
mod java;
mod python;

use crate::docs::page::Page;
use crate::support::rig::Rig;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::deadline::wait_for;
use testkit::either_kafka::EitherKafka;
use testkit::kafka::RealKafka;
use testkit::leash::Leash;
use testkit::notification::ROOMDROP;

/// From the start of a member of a new group to its first record: some seconds, and more where it
/// is compiled beside others.
const READ: Duration = Duration::from_secs(90);

/// Of a record that the broker acks at once.
const ACKED: Duration = Duration::from_secs(20);

/// A topic that a bridge writes to, and others, and the consumer's folder.
struct Scene {
    rig: Rig,
    brokers: String,
    topic: String,
    folder: TempDir,
}

impl Scene {
    /// `None` where there is no Kafka, said under the name of `test`.
    fn open(test: &str) -> Option<Self> {
        let kafka = RealKafka::shared(test)?;
        let topic = test.replace("::", "-");
        let brokers = kafka.bootstrap();
        let rig = Rig::on(EitherKafka::Real(kafka), &topic, 1, Launch::no_auth);
        Some(Self { rig, brokers, topic, folder: tempfile::tempdir().unwrap() })
    }

    /// Writes the page's code in this language into the consumer's folder, with this topic, these
    /// brokers, and a group and a store of its own.
    #[track_caller]
    fn write(&self, language: &str, file: &str, store: &str) -> String {
        let page = Page::read("docs/consume.md").code();
        let code = page.iter().find(|code| code.language == language);
        let mut code = code.unwrap_or_else(|| panic!("no code in {language}")).text.clone();
        let kept = self.path(store);
        let shown = [
            ("localhost:9092", &self.brokers),
            ("video.events", &self.topic),
            ("\"archive\"", &format!("\"{}\"", self.topic)),
            (store, &kept),
        ];
        for (shown, meant) in shown {
            // Kafka Connect has brokers and a group elsewhere.
            if code.contains(shown) {
                assert_eq!(code.matches(shown).count(), 1, "the consumer in {language}, {shown}");
                code = code.replace(shown, meant);
            }
        }
        assert!(code.contains(&self.topic) && code.contains(&kept), "{code}");
        fs::write(self.path(file), code).unwrap();
        self.path(file)
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }

    /// What the consumer is to keep: two notifications of which one comes twice, beside what others
    /// write, and a third behind all that.
    fn assert_keeps_each_once(&self, consumer: Leash, kept: impl Fn(&Path) -> Option<Vec<String>>) {
        write_others(&self.brokers, &self.topic);
        let mut ids: BTreeSet<_> =
            [ROOMDROP, include_str!("../../samples/recording.json"), ROOMDROP]
                .into_iter()
                .map(|sample| self.post(sample))
                .collect();
        assert_eq!(ids.len(), 2);
        let assert_kept = |ids: &BTreeSet<String>| {
            let kept = wait_for(READ, "the consumer has read all", || {
                assert!(consumer.is_running(), "the consumer ended:\n{}", consumer.log_tail());
                kept(self.folder.path()).filter(|kept| kept.len() >= ids.len())
            });
            // Each once: as many as there are different ones.
            assert_eq!(kept.len(), ids.len(), "{kept:?}\n{}", consumer.log_tail());
            assert_eq!(&kept.into_iter().collect::<BTreeSet<_>>(), ids);
        };
        assert_kept(&ids);

        write_others(&self.brokers, &self.topic);
        ids.insert(self.post(&ROOMDROP.replace("roomdrop\"", "roomdrop\" ")));
        assert_kept(&ids);
        consumer.kill();
    }

    fn post(&self, sample: &str) -> String {
        self.rig.post(&[], sample).json()["id"].as_str().unwrap().to_owned()
    }
}

/// The ids that a consumer has said it kept, but for what others gave one.
fn said_to_be_kept(folder: &Path) -> Option<Vec<String>> {
    let log = fs::read_to_string(folder.join("log")).ok()?;
    let kept = log.lines().filter_map(|line| line.split_once("kept ")).map(|(_, id)| id.to_owned());
    Some(kept.filter(|id| !id.contains(' ')).collect())
}

/// What may be on a topic beside notifications.
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
