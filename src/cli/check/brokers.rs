//! The brokers to begin with: whether their names are known, and whether they are there.
//!
//! What lies above TCP, a client of Kafka finds out: see
//! [`topic`](crate::cli::check::topic).

use crate::cli::check::finding::{Finding, Subject, Verdict};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a resolver may take, and a connection.
const ANSWER: Duration = Duration::from_secs(1);
/// How long a broker may take in all, however many addresses it has.
const ALL: Duration = Duration::from_secs(2);

const UNREACHED: &str = "see that the broker runs, that the port is its listener's, and that no firewall is \
                         between";

/// What there is to say of them. One may be away, if another is there.
pub(super) async fn findings(brokers: &str) -> Vec<Finding> {
    let mut asked = JoinSet::new();
    for (place, broker) in brokers.split(',').map(str::to_owned).enumerate() {
        asked.spawn(async move {
            let there = timeout(ALL, broker_is_there(&broker)).await;
            (place, there.unwrap_or_else(|_| hangs(&broker)))
        });
    }
    let mut findings = asked.join_all().await;
    findings.sort_by_key(|(place, _)| *place);
    let mut findings: Vec<_> = findings.into_iter().map(|(_, finding)| finding).collect();
    if findings.iter().any(|finding| finding.verdict == Verdict::Holds) {
        for finding in &mut findings {
            if finding.verdict == Verdict::Fails {
                finding.verdict = Verdict::Warns;
            }
        }
    }
    findings
}

fn hangs(broker: &str) -> Finding {
    let says = format!("{broker}: TCP: none of its addresses answers within {ALL:?}");
    Finding::fails(Subject::Brokers, says, UNREACHED)
}

async fn broker_is_there(broker: &str) -> Finding {
    let fails = |says: String, mend: &str| Finding::fails(Subject::Brokers, says, mend);
    let addresses: Vec<SocketAddr> = match timeout(ANSWER, lookup_host(broker)).await {
        Err(_) => {
            let says = format!("{broker}: DNS: the resolver does not answer within {ANSWER:?}");
            return fails(says, "look at /etc/resolv.conf and the servers that it names");
        }
        Ok(Err(error)) => {
            let says = format!("{broker}: DNS: {error}");
            return fails(says, "look for a mistyped name in --brokers: getent hosts NAME");
        }
        Ok(Ok(addresses)) => addresses.collect(),
    };
    let mut last = String::new();
    for address in &addresses {
        let begun = Instant::now();
        match timeout(ANSWER, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let took = begun.elapsed();
                let says = format!("{broker}: {address} takes connections, in {took:.1?}");
                return Finding::holds(Subject::Brokers, says);
            }
            Ok(Err(error)) => last = format!("{broker}: TCP to {address}: {error}"),
            Err(_) => last = format!("{broker}: TCP to {address}: no answer within {ANSWER:?}"),
        }
    }
    fails(last, UNREACHED)
}
