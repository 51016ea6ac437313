//! `hookbridge probe`: what a running bridge answers on its admin port, for health checks where there
//! is neither a shell nor an HTTP client.
//!
//! Promise: it ends within `--deadline`. Success is a bridge that is alive, or ready; what `/readyz`
//! says of each part is printed either way. It needs no flag where the environment is the bridge's own.

use crate::args::probe::{ProbeArgs, ProbeTarget};
use crate::cli::Failure;
use crate::cli::http_client::{Answer, HttpClient, HttpError};
use crate::cli::printable::printable_line;
use crate::cli::screen::Screen;
use crate::config::bounds::positive;
use serde::Deserialize;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::runtime;
use tokio::time::timeout;

/// The longest text of an answer that is no bridge's.
const FOREIGN: usize = 200;
/// The status of `/readyz` where a post could not be made durable.
const NOT_READY: u16 = 503;

#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error(
        "--admin-listen: port 0 is no port to ask; give the one that the log of the bridge names"
    )]
    NoPort,
    #[error(
        "{address} did not answer within {}: raise --deadline, or see what the bridge has logged",
        humantime::format_duration(*.deadline)
    )]
    Silent { address: SocketAddr, deadline: Duration },
    #[error("no bridge answers: does it run, and is --admin-listen as `serve` was given it?")]
    Http(#[from] HttpError),
    #[error("{path} was answered {status}")]
    Refused { path: &'static str, status: String },
    #[error("{path} was answered {status}: --admin-listen is no bridge's admin port")]
    Foreign { path: &'static str, status: String },
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// What `/readyz` says.
#[derive(Deserialize)]
struct Readiness {
    status: String,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
}

/// Asks, and prints the answer.
pub fn run(args: &ProbeArgs) -> Result<(), Failure> {
    let deadline = positive("--deadline", args.deadline).map_err(Failure::of_configuration)?;
    let address = reachable(args.admin_listen);
    if address.port() == 0 {
        return Err(Failure::of_configuration(ProbeError::NoPort));
    }
    let path = match args.what {
        ProbeTarget::Livez => "/livez",
        ProbeTarget::Readyz => "/readyz",
    };
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let asking = async { timeout(deadline, ask(address, path)).await };
    let answered = runtime.block_on(asking);
    let answer = answered.unwrap_or(Err(ProbeError::Silent { address, deadline }));
    let answer = answer.map_err(Failure::at_work)?;
    let mut screen = Screen::new();
    screen.print(&text(&answer.body));
    screen.end().map_err(|error| Failure::at_work(ProbeError::Output(error)))?;
    if answer.status.is_success() {
        return Ok(());
    }
    let status = answer.status.to_string();
    Err(Failure::at_work(match answer.status.as_u16() {
        NOT_READY => ProbeError::Refused { path, status },
        _ => ProbeError::Foreign { path, status },
    }))
}

async fn ask(address: SocketAddr, path: &str) -> Result<Answer, ProbeError> {
    Ok(HttpClient::connect(address).await?.get(path).await?)
}

/// A bridge that listens on all addresses listens on the loopback, too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host @ (IpAddr::V4(_) | IpAddr::V6(_)) => host,
    };
    SocketAddr::new(host, listen.port())
}

/// The answer for people: a line for the whole, and one for each check.
fn text(body: &[u8]) -> String {
    let Ok(Readiness { status, checks }) = serde_json::from_slice(body) else {
        let body: String = String::from_utf8_lossy(body).trim_end().chars().take(FOREIGN).collect();
        return printable_line(&body) + "\n";
    };
    let mut text = printable_line(&status) + "\n";
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for Check { name, ok, detail } in checks {
        let (name, detail) = (printable_line(&name), printable_line(&detail));
        let ok = if ok { "ok" } else { "not ok" };
        writeln!(text, "  {name:width$}  {ok:6}  {detail}").expect("a String takes all text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_by_the_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("10.0.0.7:1", "10.0.0.7:1"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn what_is_no_bridge_s_answer_is_shown_in_one_short_line() {
        let body = format!("<html>\n\u{1b}[2J{}", "x".repeat(300));
        let text = text(body.as_bytes());
        assert!(text.starts_with("<html>\\n\\u{1b}[2Jxxx") && text.ends_with("xx\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
