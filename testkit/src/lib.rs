//! What the tests stand on: a Kafka, a bridge, a raw HTTP client, a reader of topics.
//!
//! Everything here panics where it fails: the caller is a test, and the panic names the test's
//! line. Nothing here is retried, and nothing waits without a deadline.

pub mod bridge;
pub mod broker;
pub mod child;
pub mod children;
pub mod consumer;
pub mod deadline;
pub mod either_kafka;
pub mod exposition;
pub mod http;
pub mod jars;
pub mod kafka;
pub mod leash;
pub mod ledger;
pub mod load;
pub mod mock;
pub mod murmur2;
pub mod notification;
pub mod port;
pub mod promtool;
pub mod proxy;
pub mod senders;

/// The name of the test it stands in, as `cargo test` prints it.
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
