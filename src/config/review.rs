//! What each flag means and what is wrong with it, for whoever wants to know all that is: `check`.
//!
//! Promise: it judges as [`Config`](crate::config::Config) does, and goes on behind a fault.

use crate::args::serve::ServeArgs;
use crate::config::access::{exactly_one, read_credentials};
use crate::config::bounds::{at_most_a_day, limits, max_connections, positive};
use crate::config::dead_letters::dead_letter_topic;
use crate::config::grace::{Beside, Grace};
use crate::config::tls::{self, Shown};
use crate::config::{ConfigError, compaction, kafka, path, source, spool, topic};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::spool::SpoolOptions;
use crate::delivery::topic::topic_config::Plan;
use crate::webhook::auth::credentials::Credentials;
use std::sync::Arc;

/// See the module. What is wrong is not there.
pub struct Review {
    /// All that is wrong, in the order of the flags.
    pub faults: Vec<ConfigError>,
    /// `--credentials`
    pub credentials: Option<Credentials>,
    /// `--tls-cert`, `--tls-key`
    pub certificate: Option<Shown>,
    /// `--brokers`, `--kafka-config`, `--kafka-property`, `--ack-timeout`
    pub kafka: Option<Settings>,
    /// `--topic`
    pub topic: Option<Arc<str>>,
    /// `--invalid`, `--dead-letter-topic`: none where invalid posts are refused, too.
    pub dead_letter_topic: Option<Arc<str>>,
    /// `--max-body`, `--allow-compacted-topic`
    pub plan: Plan,
    /// `--spool`, `--spool-max-bytes`
    pub spool: Option<SpoolOptions>,
}

impl Review {
    /// Reads what the flags name. It may block, on the file system.
    pub fn of(args: &ServeArgs) -> Self {
        let mut faults = Vec::new();
        let mut note = |fault: Option<ConfigError>| faults.extend(fault);
        note(limits(args).err());
        note(path(&args.path).err());
        note(exactly_one(args).err());
        let credentials = args.credentials.as_deref().map(read_credentials).transpose();
        let credentials = credentials.unwrap_or_else(|fault| {
            note(Some(fault));
            None
        });
        let certificate = tls::show(args).unwrap_or_else(|fault| {
            note(Some(fault));
            None
        });
        note(at_most_a_day("--reload", args.reload).err());
        let kafka = kafka::settings(&args.kafka, args.ack_timeout);
        let kafka = kafka.map_err(|fault| note(Some(fault))).ok();
        let topic = topic("--topic", &args.topic).map_err(|fault| note(Some(fault))).ok();
        let dead_letter_topic =
            dead_letter_topic(args).map_err(|fault| note(Some(fault))).ok().flatten();
        note(source(args.source.clone()).err());
        let options = spool(args).map_err(|fault| note(Some(fault))).ok().flatten();
        note(at_most_a_day("--missing-topic-timeout", args.missing_topic_timeout).err());
        note(positive("--idle-timeout", args.idle_timeout).err());
        note(max_connections(args.max_connections).err());
        let beside = if args.spool.is_some() { Beside::Spool } else { Beside::Nothing };
        match at_most_a_day("--grace", args.grace) {
            Ok(grace) => note(Grace::new(grace, beside).check(args.ack_timeout).err()),
            Err(fault) => note(Some(fault)),
        }
        let plan = Plan { largest_value: args.max_body.as_u64(), compaction: compaction(args) };
        Self {
            faults,
            credentials,
            certificate,
            kafka,
            topic,
            dead_letter_topic,
            plan,
            spool: options,
        }
    }
}
