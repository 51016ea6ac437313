//! Rows out of the spool, once Kafka has them or has refused them.
//!
//! Promise: one release at a time; what could not be released is kept and tried again.

use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::drain::letter_sender::LetterSender;
use crate::delivery::drain::look_around::Attempt;
use crate::delivery::drain::suspects::raised;
use crate::delivery::drain::window::ends::ToRelease;
use crate::delivery::drain::{Drain, DrainError, LAST_ACKS};
use crate::delivery::spool::error::AccessError;
use std::io;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

impl Drain {
    /// Begins to release what was acked or refused, unless a release is under way.
    pub(super) fn begin_release(&mut self) -> Result<(), DrainError> {
        if self.releasing.is_some() {
            return Ok(());
        }
        let Some(ToRelease { acked, refused }) = self.window.begin_release() else { return Ok(()) };
        self.note_age();
        let (done, released) = oneshot::channel();
        let done = |result| drop(done.send(result));
        match self.gate.spool().release(acked, refused, done) {
            Ok(()) => {
                self.releasing = Some(released);
                Ok(())
            }
            Err(error) => self.end_release(Err(error)),
        }
    }

    /// What could not be released is tried again.
    pub(super) fn end_release(
        &mut self,
        released: Result<(), AccessError>,
    ) -> Result<(), DrainError> {
        self.releasing = None;
        match released {
            Ok(()) => {
                let rows = self.window.end_release();
                self.gate.released(rows);
                self.log.released(rows, Instant::now());
                self.disk_worked(Attempt::Release);
                Ok(())
            }
            Err(error) => {
                self.window.take_back_release();
                self.disk_failed(&error, Attempt::Release)
            }
        }
    }

    /// Waits a moment for acks of what was sent, and releases what has them.
    pub(super) async fn finish(mut self) -> Result<(), DrainError> {
        if self.availability.report() == HealthReport::Up {
            let acks = async {
                while self.window.is_under_way() {
                    tokio::select! {
                        raised = self.producer.raised() => raised?,
                        raised = raised(self.suspects.as_mut()) => raised?,
                    }
                    self.take_in();
                }
                io::Result::Ok(())
            };
            if let Ok(waited) = timeout(LAST_ACKS, acks).await {
                waited?;
            }
        }
        // The one that is under way, one for acked rows, one for refused ones. What fails is sent
        // again.
        for _ in 0..3 {
            self.begin_release()?;
            if self.releasing.is_some() {
                let released = answer(&mut self.releasing).await;
                self.end_release(released)?;
            }
        }
        self.refresher.answered().await;
        self.topic_check.question.over().await;
        self.log.end();
        // What is still under way is sent again: their last reports are not waited for.
        let letters = self.dead_letters.as_mut().and_then(LetterSender::end);
        let producers = (self.suspects.take(), letters, self.producer);
        drop(spawn_blocking(move || drop(producers)).await);
        Ok(())
    }
}

/// The answer of the spool's thread to a release; none comes while none is under way.
pub(super) async fn answer(
    releasing: &mut Option<oneshot::Receiver<Result<(), AccessError>>>,
) -> Result<(), AccessError> {
    match releasing {
        Some(released) => released.await.unwrap_or(Err(AccessError::Closed)),
        None => std::future::pending().await,
    }
}
