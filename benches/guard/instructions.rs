//! How many instructions the pure parts of a post are.
//!
//! A part is run few times and many times, and the difference divided, so that what a process does
//! before and after is not counted. valgrind's processor has no SHA instructions: the digests of
//! credentials and record are counted in software, and are most of both.

use crate::budget::Budget;
use crate::pure::{CREDENTIALS, NOTIFICATION, PURE, RECORD};
use std::process::Command;

pub(crate) const TOOL: &str = "valgrind";

/// Each part and its budget: what was measured with Rust 1.95, and a tenth.
const BUDGETS: [(&str, f64); 3] = [
    (CREDENTIALS, 9_000.0),  // measured: 8,192
    (NOTIFICATION, 5_400.0), // measured: 4,915
    (RECORD, 24_500.0),      // measured: 22,268
];

/// Caches, tables and lazy cells are filled by the first few.
const FEW: u64 = 10;
const MANY: u64 = 1000;

/// Counts all parts.
pub(crate) fn count() -> Vec<Budget> {
    let counted = BUDGETS.map(|(part, at_most)| {
        let found = (run(part, FEW + MANY) - run(part, FEW)) as f64 / MANY as f64;
        Budget { name: part.to_owned(), found, at_most }
    });
    counted.into()
}

/// All instructions of a process that does a part this many times.
fn run(part: &str, times: u64) -> u64 {
    let output = Command::new(TOOL)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["child", PURE, part, &times.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let collected = text.lines().find_map(|line| Some(line.split_once("Collected : ")?.1));
    let collected = collected.unwrap_or_else(|| panic!("callgrind counted nothing: {text}"));
    collected.trim().parse().unwrap()
}
