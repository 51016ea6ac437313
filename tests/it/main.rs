//! The integration tests: the real binary, real sockets, a real Kafka or librdkafka's mock.
//!
//! One binary, one file per topic:
//!
//! | topic | what it tries |
//! |---|---|
//! | [`protocol`], [`crowds`], [`hangups`] | HTTP as it comes over the wire; more connections than there is room for; senders that leave |
//! | [`credentials`] | who may post |
//! | [`tls`] | the same over TLS |
//! | [`proxies`] | each proxy of `config/proxies`, while bridges behind it restart and crash |
//! | [`leaks`] | what must not be said |
//! | [`refusals`], [`refusal_log`] | every "no" to a sender, and what the log says of it |
//! | [`dead_letters`] | invalid posts that are kept, and the way back |
//! | [`records`], [`times`] | what consumers read; times that Kafka refuses |
//! | [`gate_model`] | the gate between Kafka and disk, in a world of its own that fails by chance |
//! | [`outages`], [`spool`], [`disk`] | Kafka away; the way back from disk; bad disks |
//! | [`spool_command`], [`spool_format`] | the commands on a spool; its files, read by the page that describes them |
//! | [`life`], [`metrics`] | flags, start, stop, log; the admin port |
//! | [`check`] | `hookbridge check` |
//! | [`contract`] | `hookbridge contract`, held against what it describes |
//! | [`small_commands`] | `probe`, `credential`, `completions`, `man` |
//! | [`dev`], [`send`], [`tail`] | the commands of these names |
//! | [`signals`] | Ctrl-C wherever a command waits |
//! | [`help`], [`messages`] | what `--help` says, and its examples; what commands say to who gets them wrong |
//! | [`docs`], [`layers`] | the pages and `config/`, held against the code; the layers of `src/` |
//! | [`harness`] | `testkit`, tried on its own |
//!
//! `testkit` has the parts that tests are made of: a bridge, brokers, senders, a consumer, a ledger;
//! [`support`] those that know the package.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails by panicking, and says on stderr what it skipped"
)]

mod check;
mod contract;
mod credentials;
mod crowds;
mod dead_letters;
mod dev;
mod disk;
mod docs;
mod gate_model;
mod hangups;
mod harness;
mod help;
mod layers;
mod leaks;
mod life;
mod messages;
mod metrics;
mod outages;
mod protocol;
mod proxies;
mod records;
mod refusal_log;
mod refusals;
mod send;
mod signals;
mod small_commands;
mod spool;
mod spool_command;
mod spool_format;
mod support;
mod tail;
mod times;
mod tls;
