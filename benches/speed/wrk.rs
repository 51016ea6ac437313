//! The load generator beside wrk, on the same servers and in turns: does it find what wrk finds?
//!
//! wrk repeats one post, since a script for each would cost it more than the posts. It asks in
//! batches of its own and counts its latencies in other steps, so agreement within the noise of the
//! machine is all that can be expected.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;

use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;
use testkit::notification::PATH;

use crate::row::Rounds;
use crate::sample::{Figure, Sample};
use crate::spread::{Short, Spread};
use crate::subject::{Role, Subject};
use crate::usage::Usage;

/// wrk's smallest step.
const SECONDS: &str = "1";

/// What is compared.
const FIGURES: [(Figure, &str); 5] = [
    (Figure::Rate, "posts/s"),
    (Figure::P50, "p50 ms"),
    (Figure::P99, "p99 ms"),
    (Figure::Cpu, "server's CPU us/post"),
    (Figure::Load, "load us/post"),
];

/// Runs both in turns and prints what each says.
pub(crate) fn compare(
    subjects: &[Subject; 3],
    connections: &[usize],
    rounds: Rounds,
) -> io::Result<()> {
    let script = tempfile::NamedTempFile::new()?;
    fs::write(&script, lua(Posts::new(1).next_request()))?;
    for &connections in connections {
        for subject in subjects.iter().filter(|subject| subject.role() != Role::Prototype) {
            let mut load = Load::connect(subject.addr(), connections, Posts::new(1))?;
            let mut pairs = Vec::new();
            for _ in 0..rounds.count {
                load.run(Pace::Closed, rounds.warm_up);
                let ours = Sample::take(&mut load, subject.pid(), Pace::Closed, rounds.time);
                pairs.push((ours, wrk(subject, connections, script.path().to_str().unwrap())?));
            }
            for sample in pairs.iter().flat_map(|(ours, wrk)| [ours, wrk]) {
                if sample.failures > 0 {
                    let why = sample.first_failure.as_deref().unwrap_or("wrk says so");
                    return Err(io::Error::other(format!("not answered 200: {why}")));
                }
            }
            println!("\n{}, connections: {connections}, app_ids: 1", subject.role().label());
            for (figure, title) in FIGURES {
                let ours = Spread::of(pairs.iter().map(|(ours, _)| ours.figure(figure)));
                let wrk = Spread::of(pairs.iter().map(|(_, wrk)| wrk.figure(figure)));
                let ratio =
                    pairs.iter().map(|(ours, wrk)| ours.figure(figure) / wrk.figure(figure));
                let (ours, wrk, ratio) = (Short(ours.median), Short(wrk.median), Spread::of(ratio));
                println!("{title:22} ours {ours:>8}   wrk {wrk:>8}   ours/wrk {ratio}");
            }
        }
    }
    Ok(())
}

/// One run of wrk, with one thread.
fn wrk(subject: &Subject, connections: usize, script: &str) -> io::Result<Sample> {
    let before = Usage::of(subject.pid());
    let output = Command::new("bash")
        .args(["-c", "time wrk \"$@\"", "wrk", "-t1", "-d", SECONDS, "--latency", "-s", script])
        .args(["-c", &connections.to_string()])
        .arg(url(subject.addr()))
        .env("TIMEFORMAT", "CPU %U %S")
        .output()?;
    let after = Usage::of(subject.pid());
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let field = |name, place| text.lines().find_map(|line| field(line, name, place));
    let number = |name| field(name, 0).and_then(|value| value.parse().ok());
    let read = || {
        let posts: f64 = text
            .lines()
            .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())?;
        let cpu: f64 = number("CPU")? + field("CPU", 1)?.parse::<f64>().ok()?;
        Some(Sample {
            failures: u64::from(text.contains("Non-2xx")),
            first_failure: None,
            posts_per_second: number("Requests/sec:")?,
            p50_ms: millis(field("50%", 0)?)?,
            p99_ms: millis(field("99%", 0)?)?,
            cpu_us: after.cpu_us_since(before, posts as u64),
            rss_mb: after.rss_mb(),
            load_us: cpu * 1e6 / posts,
        })
    };
    read().ok_or_else(|| {
        io::Error::other(format!("wrk is not there, or says something else: {text}"))
    })
}

fn field<'a>(line: &'a str, name: &str, place: usize) -> Option<&'a str> {
    line.trim().strip_prefix(name)?.split_whitespace().nth(place)
}

/// `1.23ms`
fn millis(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let factor = match unit {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

fn url(addr: SocketAddr) -> String {
    format!("http://{addr}{PATH}")
}

/// The script that makes wrk send this request.
fn lua(request: &[u8]) -> String {
    let request = std::str::from_utf8(request).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").expect("a request has a head");
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.filter(|(name, _)| !["Host", "Content-Length"].contains(name));
    let headers: String =
        headers.flat_map(|(name, value)| ["wrk.headers['", name, "'] = '", value, "'\n"]).collect();
    format!("wrk.method = 'POST'\n{headers}wrk.body = '{body}'\n")
}
