//! What hookbridge's tests and benchmarks are built on: a bridge as a process, a Kafka, clients, posts.
//!
//! | part | modules |
//! |---|---|
//! | the bridge: its flags, its log, its series | [`bridge`], [`exposition`], [`promtool`], [`prometheus`] |
//! | Kafka: a real one, librdkafka's mock, the network before them, what is on a topic | [`kafka`], [`mock`], [`either_kafka`], [`broker`], [`proxy`], [`consumer`], [`murmur2`] |
//! | posts: byte by byte, all the time and noted, as many as there can be | [`http`], [`notification`], [`senders`], [`ledger`], [`load`] |
//! | processes, ports, waits | [`children`], [`child`], [`leash`], [`jars`], [`python`], [`port`], [`deadline`] |
//!
//! It sees the bridge from outside, as its users do: it does not know the library, and is given by
//! [`bridge::launch::Program`] where the program is. Everything here panics where it fails: the caller
//! is a test, and the panic names the test's line. Nothing here is retried, and nothing waits without a
//! deadline. Each part is tried by `tests/it/harness`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking; what is skipped or left behind is said to people"
)]

pub mod bridge;
pub mod exposition;
pub mod promtool;
pub mod prometheus;
pub mod kafka;
pub mod mock;
pub mod either_kafka;
pub mod broker;
pub mod proxy;
pub mod consumer;
pub mod murmur2;
pub mod http;
pub mod notification;
pub mod senders;
pub mod tls;
pub mod ledger;
pub mod load;
pub mod children;
pub mod child;
pub mod leash;
pub mod jars;
pub mod python;
pub mod port;
pub mod deadline;

/// The name of the test it is in, as `cargo test` prints it.
#[macro_export]
macro_rules! here {
    () => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here);
        let (_crate, path) = path.split_once("::").expect("a path begins with its crate");
        path.strip_suffix("::here").expect("a function's type is named after its path")
    }};
}
/// Says by name what is not tried. Past the print macros, whose output of a test that passes nobody
/// would see.
pub fn say_skipped(test: &str, why: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "SKIPPED {test}: {why}"));
}
