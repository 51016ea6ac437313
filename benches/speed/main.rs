//! `cargo bench --bench speed`: what the bridge costs beside its two libraries alone.
//!
//! Three servers take the same posts from one load generator, side by side and in turns: bare
//! hyper, a bare prototype of hyper and librdkafka, and `hookbridge serve` with credentials and
//! metrics. The last two write to one Kafka, which is started for them. Other flags or builds of the
//! bridge can be held beside it in the same way (`--curve`), and its spool beside that of another
//! build (`--against`). Posts are of 300 bytes or of more (`--body`), over connections that are kept or
//! a new one for each (`--new-connections`), plain or over TLS (`--tls`).
//!
//! Promise: the ratios of one run can be relied on within the spread beside them. The
//! figures themselves belong to one machine and one hour. It fails when a post was not answered
//! 200; it judges nothing else.
//!
//! Begin at [`bench`] and [`row`]; `testkit::load` is the load generator.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of its own, for people at a terminal: it prints, and ends where it fails"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times of a few minutes"
)]

mod options;
mod bench;
mod row;
mod against;
mod crowd;
mod first_posts;
mod lineup;
mod subject;
mod certificate;
mod bare;
mod prototype;
mod server;
mod sample;
mod usage;
mod spread;
mod table;
mod chart;

use crate::options::Options;
use clap::Parser as _;
use std::process::ExitCode;
use testkit::bridge::launch::Program;
use testkit::{broker, child};

/// The bridge that cargo has built beside the benchmark.
const HOOKBRIDGE: Program = Program::at(env!("CARGO_BIN_EXE_hookbridge"));

/// What cargo puts behind the flags of a benchmark.
const CARGO: &str = "--bench";

fn main() -> ExitCode {
    if let Some(job) = child::job() {
        run_child(&job.iter().map(String::as_str).collect::<Vec<_>>());
        return ExitCode::SUCCESS;
    }
    let mut args: Vec<_> = std::env::args().collect();
    if args.pop_if(|last| last == CARGO).is_none() {
        eprintln!("to be run by: cargo bench --bench speed");
        return ExitCode::SUCCESS;
    }
    match bench::run(&Options::parse_from(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_child(job: &[&str]) {
    match job {
        [subject::BARE] => bare::run(None),
        [subject::BARE, cert, key] => bare::run(Some(&server::acceptor(cert, key))),
        [subject::PROTOTYPE, brokers, topic] => prototype::run(brokers, topic),
        [broker::MOCK, partitions, round_trip] => broker::run_mock(partitions, round_trip),
        other => panic!("no such job: {other:?}"),
    }
}
