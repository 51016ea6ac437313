//! What becomes of the neighbours of a record that is refused; on librdkafka's mock.

use super::*;
use crate::delivery::record::Event;
use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::{Duration, SystemTime};
use tokio::runtime;
use tokio::time::timeout;

const TOPIC: &str = "video.events";
const RECORDS: usize = 4;
/// Of a mock on the same machine: so late is never.
const NEVER: Duration = Duration::from_secs(10);
const BROKER: i32 = 1;
/// Longer than it takes to send them all, so that they are in one batch.
const ROUND_TRIP: Duration = Duration::from_millis(50);
/// What a broker says of a batch with a record that it does not take.
const REFUSED: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD;

fn record(number: usize) -> Record {
    let event = Event {
        app_id: "5f3a",
        event_type: "recording",
        source: "hookbridge",
        subject: None,
        time: None,
        trace_parent: None,
        trace_state: None,
        user: None,
    };
    Record::new(TOPIC.into(), event, Bytes::from(number.to_string()), SystemTime::now())
}

/// Sends records in one batch, while the mock gives these answers first; gives the fates in order.
fn fates(answers: &[RDKafkaRespErr]) -> Vec<(usize, Fate)> {
    let cluster: MockCluster<'static, DefaultProducerContext> = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    cluster.broker_round_trip_time(BROKER, ROUND_TRIP).unwrap();
    cluster.request_errors(RDKafkaApiKey::Produce, answers);
    let settings = Settings::new(&cluster.bootstrap_servers(), NEVER);
    runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut outbox = Outbox::new(&settings, Vec::new()).unwrap();
        for number in 0..RECORDS {
            assert!(outbox.has_room());
            outbox.send(number, record(number));
        }
        let mut fates = Vec::new();
        while !outbox.is_empty() {
            timeout(NEVER, outbox.raised()).await.unwrap().unwrap();
            fates.extend(outbox.take());
            assert!(outbox.has_room() || !outbox.is_empty(), "it is usable again");
        }
        assert!(outbox.has_room());
        fates.sort_by_key(|(number, _)| *number);
        fates
    })
}

fn is_refused(fate: Fate) -> bool {
    matches!(fate, Fate::Refused(_))
}

#[test]
fn neighbours_of_a_refused_record_go_alone_and_are_acked() {
    let fates = fates(&[REFUSED]);
    assert_eq!(fates, (0..RECORDS).map(|number| (number, Fate::Acked)).collect::<Vec<_>>());
}

#[test]
fn what_is_refused_alone_is_refused_and_no_other() {
    let fates = fates(&[REFUSED, REFUSED]);
    assert_eq!(fates.len(), RECORDS);
    assert_eq!(fates.iter().filter(|(_, fate)| is_refused(*fate)).count(), 1, "{fates:?}");
    assert_eq!(fates.iter().filter(|(_, fate)| *fate == Fate::Acked).count(), RECORDS - 1);
}
