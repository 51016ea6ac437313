//! New producers for the drain: after a fault, and where the topic's limit has changed.
//!
//! Promise: nothing of the old one is under way any more when the new one is handed its first row,
//! and what the old one had acked is known.

use crate::delivery::drain::setback::Setback;
use crate::delivery::drain::suspects::Suspects;
use crate::delivery::drain::{Drain, DrainError, More};
use crate::delivery::kafka::producer::{Producer, ProducerError, Purpose};
use crate::delivery::kafka::renewal::End;
use std::mem;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::spawn_blocking;

impl Drain {
    /// After a fault: everything that was under way is sent again, by a new producer.
    pub(super) async fn start_over(&mut self, mut setback: Setback) -> Result<(), DrainError> {
        self.crossing.drain_fault();
        let old = self.renew().await?;
        if let Some(suspects) = self.suspects.take() {
            suspects.retire().await;
        }
        // An ack is an ack, and a fatal error may come before the reports that say why.
        if let Ok(last) = spawn_blocking(move || old.retire()).await {
            setback = setback.or_worse(self.window.take_in(last).setback);
        }
        self.narration.setback(setback, self.window.topic());
        match setback {
            Setback::Dead | Setback::Unacked(_) => {
                let pause = self.renewal.pause();
                match self.renewal.renewed(Instant::now()) {
                    End::First | End::Again => self.rest(pause),
                    End::Past => {}
                }
            }
            Setback::Suspects(fault, _) | Setback::Refused(fault, _) if fault.is_about_size() => {
                self.topic.limit.doubt();
            }
            Setback::Suspects(..) | Setback::Refused(..) => {}
        }
        self.window.start_over(setback);
        if self.window.is_alone() {
            self.suspects = Some(Suspects::new(&self.settings, self.batch_size())?);
        }
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
            drop(spawn_blocking(move || old.retire()).await);
        }
        Ok(())
    }

    /// Gives the old producer, which a new one has replaced.
    async fn renew(&mut self) -> Result<Producer, ProducerError> {
        let new = Producer::new(&self.settings, Purpose::Drain, self.batch_size())?;
        self.refresher.answered().await;
        self.refresher.renewed();
        let old = mem::replace(&mut self.producer, Arc::new(new));
        Ok(Arc::into_inner(old).expect("nothing is asked of it"))
    }

    fn batch_size(&self) -> u32 {
        self.settings.batch_size(self.topic.limit.bytes())
    }
}
