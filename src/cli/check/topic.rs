//! What a client of Kafka sees: TLS and login, each leader at its advertised address, the topics and
//! their settings, the right to write, the brokers' clock.
//!
//! Promise: no record is written, and it ends within the sum of its deadlines.

use crate::cli::check::clock;
use crate::cli::check::finding::{Finding, Subject};
use crate::cli::check::seen::{Seen, look};
use crate::config::review::Review;
use crate::delivery::availability::topic_state::TopicDescription;
use crate::delivery::kafka::probe::config_of;
use crate::delivery::kafka::settings::Settings;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::topic::topic_config::{Compaction, Plan, Situation, TopicConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long a topic's settings and the spool may take to be read.
const READING: Duration = Duration::from_secs(2);

/// What there is to say of that of notifications, and of that of dead letters where there is one: both
/// at the same time.
pub(super) async fn findings(settings: &Settings, review: &Review) -> Vec<Finding> {
    let of = async |name: Option<&Arc<str>>, plan| match name {
        Some(name) => of_topic(settings, name, &plan, review).await,
        None => (Vec::new(), None),
    };
    // Settings that cost dead letters are warned of, and stop nothing.
    let of_second = Plan { compaction: Compaction::Allowed, ..review.plan };
    let ((mut findings, config), (second, _)) = tokio::join!(
        of(review.topic.as_ref(), review.plan),
        of(review.dead_letter_topic.as_ref(), of_second)
    );
    if let Some((name, config)) = review.topic.as_ref().zip(config) {
        findings.push(clock::finding(settings, name, config).await);
    }
    // What is wrong with all of Kafka is told once.
    let new = |finding: &Finding| findings.iter().all(|known| known.says != finding.says);
    let second: Vec<_> = second.into_iter().filter(new).collect();
    findings.extend(second);
    findings
}

/// What there is to say of one of them, and its settings.
async fn of_topic(
    settings: &Settings,
    name: &Arc<str>,
    plan: &Plan,
    review: &Review,
) -> (Vec<Finding>, Option<TopicConfig>) {
    let description = match look(settings, name).await {
        Seen::Topic(description) => description,
        Seen::Nothing(finding) => return (vec![finding], None),
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
        findings.extend(warned(name, TopicConfig::default().warnings(plan, &situation)));
        return (findings, None);
    };
    findings.extend(judged(name, &config, plan, &situation));
    (findings, Some(config))
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
