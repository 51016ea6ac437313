//! What a consumer reads of each notification, on the mock and on a real Kafka: key, value,
//! headers, time, partition; and what its sender is answered.

mod accepted;
mod contracts;
mod expected;
mod grammar;
mod headers;
mod partitions;
mod variants;

use crate::support::rig::{Rig, USER, authorization};
use expected::Expected;
use std::collections::BTreeMap;
use testkit::bridge::launch::Launch;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use variants::Variant;

/// Each sample and its time; the rest can be read from it.
const SAMPLES: &[(&str, &str)] = &[
    ("file-transfer-awss3.json", "2023-07-03T10:27:24Z"),
    ("recording-url-objects.json", "2023-07-03T08:53:11Z"),
    ("recording.json", "2023-07-03T08:53:11Z"),
    ("roomdrop-numbers.json", "2023-07-03T08:48:43Z"),
    ("roomdrop.json", "2023-07-03T08:48:43Z"),
    ("transcoded.json", "2023-07-03T09:12:40Z"),
];

#[test]
fn every_sample_becomes_the_record_that_the_contract_describes() {
    let mut samples = BTreeMap::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            samples.insert(entry.file_name().into_string().unwrap(), text);
        }
    }
    assert!(samples.keys().eq(SAMPLES.iter().map(|(file, _)| file)), "{:?}", samples.keys());

    let variants =
        SAMPLES.iter().map(|(file, time)| Variant::at(*file, &samples[*file], Some(time)));
    let variants: Vec<_> = variants.collect();
    for kafka in EitherKafka::both(here!()) {
        become_records(kafka, here!(), &variants, |serve| serve);
    }
}

#[test]
fn every_variant_of_the_provider_is_one_record_byte_for_byte() {
    for kafka in EitherKafka::both(here!()) {
        become_records(kafka, here!(), &variants::all(), |serve| serve);
    }
}

/// Posts each variant once, with credentials, and looks for its record and no other.
fn become_records(
    kafka: EitherKafka,
    topic: &str,
    variants: &[Variant],
    flags: impl FnOnce(Launch) -> Launch,
) {
    let rig = Rig::on(kafka, topic, 6, |serve| flags(serve.credentials(expected::credentials())));
    let headers = [("Authorization", &*authorization())];
    for Variant { why, body, .. } in variants {
        let answer = rig.post(&headers, body);
        assert_eq!(answer.status, 200, "{why}: {}", answer.text());
    }

    let records = rig.records();
    assert_eq!(records.len(), variants.len());
    let by_id: BTreeMap<_, _> =
        records.iter().map(Expected::seen).map(|record| (record.id(), record)).collect();
    for variant in variants {
        let expected = Expected::of(variant).with("hookbridge-user", USER);
        assert_eq!(by_id.get(&expected.id()), Some(&expected), "{}", variant.why);
    }
}
