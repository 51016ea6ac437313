//! A record is where Java's default partitioner puts its key, so that streams of others can be
//! joined with it.

use crate::support::rig::Rig;
use serde_json::json;
use std::collections::BTreeMap;
use testkit::bridge::launch::Launch;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::request;
use testkit::murmur2::{PARTITIONS, vectors};
use testkit::notification::PATH;

#[test]
fn every_key_goes_to_the_partition_that_java_chooses() {
    for (column, partitions) in PARTITIONS.into_iter().enumerate() {
        let topic = format!("{}-{partitions}", here!());
        for kafka in EitherKafka::both(here!()) {
            let rig = Rig::on(kafka, &topic, partitions, Launch::no_auth);
            let mut connection = rig.connect();
            let mut expected = BTreeMap::new();
            for vector in vectors() {
                let body = json!({
                    "type": "roomdrop", "app_id": vector.key, "trans_date": 1, "room_id": 1,
                    "conf_num": 1,
                });
                connection.send(request("POST", PATH, &[], body.to_string()));
                let answer = connection.read();
                assert_eq!(answer.status, 200, "{vector:?}: {}", answer.text());
                expected.insert(vector.key.into_bytes(), vector.partition_of[column]);
            }

            let records = rig.records();
            let seen = records.into_iter().map(|record| (record.key.unwrap(), record.partition));
            assert_eq!(seen.collect::<BTreeMap<_, _>>(), expected, "of {partitions}");
        }
    }
}
