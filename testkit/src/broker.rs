//! The Kafka behind the prototype and the bridge: a real one where Java and Maven are, else
//! librdkafka's mock in a process of its own.

use crate::child::{self, Child};
use crate::kafka::{Availability, RealKafka};
use crate::mock::MockKafka;
use std::fmt;
use std::time::Duration;

/// The topic of all posts.
pub const TOPIC: &str = "video.events";

/// The job of the child that is a mock.
pub const MOCK: &str = "mock";

/// A run writes gigabytes; with these the node keeps a few hundred megabytes of them.
const FEW_SEGMENTS: &[(&str, &str)] = &[
    ("log.segment.bytes", "33554432"),
    ("log.retention.bytes", "33554432"),
    ("log.retention.check.interval.ms", "5000"),
    ("log.segment.delete.delay.ms", "1000"),
];

/// Which Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Apache Kafka, one node on this machine
    Real,
    /// librdkafka's mock cluster, one broker
    Mock,
}

/// A running broker that has the topic.
pub enum Broker {
    /// In this process's care.
    Real(RealKafka),
    /// In a process of its own, whose line is its address.
    Mock(Child),
}

impl Kind {
    /// The better one that this machine can have.
    pub fn best() -> Self {
        match RealKafka::available() {
            Availability::Available => Self::Real,
            Availability::Missing(_) => Self::Mock,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "Apache Kafka, one node",
            Self::Mock => "librdkafka's mock, one broker",
        })
    }
}

impl Broker {
    /// Starts it. A mock takes `round_trip` longer over every answer.
    pub fn start(kind: Kind, partitions: i32, round_trip: Duration) -> Self {
        match kind {
            Kind::Real => {
                let kafka = RealKafka::own("the benchmark", FEW_SEGMENTS)
                    .expect("java and mvn are there when a real Kafka is asked for");
                kafka.create_topic(TOPIC, partitions, &[]);
                Self::Real(kafka)
            }
            Kind::Mock => {
                let millis = round_trip.as_millis().to_string();
                Self::Mock(Child::start([MOCK, &partitions.to_string(), &millis]))
            }
        }
    }

    /// A property that the bridge is to be given: a mock does not name its topic's limit, so that
    /// it would be asked for it again and again.
    pub fn needs(&self) -> Option<&'static str> {
        match self {
            Self::Real(_) => None,
            Self::Mock(_) => Some("message.max.bytes=1000000"),
        }
    }

    /// For `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        match self {
            Self::Real(kafka) => kafka.bootstrap(),
            Self::Mock(child) => child.line().to_owned(),
        }
    }
}

/// The child's job.
pub fn run_mock(partitions: &str, round_trip: &str) {
    let mock = MockKafka::start();
    mock.create_topic(TOPIC, partitions.parse().unwrap());
    let round_trip = Duration::from_millis(round_trip.parse().unwrap());
    if !round_trip.is_zero() {
        mock.round_trip_time(round_trip);
    }
    child::ready(mock.bootstrap());
    loop {
        std::thread::park();
    }
}
