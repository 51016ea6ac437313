//! The mock goes down, up, wrong and slow when it is to.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::{Duration, Instant};
use testkit::consumer;
use testkit::mock::MockKafka;
use testkit::murmur2::{self, PARTITIONS};

const ACKED: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(500);

#[test]
fn a_record_is_read_back_from_the_mock() {
    let kafka = MockKafka::start();
    kafka.create_topic("read-back", 3);
    let producer = producer(&kafka);
    producer.send(BaseRecord::to("read-back").key("key").payload("value")).unwrap();
    producer.flush(ACKED).unwrap();

    let seen = consumer::until(&kafka.bootstrap(), "read-back", ACKED, |seen| !seen.is_empty());

    assert_eq!(seen, consumer::to_end(&kafka.bootstrap(), "read-back"));
    assert_eq!((seen[0].key.as_deref(), &*seen[0].value), (Some(&b"key"[..]), &b"value"[..]));
}

#[test]
fn a_mock_that_is_down_answers_nobody_until_it_is_up_again() {
    let kafka = MockKafka::start();

    kafka.broker_down();
    let while_down = answer_time(&kafka, SOON);
    kafka.broker_up();

    assert_eq!(while_down, None);
    assert!(answer_time(&kafka, ACKED).is_some());
}

#[test]
fn a_slow_mock_takes_its_time_over_every_answer() {
    let kafka = MockKafka::start();

    kafka.round_trip_time(SOON);

    assert!(answer_time(&kafka, ACKED).unwrap() >= SOON);
}

#[test]
fn an_ordered_error_fails_a_record_and_a_cleared_one_does_not() {
    let kafka = MockKafka::start();
    kafka.create_topic("errors", 1);
    let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    let producer = producer(&kafka);

    kafka.request_errors(RDKafkaApiKey::Produce, &[error]);
    producer.send(BaseRecord::<str, _>::to("errors").payload("refused")).unwrap();
    producer.flush(ACKED).unwrap();
    kafka.request_errors(RDKafkaApiKey::Produce, &[error]);
    kafka.clear_request_errors(RDKafkaApiKey::Produce);
    producer.send(BaseRecord::<str, _>::to("errors").payload("taken")).unwrap();
    producer.flush(ACKED).unwrap();

    let values: Vec<_> = consumer::to_end(&kafka.bootstrap(), "errors");
    assert_eq!(values.iter().map(|seen| &*seen.value).collect::<Vec<_>>(), [b"taken"]);
}

#[test]
fn murmur2_vectors_agree_with_the_partitioner_of_librdkafka() {
    let kafka = MockKafka::start();
    for (index, partitions) in PARTITIONS.into_iter().enumerate() {
        let topic = format!("of-{partitions}");
        kafka.create_topic(&topic, partitions);
        let producer = producer(&kafka);
        let vectors = murmur2::vectors();
        for vector in &vectors {
            producer.send(BaseRecord::<_, str>::to(&topic).key(&vector.key)).unwrap();
        }
        producer.flush(ACKED).unwrap();

        let seen = consumer::count(&kafka.bootstrap(), &topic, vectors.len(), ACKED);

        for vector in vectors {
            let same_key =
                |seen: &&consumer::Seen| seen.key.as_deref() == Some(vector.key.as_bytes());
            let seen = seen.iter().find(same_key).unwrap();
            assert_eq!(seen.partition, vector.partition_of[index], "{vector:?}");
            assert_eq!(seen.partition, (vector.hash & i32::MAX) % partitions, "{vector:?}");
        }
    }
}

fn producer(kafka: &MockKafka) -> BaseProducer {
    ClientConfig::new()
        .set("bootstrap.servers", kafka.bootstrap())
        .set("partitioner", "murmur2")
        .create()
        .unwrap()
}

/// How long an answer takes, if it comes within `deadline`.
fn answer_time(kafka: &MockKafka, deadline: Duration) -> Option<Duration> {
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap()).create().unwrap();
    let asked = Instant::now();
    client.fetch_metadata(None, deadline).ok()?;
    Some(asked.elapsed())
}
