//! What the tests stand on: a Kafka, a bridge, a raw HTTP client, a reader of topics.
//!
//! Everything here panics where it fails: the caller is a test, and the panic names the test's
//! line. Nothing here is retried, and nothing waits without a deadline.

pub(crate) mod bridge;
pub(crate) mod children;
pub(crate) mod consumer;
pub(crate) mod deadline;
pub(crate) mod either_kafka;
pub(crate) mod exposition;
pub(crate) mod http;
pub(crate) mod jars;
pub(crate) mod kafka;
pub(crate) mod leash;
pub(crate) mod ledger;
pub(crate) mod mock;
pub(crate) mod murmur2;
pub(crate) mod notification;
pub(crate) mod port;
pub(crate) mod problem;
pub(crate) mod promtool;
pub(crate) mod proxy;
pub(crate) mod rig;
pub(crate) mod senders;
pub(crate) mod spool;

/// The name of the test it stands in, as `cargo test` prints it.
macro_rules! here {
    () => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here);
        let (_crate, path) = path.split_once("::").expect("a path begins with its crate");
        path.strip_suffix("::here").expect("a function's type is named after its path")
    }};
}
pub(crate) use here;

/// Says by name what is not tried. Past the print macros, whose output of a test that passes nobody
/// would see.
pub(crate) fn say_skipped(test: &str, why: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "SKIPPED {test}: {why}"));
}
