//! Topics that rows wait for and that the brokers do not show. A plain value that is told the time.
//!
//! Promise: the rows of a topic other than the bridge's own do not hold up the rest for longer than a
//! bound: then they are set aside, and so are all later ones of that topic, until Kafka acks one of
//! it. Those of its own topic wait as long as it takes: posts do, too.

use crate::delivery::drain::Drain;
use crate::delivery::kafka::producer::Report;
use crate::delivery::spool::row::RowId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub(super) struct MissingTopics {
    own: Arc<str>,
    bound: Duration,
    /// Since when each is known to be missing. As many as rows name.
    since: HashMap<Arc<str>, Instant>,
}

impl MissingTopics {
    pub(super) fn new(own: Arc<str>, bound: Duration) -> Self {
        Self { own, bound, since: HashMap::new() }
    }

    /// The brokers do not show the topic.
    pub(super) fn missed(&mut self, topic: &Arc<str>, now: Instant) {
        if *topic != self.own {
            self.since.entry(topic.clone()).or_insert(now);
        }
    }

    /// Kafka has acked a record of it.
    pub(super) fn acked(&mut self, topic: &str) {
        self.since.remove(topic);
    }

    /// Why rows of the topic are not waited for any more, if so.
    pub(super) fn given_up(&self, topic: &str, now: Instant) -> Option<String> {
        let since = self.since.get(topic)?;
        let bound = humantime::format_duration(self.bound);
        (*since + self.bound <= now).then(|| format!("topic {topic} missing for {bound}"))
    }
}

impl Drain {
    /// Which topics the brokers do not show.
    pub(super) fn look_for_missing(&mut self, reports: &[Report]) {
        for Report { ticket, result } in reports {
            if result.as_ref().is_err_and(|fault| fault.is_about_topic())
                && let Some(topic) = self.window.topic_of(RowId::from_ticket(*ticket))
            {
                self.missing.missed(topic, Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(600);

    #[test]
    fn the_rows_of_a_topic_that_stays_away_are_given_up_until_it_is_back() {
        let (mut missing, start) = (MissingTopics::new("own".into(), BOUND), Instant::now());
        let topic = Arc::from("typo");
        missing.missed(&topic, start);
        missing.missed(&topic, start + BOUND / 2);
        assert_eq!(missing.given_up("typo", start + BOUND / 2), None);
        let why = missing.given_up("typo", start + BOUND);
        assert_eq!(why.as_deref(), Some("topic typo missing for 10m"));
        missing.acked("typo");
        assert_eq!(missing.given_up("typo", start + BOUND), None);
    }

    #[test]
    fn the_bridge_s_own_topic_is_waited_for() {
        let (mut missing, start) = (MissingTopics::new("own".into(), BOUND), Instant::now());
        missing.missed(&"own".into(), start);
        assert_eq!(missing.given_up("own", start + 2 * BOUND), None);
    }
}
