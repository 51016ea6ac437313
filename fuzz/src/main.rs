//! `cargo run --release --package hookbridge-fuzz`: all targets, with inputs made by chance of those of
//! `corpus/`.
//!
//! Promise: it ends after the time that was given, with exit code 0 if every promise held. Where one was
//! broken, the input is written to `artifacts/`, as `cargo fuzz` does, and its path is on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod mutator;

use crate::mutator::Mutator;
use clap::Parser;
use hookbridge_fuzz::Target;
use hookbridge_fuzz::authorization::Authorization;
use hookbridge_fuzz::credentials::CredentialsFile;
use hookbridge_fuzz::notification::Body;
use hookbridge_fuzz::segment::Segment;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{fs, io};

/// Where `corpus/` and `artifacts/` are.
const HOME: &str = env!("CARGO_MANIFEST_DIR");

/// Feeds what reads bytes with bytes
#[derive(Debug, Parser)]
struct Options {
    /// Time for all targets together
    #[arg(long, default_value = "60")]
    seconds: u64,

    /// Where chance begins; the same gives the same inputs
    #[arg(long, default_value = "1")]
    seed: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let targets: [(&str, Box<dyn Target>); 4] = [
        ("authorization", Box::new(Authorization::of_one_user())),
        ("credentials", Box::new(CredentialsFile)),
        ("notification", Box::new(Body)),
        ("segment", Box::new(Segment::in_memory())),
    ];
    let time = Duration::from_secs(options.seconds) / 4;
    let mut code = ExitCode::SUCCESS;
    for (name, target) in &targets {
        match run(name, &**target, time, options.seed) {
            Ok(inputs) => println!("{name:<14}{inputs:>10} inputs"),
            Err(error) => {
                eprintln!("{name}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// Gives how many inputs it has taken.
fn run(name: &str, target: &dyn Target, time: Duration, seed: u64) -> io::Result<u64> {
    let corpus = Path::new(HOME).join("corpus").join(name);
    let mut mutator = Mutator::of(&corpus, seed)?;
    let (end, mut inputs) = (Instant::now() + time, 0);
    while Instant::now() < end {
        let input = mutator.input();
        if catch_unwind(AssertUnwindSafe(|| target.run(input))).is_err() {
            let artifacts = Path::new(HOME).join("artifacts").join(name);
            fs::create_dir_all(&artifacts)?;
            let artifact = artifacts.join(format!("crash-{seed}-{inputs}"));
            fs::write(&artifact, input)?;
            let artifact = artifact.display();
            return Err(io::Error::other(format!("a promise is broken, with {artifact}")));
        }
        inputs += 1;
    }
    Ok(inputs)
}
