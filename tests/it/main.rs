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
mod dev;
mod disk;
mod hangups;
mod harness;
mod layers;
mod life;
mod metrics;
mod outages;
mod protocol;
mod readme;
mod records;
mod refusals;
mod spool;
mod spool_command;
mod support;
