//! `hookbridge check`: all that `serve` would read and reach, one by one: what holds, what warns,
//! what fails, and what mends it.
//!
//! Promise: it goes on behind what is wrong, changes nothing, writes no record, shows no secret, and
//! ends within 15 seconds, whatever hangs: each part has a deadline, and what is not done by then
//! fails.

mod brokers;
mod clock;
mod files;
mod finding;
mod ports;
mod seen;
mod setting;
mod spool;
mod topic;

use crate::args::check::CheckArgs;
use crate::args::output::Output;
use crate::cli::Failure;
use crate::cli::check::finding::{Finding, Report, Subject, Verdict};
use crate::cli::environment::EnvironmentError;
use crate::cli::logging::targets;
use crate::cli::otlp;
use crate::cli::screen::Screen;
use crate::config::review::Review;
use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long files may take to be read, and the spool's disk to answer.
const DISK: Duration = Duration::from_secs(2);
/// How long Kafka may take behind the connections to its brokers, which have two seconds: the sum of
/// what its parts may.
const KAFKA: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("{0} of the checks failed")]
    Failed(usize),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Checks, and prints what was found, with the `fault` of the environment, where there is one.
pub fn run(
    args: &CheckArgs,
    typed: &[OsString],
    fault: Option<EnvironmentError>,
) -> Result<(), Failure> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let of_environment = fault.map(|fault| {
        let mend = "write the variable as config/bridge.env has it";
        Finding::fails(Subject::Flags, fault.to_string(), mend)
    });
    let findings = of_environment.into_iter().chain(runtime.block_on(findings(args))).collect();
    // What hangs is not waited for.
    runtime.shutdown_background();
    let report = Report { settings: setting::resolve(typed), findings };
    let mut screen = Screen::new();
    screen.print(&match args.output {
        Output::Text => report.text(),
        Output::Json => report.json(),
    });
    screen.end().map_err(|error| Failure::at_work(CheckError::Output(error)))?;
    match report.count(Verdict::Fails) {
        0 => Ok(()),
        failed => Err(Failure::at_work(CheckError::Failed(failed))),
    }
}

async fn findings(args: &CheckArgs) -> Vec<Finding> {
    let serve = Arc::new(args.serve.clone());
    let reading = spawn_blocking({
        let serve = serve.clone();
        move || {
            let review = Review::of(&serve);
            let findings = files::findings(&serve, &review);
            (review, findings)
        }
    });
    let Ok(Ok((review, of_files))) = timeout(DISK, reading).await else {
        let says = format!("the files that flags name cannot be read within {DISK:?}");
        let mend = "look at the file systems that they are on";
        return vec![Finding::fails(Subject::Flags, says, mend)];
    };
    let mut findings: Vec<_> = review
        .faults
        .iter()
        .chain(&otlp::fault(&serve.otlp))
        .map(|fault| Finding::fails(Subject::Flags, fault.to_string(), mend(&fault.to_string())))
        .collect();
    if let Err(reason) = targets(&serve.log.log) {
        let says = format!("--log {}: {reason}", serve.log.log);
        findings.push(Finding::fails(Subject::Flags, says, "write it as in info,post=debug"));
    }
    if findings.is_empty() {
        findings.push(Finding::holds(Subject::Flags, "all values can be taken"));
    }
    findings.extend(of_files);
    let (ports, spool, kafka) =
        tokio::join!(ports::findings(&serve), of_spool(&review), of_kafka(&review));
    findings.into_iter().chain(ports).chain(spool).chain(kafka).collect()
}

/// What mends a flag, by how its fault ends, where its file cannot be read, or begins.
fn mend(fault: &str) -> &'static str {
    let reasons = [
        ("No such file or directory", "correct the path, or put the file there"),
        ("Not a directory", "correct the path: a part of it is a file and no folder"),
        ("Is a directory", "name the file, and not its folder"),
        ("Permission denied", "let the bridge's user read the file, and enter its folders"),
    ];
    if let Some((_, mend)) = reasons.iter().find(|(reason, _)| fault.contains(reason)) {
        return mend;
    }
    let mends = [
        ("--credentials ", "hookbridge credential USER prints a line that can be taken"),
        ("--kafka-", "docs/kafka-properties.md shows what typical files become"),
        ("--tls-", "give the chain and its own key, both in PEM and readable by the bridge's user"),
    ];
    let found = mends.iter().find(|(beginning, _)| fault.starts_with(beginning));
    found.map_or("hookbridge serve --help says what each flag takes", |(_, mend)| mend)
}

async fn of_spool(review: &Review) -> Vec<Finding> {
    let options = review.spool.clone();
    let looking = spawn_blocking(move || spool::findings(options.as_ref()));
    if let Ok(Ok(findings)) = timeout(DISK, looking).await {
        return findings;
    }
    let says = format!("the disk does not answer within {DISK:?}");
    vec![Finding::fails(Subject::Spool, says, "look at the disk, or give --spool another")]
}

async fn of_kafka(review: &Review) -> Vec<Finding> {
    let Some(settings) = &review.kafka else { return Vec::new() };
    let mut findings = brokers::findings(settings.brokers()).await;
    // Where none takes connections, a client of Kafka has nothing to add.
    let is_there = findings.iter().any(|finding| finding.verdict == Verdict::Holds);
    if !is_there {
        return findings;
    }
    if let Ok(seen) = timeout(KAFKA, topic::findings(settings, review)).await {
        findings.extend(seen);
    } else {
        let says = format!("Kafka does not answer within {KAFKA:?}");
        let mend = "look at the lines of the brokers above";
        findings.push(Finding::fails(Subject::Brokers, says, mend));
    }
    findings
}
