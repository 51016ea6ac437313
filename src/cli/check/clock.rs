//! The brokers' clock against this machine's.

use crate::cli::check::finding::{Finding, Subject};
use crate::delivery::kafka::broker_clock::{self, Skew};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::topic::topic_config::TopicConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long the question for the clock may take: a new client, and three round trips.
const CLOCK: Duration = Duration::from_millis(2500);
/// Records have this machine's times; Kafka 4 refuses those that are an hour ahead, and people who
/// compare logs mind seconds.
const SKEW: Duration = Duration::from_secs(5);

/// What there is to say of it. Nothing is sent that could be written.
pub(super) async fn finding(settings: &Settings, name: &Arc<str>, config: TopicConfig) -> Finding {
    if config.refused_time().is_none() {
        let says = "not known: the topic takes every time, and a broker shows its clock only where it \
                    refuses one";
        return Finding::holds(Subject::Clock, says);
    }
    let (settings, name) = (settings.clone(), name.clone());
    let asking = spawn_blocking(move || broker_clock::ask(&settings, &name, &config));
    let skew = timeout(CLOCK, asking).await.ok().and_then(Result::ok).flatten();
    let mend = "have both clocks set by NTP: timedatectl";
    let (skew, way) = match skew {
        Some(Skew::Ahead(skew)) => (skew, "ahead of"),
        Some(Skew::Behind(skew)) => (skew, "behind"),
        None => {
            let says = "the brokers did not say what time it is";
            return Finding::warns(Subject::Clock, says, mend);
        }
    };
    let says = format!("the broker's is {skew:.1?} {way} this machine's");
    if skew > SKEW {
        return Finding::warns(Subject::Clock, says, mend);
    }
    Finding::holds(Subject::Clock, says)
}
