//! The promise of `wakeup`, under stress: no report is left lying.

use super::*;
use crate::delivery::record::Event;
use crate::delivery::record_times::SendTime;
use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use std::time::Instant;
use std::time::SystemTime;
use tokio::runtime;
use tokio::time::timeout;

const TOPIC: &str = "video.events";
const PARTITIONS: i32 = 4;
const APP_IDS: [&str; 5] = ["5f3a", "5f3b", "5f3c", "5f3d", "5f3e"];
/// Records under way at once: few, so that the queue of reports is empty every now and then.
const MOST_UNDER_WAY: usize = 6;
/// Of a mock on the same machine, which answers within a millisecond: so late is never.
const NEVER: Duration = Duration::from_secs(10);
/// The longest pause between two waits: about as long as the mock takes to answer.
const LONGEST_PAUSE: Duration = Duration::from_micros(300);

#[test]
fn reports_that_come_at_any_moment_wake_the_event_loop() {
    every_report_wakes(10_000);
}

#[test]
#[ignore = "takes minutes: a million reports"]
fn a_million_reports_wake_the_event_loop() {
    every_report_wakes(1_000_000);
}

/// Reads reports when they are announced, and at times when they are not, as the publisher does; pauses
/// for long enough that the next may come before or behind the reading.
fn every_report_wakes(records: usize) {
    let cluster: MockCluster<'static, DefaultProducerContext> = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    let settings = Settings::new(&cluster.bootstrap_servers(), NEVER);
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let producer = Producer::new(&settings, Purpose::Posts, 1_000_000).unwrap();
        let (mut handed_over, mut reported) = (0, vec![false; records]);
        let mut reports = Vec::new();
        let mut under_way = 0;
        while under_way > 0 || handed_over < records {
            let room = fastrand::usize(under_way.max(1)..=MOST_UNDER_WAY) - under_way;
            for ticket in (handed_over..records).take(room) {
                let record = record(ticket);
                let time = SendTime::own(record.received().into());
                producer
                    .enqueue(
                        &record,
                        Headers::of(&record),
                        Placement { time, partition: None },
                        Ticket::of(ticket),
                    )
                    .unwrap();
                (handed_over, under_way) = (handed_over + 1, under_way + 1);
            }
            if fastrand::u8(..) > 0 {
                let raised = timeout(NEVER, producer.raised()).await;
                let raised = raised.unwrap_or_else(|_| panic!("{under_way} reports lie unread"));
                raised.unwrap();
            }
            pause();
            producer.take_reports(&mut reports);
            pause();
            for DeliveryReport { ticket, result } in reports.drain(..) {
                result.unwrap();
                assert!(
                    !std::mem::replace(&mut reported[ticket.number()], true),
                    "{ticket:?}: once more"
                );
                under_way -= 1;
            }
        }
    });
}

/// Burns time, or takes none: a sleep would always be longer.
fn pause() {
    if fastrand::bool() {
        return;
    }
    let end = Instant::now() + LONGEST_PAUSE.mul_f64(fastrand::f64());
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

fn record(number: usize) -> Record {
    let event = Event {
        app_id: APP_IDS[number % APP_IDS.len()],
        event_type: "recording",
        source: "hookbridge",
        subject: None,
        time: None,
        trace_parent: None,
        trace_state: None,
        user: None,
    };
    Record::new(TOPIC.into(), event, Bytes::from_static(b"{}"), SystemTime::now())
}
