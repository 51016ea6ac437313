//! New producers for the drain: after a fault, and where the topic's limit has changed.
//!
//! Promise: what the old one had acked is known when the new one is handed its first row, unless the old
//! one does not end in time: then rows may be sent twice.

use crate::delivery::drain::restart_reason::Setback;
use crate::delivery::drain::suspects::Suspects;
use crate::delivery::drain::{Drain, DrainError, More};
use crate::delivery::kafka::producer::{Producer, ProducerError, Purpose, Report};
use crate::delivery::kafka::renewal::End;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Up to 0.5 s for the reports of each, and some for its threads. One of them may hang in the system's
/// resolver for ten seconds.
const RETIREMENT: Duration = Duration::from_secs(2);

impl Drain {
    /// After a fault: everything that was under way is sent again, by a new producer.
    pub(super) async fn start_over(&mut self, mut setback: Setback) -> Result<(), DrainError> {
        self.gate.drain_fault();
        let old = [Some(self.renew().await?), self.suspects.take().map(Suspects::into_producer)];
        // An ack is an ack, and a fatal error may come before the reports that say why.
        if let Some(last) = retire(old.into_iter().flatten().collect()).await {
            setback = setback.or_worse(self.window.take_in(last).setback);
        }
        self.narration.setback(setback, self.window.topic());
        if let (Setback::Suspects(fault, _), Some(topic)) = (setback, self.window.topic())
            && fault.may_be_about_time()
        {
            self.topic.times.batch_refused(topic);
        }
        match setback {
            Setback::Dead | Setback::Unacked(_) => {
                let pause = self.renewal.pause();
                match self.renewal.renewed(Instant::now()) {
                    End::First | End::Again => self.rest(pause),
                    End::Past => {}
                }
            }
            Setback::Suspects(fault, _) | Setback::Refused(fault, _) if fault.is_about_size() => {
                self.too_large.refused(&self.topic.limit, Instant::now());
            }
            Setback::GivenUp | Setback::Suspects(..) | Setback::Refused(..) => {}
        }
        self.window.start_over(setback);
        self.more = More::Perhaps;
        Ok(())
    }

    /// Batches that are too large for the topic would all be refused, without a fault of any row.
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
        self.sighting.over().await;
        self.refresher.renewed();
        let old = mem::replace(&mut self.producer, Arc::new(new));
        Ok(Arc::into_inner(old).expect("nothing is asked of it"))
    }

    pub(super) fn batch_size(&self) -> u32 {
        self.settings.batch_size(self.topic.limit.bytes())
    }
}

/// Ends producers and gives their last reports; none where a thread of theirs hangs, and then what was
/// under way is sent again.
async fn retire(old: Vec<Producer>) -> Option<Vec<Report>> {
    let retiring = spawn_blocking(|| old.into_iter().flat_map(Producer::retire).collect());
    timeout(RETIREMENT, retiring).await.ok()?.ok()
}
