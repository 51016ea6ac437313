//! Rows out of the spool, once Kafka has them or has refused them.
//!
//! Promise: one release at a time, each one transaction; what could not be released is kept and
//! tried again.

use crate::delivery::drain::window::Ended;
use crate::delivery::drain::{Drain, DrainError, REST};
use crate::delivery::spool::error::AccessError;
use std::time::Instant;
use tokio::sync::oneshot;

impl Drain {
    /// Begins to release what was acked or refused, unless a release is under way.
    pub(super) fn begin_release(&mut self) -> Result<(), DrainError> {
        if self.releasing.is_some() {
            return Ok(());
        }
        let Some(Ended { acked, refused }) = self.window.begin_release() else { return Ok(()) };
        let (done, released) = oneshot::channel();
        let done = |result| drop(done.send(result));
        match self.crossing.spool().release(acked, refused, done) {
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
                self.crossing.released(rows);
                self.narration.released(rows, Instant::now());
                Ok(())
            }
            Err(error) => {
                self.window.take_back_release();
                self.disk_failed(&error, "release")
            }
        }
    }

    pub(super) fn disk_failed(
        &mut self,
        error: &AccessError,
        attempt: &'static str,
    ) -> Result<(), DrainError> {
        if matches!(error, AccessError::Closed) {
            return Err(DrainError::SpoolClosed);
        }
        self.narration.disk_failed(error, attempt);
        self.rest(REST);
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
