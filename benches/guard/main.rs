//! `cargo bench --bench guard`: what a post may cost, in counts that a busy machine does not change.
//!
//! Instructions of the pure parts of a post, and syscalls of the whole bridge per post. Prints what
//! it found, and fails where a count is over its budget. Not a timed test: how long anything takes
//! is measured by `cargo bench --bench speed`, and by nothing that can fail.
//!
//! Needs valgrind and strace. Where one is missing, its half is skipped by name, or fails where
//! `HOOKBRIDGE_REQUIRE_KAFKA=1` says that nothing may be skipped.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of its own, for people at a terminal: it prints, and ends where it fails"
)]
#![allow(clippy::cast_possible_truncation, reason = "counts of a few seconds")]

mod budget;
mod instructions;
mod pure;
mod syscalls;

use crate::budget::Budget;
use std::process::{Command, ExitCode, Stdio};
use testkit::bridge::launch::Program;
use testkit::kafka::REQUIRE;
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
    if std::env::args().next_back().as_deref() != Some(CARGO) {
        eprintln!("to be run by: cargo bench --bench guard");
        return ExitCode::SUCCESS;
    }
    let instructions = half("instructions", instructions::TOOL, instructions::count);
    let syscalls = half("syscalls", syscalls::TOOL, syscalls::count);
    if instructions && syscalls { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_child(job: &[&str]) {
    match job {
        [broker::MOCK, partitions, round_trip] => broker::run_mock(partitions, round_trip),
        [pure::PURE, part, times] => pure::run(part, times.parse().unwrap()),
        other => panic!("no such job: {other:?}"),
    }
}

/// Counts and shows one half; whether all of it is within its budget.
fn half(name: &str, tool: &str, count: fn() -> Vec<Budget>) -> bool {
    let there = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
    if there.is_err() {
        let required = std::env::var_os(REQUIRE).is_some_and(|value| value == "1");
        eprintln!("{} {name}: {tool} is needed", if required { "FAILED" } else { "SKIPPED" });
        return !required;
    }
    println!("{name} per post, by {tool}");
    let counted = count();
    for budget in &counted {
        println!("{budget}");
    }
    counted.iter().all(Budget::is_kept)
}
