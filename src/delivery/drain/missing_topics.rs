//! Topics that rows wait for and that the brokers do not show. A plain value that gets the time.
//!
//! Promise: the rows of a topic other than the bridge's own do not hold up the rest for longer than
//! a bound: once brokers have denied it again and again for that long, they are quarantined, and so
//! are all that come while the last denial is fresh. Those of its own topic wait as long as it
//! takes: posts do, too.

use crate::delivery::drain::Drain;
use crate::delivery::kafka::producer::DeliveryReport;
use crate::delivery::spool::row::RowId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Denials that are further apart are not one spell: in between nobody was asked, as in an outage.
/// The client itself takes half a minute to believe one (`topic.metadata.propagation.max.ms`).
const APART: Duration = Duration::from_secs(120);

/// See the module.
#[derive(Debug)]
pub(super) struct MissingTopics {
    own: Arc<str>,
    bound: Duration,
    /// As many as rows name.
    denied: HashMap<Arc<str>, Denied>,
}

/// A spell of denials.
#[derive(Debug)]
struct Denied {
    first: Instant,
    last: Instant,
}

impl Denied {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) <= APART
    }
}

impl MissingTopics {
    pub(super) fn new(own: Arc<str>, bound: Duration) -> Self {
        Self { own, bound, denied: HashMap::new() }
    }

    /// The brokers do not show the topic.
    pub(super) fn missed(&mut self, topic: &Arc<str>, now: Instant) {
        if *topic == self.own {
            return;
        }
        let spell = Denied { first: now, last: now };
        let denied = self.denied.entry(topic.clone()).or_insert(spell);
        if !denied.is_fresh(now) {
            denied.first = now;
        }
        denied.last = now;
    }

    /// The brokers show it.
    pub(super) fn shown(&mut self, topic: &str) {
        self.denied.remove(topic);
    }

    /// Whether the brokers have denied it lately.
    pub(super) fn is_denied(&self, topic: &str, now: Instant) -> bool {
        self.denied.get(topic).is_some_and(|denied| denied.is_fresh(now))
    }

    /// How long its rows are waited for still; none where that has no end.
    pub(super) fn left(&self, topic: &str, now: Instant) -> Option<Duration> {
        let end = self.denied.get(topic)?.first.checked_add(self.bound)?;
        Some(end.saturating_duration_since(now))
    }

    /// Why rows of the topic are not waited for any more, if so.
    pub(super) fn given_up(&self, topic: &str, now: Instant) -> Option<String> {
        let denied = self.denied.get(topic).filter(|denied| denied.is_fresh(now))?;
        let lasted = denied.last.saturating_duration_since(denied.first);
        let bound = humantime::format_duration(self.bound);
        (lasted >= self.bound).then(|| format!("topic {topic} missing for {bound}"))
    }
}

impl Drain {
    /// Which topics the brokers do not show.
    pub(super) fn look_for_missing(&mut self, reports: &[DeliveryReport]) {
        for DeliveryReport { ticket, result } in reports {
            if result.as_ref().is_err_and(|error| error.is_about_topic())
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
    fn rows_of_a_missing_topic_are_set_aside_until_it_is_back() {
        let (mut missing, start) = (MissingTopics::new("own".into(), BOUND), Instant::now());
        let topic = Arc::from("typo");
        let mut now = start;
        while now < start + BOUND {
            assert_eq!(missing.given_up("typo", now), None);
            missing.missed(&topic, now);
            now += APART / 2;
        }
        missing.missed(&topic, now);
        let why = missing.given_up("typo", now);
        assert_eq!(why.as_deref(), Some("topic typo missing for 10m"));
        missing.shown("typo");
        assert_eq!(missing.given_up("typo", now), None);
    }

    #[test]
    fn an_outage_between_two_denials_does_not_count() {
        let (mut missing, start) = (MissingTopics::new("own".into(), BOUND), Instant::now());
        missing.missed(&"typo".into(), start);
        missing.missed(&"typo".into(), start + 2 * BOUND);
        assert_eq!(missing.given_up("typo", start + 2 * BOUND), None);
    }

    #[test]
    fn a_bound_without_end_is_never_reached() {
        let (mut missing, start) =
            (MissingTopics::new("own".into(), Duration::MAX), Instant::now());
        missing.missed(&"typo".into(), start);
        assert_eq!(missing.given_up("typo", start), None);
    }

    #[test]
    fn the_bridge_s_own_topic_is_waited_for() {
        let (mut missing, start) =
            (MissingTopics::new("own".into(), Duration::ZERO), Instant::now());
        missing.missed(&"own".into(), start);
        assert_eq!(missing.given_up("own", start), None);
    }
}
