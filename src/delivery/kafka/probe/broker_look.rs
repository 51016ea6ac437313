//! One look at the brokers and the topic.
//!
//! Promise: it blocks for a few [`ANSWER_TIMEOUT`]s at most. A leader counts only where it has
//! answered this client itself: that some broker names it proves nothing, since its address may
//! lead nowhere.

use crate::delivery::availability::health_report::ProbeError;
use crate::delivery::availability::topic_state::{TopicDescription, TopicState};
use crate::delivery::kafka::ANSWER_TIMEOUT;
use crate::delivery::kafka::probe::events;
use crate::delivery::kafka::probe::listener::{Astray, Listener};
use crate::delivery::kafka::probe::resolver::Resolver;
use crate::delivery::kafka::write_right::{Advice, WriteRight};
use rdkafka::client;
use rdkafka::error::KafkaError;
use rdkafka::metadata::{Metadata, MetadataPartition};
use rdkafka::types::RDKafkaErrorCode as Code;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

/// Events of the client that are read at once: each look gets rid of more than its pause adds. Its
/// log and errors come as events of a queue that is read here or nowhere.
const EVENTS: usize = 1_000;
/// Leaders that are asked at once, each by a thread of its own, since librdkafka blocks for it.
const AT_ONCE: usize = 16;
/// Leaders that do not answer and are named.
const NAMED: usize = 3;

/// What something probably is that speaks Kafka's protocol and knows no topics.
const NO_BROKER: &str = ": is this the port of a controller, or of a Kafka before 0.11?";

/// The client that looks.
pub(super) type Client = client::Client<Listener>;

/// What is looked at.
pub(super) struct BrokerLook {
    pub(super) topic: Arc<str>,
    /// The topic's, where it is known.
    pub(super) min_insync_replicas: Option<usize>,
    /// What is to be done where a right is missing.
    pub(super) advice: Arc<Advice>,
    pub(super) resolver: Arc<Resolver>,
}

/// A leader that did not answer.
struct Unreached {
    address: String,
    code: Code,
}

impl BrokerLook {
    /// Takes it. Blocks.
    pub(super) fn take(&self, client: &Client) -> Result<TopicState, ProbeError> {
        let metadata = client.fetch_metadata(Some(&self.topic), ANSWER_TIMEOUT);
        let metadata = metadata.map_err(|error| self.silence(client, &error))?;
        client.context().looked(None);
        let Some(seen) = metadata.topics().iter().find(|seen| seen.name() == &*self.topic) else {
            return Ok(TopicState::Missing { error: "not listed".to_owned() });
        };
        if let Some(error) = seen.error() {
            let code = Code::from(error);
            let is_hidden = code == Code::TopicAuthorizationFailed;
            return Ok(if is_hidden {
                TopicState::Hidden { why: self.advice.to_see() }
            } else {
                TopicState::Missing { error: format!("{code:?}") }
            });
        }
        let (unreached, right) = self.ask(client, &metadata, seen.partitions());
        events::read(client, EVENTS);
        let description = self.describe(client, seen.partitions(), &unreached, right);
        if description.reached == description.partitions {
            client.context().words.forget();
        } else if description.reached == 0 {
            let addresses = unreached.into_values().map(|leader| leader.address).collect();
            client.context().looked(Some(Astray { addresses, seen: description.to_string() }));
        }
        Ok(TopicState::Present(description))
    }

    /// Asks every leader something that only a leader answers, and a broker for our rights.
    fn ask(
        &self,
        client: &Client,
        metadata: &Metadata,
        partitions: &[MetadataPartition],
    ) -> (BTreeMap<i32, Unreached>, WriteRight) {
        let mut leaders = BTreeMap::new();
        for partition in partitions.iter().filter(|partition| partition.leader() >= 0) {
            leaders.entry(partition.leader()).or_insert(partition.id());
        }
        let brokers = metadata.brokers().iter();
        let addresses: BTreeMap<_, _> = brokers
            .map(|broker| (broker.id(), format!("{}:{}", broker.host(), broker.port())))
            .collect();
        let leaders: Vec<_> = leaders.into_iter().collect();
        thread::scope(|scope| {
            let right = scope.spawn(|| WriteRight::ask(client, &self.topic, ANSWER_TIMEOUT));
            let mut unreached = BTreeMap::new();
            for some in leaders.chunks(AT_ONCE) {
                let asked = some.iter().map(|(leader, partition)| {
                    (leader, scope.spawn(|| self.reach(client, *partition)))
                });
                for (leader, asked) in asked.collect::<Vec<_>>() {
                    let address = addresses.get(leader).cloned();
                    let address = address.unwrap_or_else(|| format!("broker {leader}"));
                    match asked.join().unwrap_or(Err(Code::Fail)) {
                        Ok(()) => client.context().words.answered(&address),
                        Err(code) => drop(unreached.insert(*leader, Unreached { address, code })),
                    }
                }
            }
            (unreached, right.join().unwrap_or(WriteRight::Unknown))
        })
    }

