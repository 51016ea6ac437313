//! The integration tests: the real binary, real sockets, a real Kafka or librdkafka's mock.
//!
//! One binary, one file per topic. `support` is what they stand on, `harness` tries it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails by panicking, and says on stderr what it skipped"
)]

mod credentials;
mod crowds;
mod dev;
mod disk;
mod docs;
mod hangups;
mod harness;
mod layers;
mod life;
mod metrics;
mod outages;
mod protocol;
mod records;
mod refusal_log;
mod refusals;
mod spool;
mod spool_command;
mod spool_format;
mod support;
mod times;

/// The load generator of the benchmarks, which `harness` tries too.
#[path = "../../benches/speed"]
#[allow(dead_code, reason = "benchmarks need more of it")]
mod speed {
    pub(crate) mod answer;
    pub(crate) mod load;
    pub(crate) mod posts;
    pub(crate) mod schedule;
}
use speed::{answer, load, posts, schedule};
