//! One test, two brokers: librdkafka's mock always, the real Kafka where there can be one.

use crate::kafka::RealKafka;
use crate::mock::MockKafka;
use std::iter;

/// A broker to run a test against.
pub enum EitherKafka {
    /// One of its own.
    Mock(MockKafka),
    /// The one that tests share.
    Real(&'static RealKafka),
}

impl EitherKafka {
    /// A new mock, then the shared real one. Where there can be none, that is said under the name
    /// of `test`, which [`here!`](crate::here) gives.
    pub fn both(test: &str) -> impl Iterator<Item = Self> {
        let mock = iter::once_with(|| Self::Mock(MockKafka::start()));
        mock.chain(iter::once_with(move || RealKafka::shared(test).map(Self::Real)).flatten())
            .inspect(move |kafka| eprintln!("{test}: on {}", kafka.name()))
    }

    /// For `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        match self {
            Self::Mock(mock) => mock.bootstrap(),
            Self::Real(real) => real.bootstrap(),
        }
    }

    /// Makes a topic with this many partitions.
    pub fn create_topic(&self, name: &str, partitions: i32) {
        match self {
            Self::Mock(mock) => mock.create_topic(name, partitions),
            Self::Real(real) => real.create_topic(name, partitions, &[]),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Mock(_) => "the mock",
            Self::Real(_) => "a real Kafka",
        }
    }
}