    /// Whether the leader of this partition answers, whatever it says.
    fn reach(&self, client: &Client, partition: i32) -> Result<(), Code> {
        match client.fetch_watermarks(&self.topic, partition, ANSWER_TIMEOUT) {
            Ok(_) => Ok(()),
            Err(error) => match error.rdkafka_error_code() {
                // Only the client's own codes are below zero.
                Some(code) if (code as i32) < 0 => Err(code),
                Some(_) => Ok(()),
                None => Err(Code::Fail),
            },
        }
    }

    /// Why no broker has answered, in the client's own words.
    fn silence(&self, client: &Client, error: &KafkaError) -> ProbeError {
        events::read(client, EVENTS);
        let code = error.rdkafka_error_code().unwrap_or(Code::Unknown);
        let silence = |why| {
            // Where no connection is to be had a post cannot be luckier; one that is slow may be.
            if code == Code::BrokerTransportFailure {
                ProbeError::Dead(why)
            } else {
                ProbeError::Slow(why)
            }
        };
        if let Some(seen) = client.context().still_astray() {
            return silence(seen);
        }
        let hangs = self.resolver.hangs_at();
        let hangs = hangs.map(|name| format!("the resolver does not answer for {name}"));
        // A resolver that is merely slow hides nothing that the client has said.
        let words: Vec<_> = hangs.into_iter().chain(client.context().words.all()).collect();
        let words = (!words.is_empty()).then(|| words.join("; "));
        let words = words.unwrap_or_else(|| {
            let is_none = matches!(code, Code::UnsupportedFeature | Code::UnsupportedVersion);
            let what = if is_none { NO_BROKER } else { "" };
            format!("{code:?}{what}")
        });
        silence(format!("no broker answers: {words}"))
    }

    fn describe(
        &self,
        client: &Client,
        partitions: &[MetadataPartition],
        unreached: &BTreeMap<i32, Unreached>,
        right: WriteRight,
    ) -> TopicDescription {
        let is_reached = |partition: &&MetadataPartition| {
            partition.leader() >= 0 && !unreached.contains_key(&partition.leader())
        };
        let wanted = self.min_insync_replicas.unwrap_or(1);
        // More than there can be are not asked for
        // (findings/kafka-min-insync-replicas-over-replication-factor.sh).
        let in_sync = |partition: &&MetadataPartition| {
            partition.isr().len() >= wanted.min(partition.replicas().len())
        };
        let reached = partitions.iter().filter(is_reached).count();
        let usable = partitions.iter().filter(is_reached).filter(in_sync).count();
        let leaderless = partitions.iter().filter(|partition| partition.leader() < 0).count();
        let mut reasons = Vec::new();
        if leaderless > 0 {
            reasons.push(format!("without a leader: {leaderless}"));
        }
        for Unreached { address, code } in unreached.values().take(NAMED) {
            let why = client.context().words.of(address);
            // Which of the two depends on whether there was a connection.
            let is_late = matches!(code, Code::OperationTimedOut | Code::TimedOutQueue);
            let late = is_late.then(|| format!("none within {ANSWER_TIMEOUT:?}"));
            let why = why.or(late).unwrap_or_else(|| format!("{code:?}"));
            reasons.push(format!("no answer of the leader {address}: {why}"));
        }
        if unreached.len() > NAMED {
            reasons.push(format!("nor of {} others", unreached.len() - NAMED));
        }
        if usable < reached {
            let short = reached - usable;
            reasons
                .push(format!("too few replicas in sync (min.insync.replicas={wanted}): {short}"));
        }
        let slow = leaderless == 0 && usable == reached;
        let slow = slow && unreached.values().all(|leader| leader.code == Code::OperationTimedOut);
        let forbidden = (right == WriteRight::Missing).then(|| self.advice.to_write());
        let replicas = partitions.iter().map(|partition| partition.replicas().len()).min();
        TopicDescription {
            partitions: partitions.len(),
            reached,
            usable,
            reasons,
            slow,
            replicas: replicas.unwrap_or(0),
            forbidden,
            ..TopicDescription::default()
        }
    }
}
