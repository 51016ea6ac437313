//! New producers for the drain: after an error, and where the topic's limit has changed.
//!
//! Promise: what the old one had acked is known when the new one is handed its first row, unless
//! the old one does not end in time: then rows may be sent twice.

use crate::delivery::drain::restart_reason::RestartReason;
use crate::delivery::drain::suspects::Suspects;
use crate::delivery::drain::{Drain, DrainError, More};
use crate::delivery::kafka::producer::{DeliveryReport, Producer, ProducerError, Purpose};
use crate::delivery::kafka::producer_renewal::ProducerEnd;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Longer than the healthy end of two producers takes. A thread of theirs may wait in the system's
/// resolver for longer.
const RETIREMENT: Duration = Duration::from_secs(2);

impl Drain {
    /// After an error: everything that was under way is sent again, by a new producer.
    pub(super) async fn start_over(&mut self, mut reason: RestartReason) -> Result<(), DrainError> {
        self.gate.drain_fault();
        let old = [Some(self.renew().await?), self.suspects.take().map(Suspects::into_producer)];
        // An ack is an ack, and a fatal error may come before the reports that say why.
        if let Some(last) = retire(old.into_iter().flatten().collect()).await {
            reason = reason.or_worse(self.window.take_in(last).reason);
        }
        if let (RestartReason::Refused(error, row), Some(_)) = (reason, &self.dead_letters) {
            // Sent again alone, it is at hand when it is refused.
            reason = RestartReason::Suspects(error, row);
        }
        self.log.reason(reason, self.window.topic());
        if let (RestartReason::Suspects(error, _), Some(topic)) = (reason, self.window.topic())
            && error.may_be_about_time()
        {
            self.topic.times.batch_refused(topic);
        }
        match reason {
            RestartReason::Dead | RestartReason::Unacked(_) => {
                let pause = self.renewal.pause();
                match self.renewal.renewed(Instant::now()) {
                    ProducerEnd::First | ProducerEnd::Again => self.rest(pause),
                    ProducerEnd::Past => {}
                }
            }
            RestartReason::Suspects(error, _) | RestartReason::Refused(error, _)
                if error.is_about_size() =>
            {
                self.too_large.refused(&self.topic.limit, Instant::now());
            }
            RestartReason::OldKeys
            | RestartReason::GivenUp
            | RestartReason::Suspects(..)
            | RestartReason::Refused(..) => {}
        }
        self.window.start_over(reason);
        self.more = More::Perhaps;
        Ok(())
    }

    /// Batches that are too large for the topic would all be refused, though no row is at fault.
    pub(super) async fn heed_limit(&mut self) -> Result<(), DrainError> {
        let outdated = self.producer.batch_size() != self.batch_size();
        if outdated && !self.window.is_under_way() {
            let old = self.renew().await?;
            self.window.forget_keys();
            // Nothing is under way: there are no reports.
            retire(vec![old]).await;
        }
        Ok(())
    }

    /// Gives the old producer, which a new one has replaced.
    async fn renew(&mut self) -> Result<Producer, ProducerError> {
        let new = Producer::new(&self.settings, Purpose::Drain, self.batch_size())?;
        self.refresher.answered().await;
        self.topic_check.question.over().await;
        self.refresher.renewed();
        let old = mem::replace(&mut self.producer, Arc::new(new));
        Ok(Arc::into_inner(old).expect("nothing is asked of it"))
    }

    pub(super) fn batch_size(&self) -> u32 {
        self.settings.batch_size(self.topic.limit.bytes())
    }
}

/// Ends producers and gives their last reports; none where a thread of theirs hangs, and then what
/// was under way is sent again.
async fn retire(old: Vec<Producer>) -> Option<Vec<DeliveryReport>> {
    let retiring = spawn_blocking(|| old.into_iter().flat_map(Producer::retire).collect());
    timeout(RETIREMENT, retiring).await.ok()?.ok()
}
