//! The publisher's producer, and what takes its place.
//!
//! Promise: nothing that may still be acked is given up for a new one. Brokers that refuse one producer
//! after the other are not asked by more than `producer_renewal` allows.

use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::producer::{Producer, Purpose};
use crate::delivery::kafka::producer_renewal::ProducerEnd;
use crate::delivery::publisher::{Publisher, PublisherState};
use std::mem;
use std::sync::Arc;
use std::time::Instant;

impl Publisher {
    /// Makes a new producer where the old one is at its end or outdated. Gives the old one, which is to
    /// end beside the loop, since that may block.
    pub(super) fn renew(&self) -> Option<Producer> {
        let old = self.replace_producer()?;
        Some(Arc::into_inner(old).expect("only the loop that calls this clones it"))
    }

    fn replace_producer(&self) -> Option<Arc<Producer>> {
        let (mut state, now) = (self.state.lock(), Instant::now());
        let is_over = match state.producer.death() {
            Some(error) => self.heed_death(&mut state, error, now),
            None => self.is_outdated(&mut state, now),
        };
        if !is_over {
            return None;
        }
        match Producer::new(&self.settings, Purpose::Posts, self.batch_size()) {
            Ok(new) => Some(mem::replace(&mut state.producer, Arc::new(new))),
            Err(error) => {
                tracing::error!(%error, "cannot replace the Kafka producer");
                None
            }
        }
    }

    /// The producer had a fatal error; says whether another one is to be tried by now.
    fn heed_death(&self, state: &mut PublisherState, error: DeliveryError, now: Instant) -> bool {
        if !self.availability.admits() {
            state.renewal.hope();
            return false;
        }
        if !state.renewal.is_due(now) {
            return false;
        }
        match state.renewal.renewed(now) {
            ProducerEnd::First => {
                tracing::warn!(%error, "the Kafka producer had a fatal error and was replaced");
            }
            // The records that ended with it do not say why.
            ProducerEnd::Again => self.availability.unacked(now, &error.to_string()),
            ProducerEnd::Past => {}
        }
        true
    }

    /// Whether another one would know the brokers' addresses, the topic's limit or the keys better.
    fn is_outdated(&self, state: &mut PublisherState, now: Instant) -> bool {
        let (is_idle, has_no_acks) = (state.in_flight.len() == 0, state.renewal.is_stale(now));
        let is_of_other_limit = state.producer.batch_size() != self.batch_size();
        // What is under way to brokers that do not let it in has no other end than this.
        let has_old_keys = state.producer.has_old_keys();
        let is_outdated = has_old_keys || is_idle && (has_no_acks || is_of_other_limit);
        if is_outdated && has_no_acks {
            state.renewal.refreshed();
            tracing::debug!(
                "a producer without acks is replaced by one that asks for the brokers anew"
            );
        }
        is_outdated
    }

    fn batch_size(&self) -> u32 {
        self.settings.batch_size(self.topic.limit.bytes())
    }
}
