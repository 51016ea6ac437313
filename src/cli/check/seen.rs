//! What the bridge's own probe sees of a topic, or what it fails at.
//!
//! Promise: it ends within its deadline. It judges no settings of the topic.

use crate::cli::check::finding::{Finding, Subject};
use crate::cli::version;
use crate::clock::Clock;
use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::availability::topic_state::{TopicDescription, TopicState};
use crate::delivery::kafka::probe::Probe;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::topic::Topic;
use crate::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long the client may look.
const LOOK: Duration = Duration::from_secs(5);
/// How long a silence must last to be told: no post waits here.
const BELIEVED: Duration = Duration::from_millis(500);
/// For how long what is wrong must stay the same: the client's first words may not be its best.
const SETTLED: Duration = Duration::from_millis(1500);
/// Between two looks at what it has seen.
const PAUSE: Duration = Duration::from_millis(50);

/// See the module.
pub(super) enum Seen {
    /// It is there.
    Topic(TopicDescription),
    /// It is not, or nobody says so.
    Nothing(Finding),
}

/// Lets the bridge's own probe look until there is nothing more to be seen.
pub(super) async fn look(settings: &Settings, name: &Arc<str>) -> Seen {
    let metrics = Metrics::new(&version::build(), Counter::default());
    let availability = Arc::new(Availability::new(&metrics, BELIEVED));
    let topic = Topic::new(name.clone(), settings.message_max_bytes(), &Clock::system());
    let probe = match Probe::new(settings, &topic, availability.clone(), None, None) {
        Ok(probe) => probe,
        Err(error) => {
            let says = format!("no client of Kafka can be made: {error}");
            let mend = "look at --kafka-config and --kafka-property";
            return Seen::Nothing(Finding::fails(Subject::Brokers, says, mend));
        }
    };
    let watching = async {
        let (mut last, mut since) = (String::new(), Instant::now());
        loop {
            let known = availability.knowledge();
            let (said, is_well) = match &*known.topic {
                TopicState::Present(description) => {
                    let whole = description.usable == description.partitions;
                    (description.to_string(), whole)
                }
                TopicState::Missing { error } => (error.clone(), true),
                TopicState::Hidden { why } => (why.clone(), true),
                TopicState::Unknown => (why(&known.report), false),
            };
            if said != last {
                (last, since) = (said, Instant::now());
            }
            if is_well || !last.is_empty() && since.elapsed() >= SETTLED {
                return;
            }
            sleep(PAUSE).await;
        }
    };
    let stop = CancellationToken::new();
    tokio::select! {
        _ = probe.run(stop.clone()) => {}
        _ = timeout(LOOK, watching) => {}
    }
    let known = availability.knowledge();
    match &*known.topic {
        TopicState::Present(description) => Seen::Topic(description.clone()),
        TopicState::Missing { error } => Seen::Nothing(Finding::fails(
            Subject::Topic,
            format!("{name}: the brokers do not know it: {error}"),
            format!(
                "look at the flags, or make it: kafka-topics.sh --bootstrap-server {} --create --topic \
                 {name} --partitions 6 --replication-factor 3 --config min.insync.replicas=2 \
                 (with fewer than three brokers --replication-factor 1, and without the --config)",
                settings.brokers()
            ),
        )),
        TopicState::Hidden { why } => {
            let (says, command) = why.split_once(": ").unwrap_or((why, "docs/deploy.md"));
            Seen::Nothing(Finding::fails(Subject::Topic, format!("{name}: {says}"), command))
        }
        TopicState::Unknown => Seen::Nothing(silent(&why(&known.report))),
    }
}

fn why(report: &HealthReport) -> String {
    match report {
        HealthReport::Up | HealthReport::Untried => String::new(),
        HealthReport::Doubted { why }
        | HealthReport::Away { why }
        | HealthReport::Unproven { why, .. } => why.clone(),
    }
}

/// Tells by the client's words what it failed at.
fn silent(why: &str) -> Finding {
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    let (at, mend) = if has(&["SASL", "uthentication", "credentials"]) {
        (
            "the login (SASL)",
            "look at sasl.username, sasl.password and sasl.mechanism in --kafka-config",
        )
    } else if has(&["SSL", "TLS", "certificate", "ssl"]) {
        (
            "TLS",
            "look at security.protocol and ssl.ca.location: docs/kafka-properties.md#when-tls-fails",
        )
    } else if has(&["resolve", "resolver"]) {
        ("DNS", "look for a mistyped name in --brokers, or in the brokers' advertised.listeners")
    } else {
        (
            "Kafka",
            "look at the lines of the brokers above, and at security.protocol: \
             docs/kafka-properties.md#when-the-listener-speaks-another-protocol",
        )
    };
    let why = if why.is_empty() { "no broker has answered" } else { why };
    Finding::fails(Subject::Brokers, format!("{at}: {why}"), mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::finding::Verdict;

    #[test]
    fn what_the_client_failed_at_is_told_by_its_words() {
        for (said, at) in [
            (
                "no broker answers: k:1: SASL authentication error: Authentication failed",
                "the login",
            ),
            ("no broker answers: k:1: the broker's certificate is refused: 10", "TLS: "),
            ("no broker answers: k:1: Failed to resolve 'k:1'", "DNS: "),
            ("the resolver does not answer for k", "DNS: "),
            ("no broker answers: k:1: Disconnected while requesting ApiVersion", "Kafka: "),
            ("", "Kafka: no broker has answered"),
        ] {
            let finding = silent(said);
            assert!(finding.says.starts_with(at), "{finding:?}");
            assert!(finding.mend.is_some() && finding.verdict == Verdict::Fails);
        }
    }
}
