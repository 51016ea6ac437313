//! What a client of Kafka sees: TLS and login, each leader at its advertised address, the topic and
//! its settings, the right to write, the brokers' clock.
//!
//! Promise: no record is written, and it ends within the sum of its deadlines.

use crate::cli::check::clock;
use crate::cli::check::finding::{Finding, Subject};
use crate::cli::version;
use crate::clock::Clock;
use crate::config::review::Review;
use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::availability::topic_state::{TopicDescription, TopicState};
use crate::delivery::kafka::probe::{Probe, config_of};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::topic::Topic;
use crate::delivery::topic::topic_config::{Compaction, Plan, Situation, TopicConfig};
use crate::metrics::Metrics;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
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
/// How long the topic's settings and the spool may take to be read.
const READING: Duration = Duration::from_secs(2);
/// What there is to say of it.
pub(super) async fn findings(
    settings: &Settings,
    name: &Arc<str>,
    review: &Review,
) -> Vec<Finding> {
    let description = match look(settings, name).await {
        Seen::Topic(description) => description,
        Seen::Nothing(finding) => return vec![finding],
    };
    let mut findings = described(name, &description);
    let (config, oldest) =
        tokio::join!(timeout(READING, config_of(settings, name)), oldest(review));
    let situation = Situation { replicas: description.replicas, oldest };
    let Some(config) = config.ok().flatten() else {
        let says =
            format!("{name}: its settings cannot be read: nobody warns of those that cost records");
        let mend = format!(
            "give the right: kafka-acls.sh --bootstrap-server {} --add --allow-principal User:NAME \
             --operation DescribeConfigs --topic {name}",
            settings.brokers()
        );
        findings.push(Finding::warns(Subject::Topic, says, mend));
        // What is seen without them.
        findings.extend(warned(name, TopicConfig::default().warnings(&review.plan, &situation)));
        return findings;
    };
    findings.extend(judged(name, &config, &review.plan, &situation));
    findings.push(clock::finding(settings, name, config).await);
    findings
}

enum Seen {
    Topic(TopicDescription),
    Nothing(Finding),
}

/// Lets the bridge's own probe look until there is nothing more to be seen.
async fn look(settings: &Settings, name: &Arc<str>) -> Seen {
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
                "look at --topic, or make it: kafka-topics.sh --bootstrap-server {} --create --topic \
                 {name} --partitions 6 --replication-factor 3 --config min.insync.replicas=2",
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

fn described(name: &str, description: &TopicDescription) -> Vec<Finding> {
    let TopicDescription { partitions, reached, usable, replicas, reasons, forbidden, .. } =
        description;
    let mut findings = Vec::new();
    let says =
        format!("{name}: {usable} of {partitions} partitions take records, of {replicas} replicas");
    if usable == partitions {
        findings.push(Finding::holds(Subject::Topic, says));
        let says =
            format!("{reached} of {partitions} leaders answer at their advertised addresses");
        findings.push(Finding::holds(Subject::Brokers, says));
    }
    for reason in reasons {
        let (subject, mend) = if reason.starts_with("no answer of the leader") {
            (
                Subject::Brokers,
                "advertised.listeners of that broker must lead there from this machine",
            )
        } else {
            (
                Subject::Topic,
                "kafka-topics.sh --describe shows leaders and replicas in sync: start what is missing",
            )
        };
        findings.push(Finding::fails(subject, format!("{name}: {reason}"), mend));
    }
    match forbidden {
        Some(why) => {
            let (says, command) = why.split_once(": ").unwrap_or((why, "docs/deploy.md"));
            findings.push(Finding::fails(Subject::Topic, format!("{name}: {says}"), command));
        }
        None => findings.push(Finding::holds(
            Subject::Topic,
            format!("{name}: nobody denies the right to write"),
        )),
    }
    findings
}

/// What the settings mean for records.
fn judged(name: &str, config: &TopicConfig, plan: &Plan, situation: &Situation) -> Vec<Finding> {
    if config.is_compacted_only() && plan.compaction == Compaction::Refused {
        let says =
            format!("{name}: cleanup.policy=compact keeps only the newest record of each app_id");
        let mend = format!(
            "kafka-configs.sh --alter --topic {name} --add-config cleanup.policy=delete, or insist with \
             --allow-compacted-topic"
        );
        return vec![Finding::fails(Subject::Topic, says, mend)];
    }
    let warnings = config.warnings(plan, situation);
    if warnings.is_empty() {
        let says = format!("{name}: its settings cost no records");
        return vec![Finding::holds(Subject::Topic, says)];
    }
    warned(name, warnings)
}

fn warned(name: &str, warnings: Vec<String>) -> Vec<Finding> {
    let mend = "docs/operate.md#settings-of-the-topic-that-cost-records says what to set";
    let warns = |warning| Finding::warns(Subject::Topic, format!("{name}: {warning}"), mend);
    warnings.into_iter().map(warns).collect()
}

/// How old the oldest record on disk is, if one waits.
async fn oldest(review: &Review) -> Option<Duration> {
    let dir = review.spool.as_ref()?.dir.clone();
    let reading = spawn_blocking(move || SpoolReader::open(&dir).ok()?.summary().ok());
    let summary = timeout(READING, reading).await.ok()?.ok()??;
    summary.oldest?.elapsed().ok()
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

    #[test]
    fn a_leader_that_is_not_reached_or_a_missing_right_fails() {
        let description = TopicDescription {
            partitions: 3,
            reached: 2,
            usable: 1,
            replicas: 3,
            reasons: vec![
                "no answer of the leader k:2: Connection refused".to_owned(),
                "too few replicas in sync (min.insync.replicas=2): 1".to_owned(),
            ],
            forbidden: Some(
                "no right to write to the topic, which this gives: kafka-acls.sh".into(),
            ),
            ..TopicDescription::default()
        };
        let findings = described("events", &description);
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Fails), "{findings:?}");
        let mends: Vec<_> = findings.iter().filter_map(|finding| finding.mend.as_deref()).collect();
        assert!(mends[0].starts_with("advertised.listeners") && mends[2] == "kafka-acls.sh");
        assert_eq!(findings.len(), 3);
    }
}
