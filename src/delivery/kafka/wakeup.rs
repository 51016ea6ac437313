//! librdkafka's report queue as something that an event loop can wait for.
//!
//! Promise: it is raised at first, and whatever is reported raises it again once
//! [`Wakeup::pending`] has said zero behind a poll of the queue (safe code, elsewhere). librdkafka
//! writes to the eventfd when something comes into an empty queue (`rd_kafka_queue_io_event_enable`
//! in its rdkafka.h). The eventfd is never read: each write is an edge for epoll(7).
#![allow(unsafe_code, reason = "librdkafka offers its queue's file event through C alone")]

use rdkafka::bindings as c;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::{io, ptr};
use tokio::io::{Interest, unix::AsyncFd};

/// Holds its own reference to the queue of its producer.
pub(super) struct Wakeup {
    queue: *mut c::rd_kafka_queue_t,
    eventfd: AsyncFd<OwnedFd>,
}

// SAFETY: librdkafka's queues may be used from any thread; each call below takes its lock.
unsafe impl Send for Wakeup {}
// SAFETY: as above.
unsafe impl Sync for Wakeup {}

impl Wakeup {
    /// Watches the queue of `producer`. Must be called inside the runtime that will wait.
    pub(super) fn new<C: ProducerContext>(producer: &BaseProducer<C>) -> io::Result<Self> {
        let eventfd = eventfd(1, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        // SAFETY: the file is owned by what is registered, and not closed before it.
        let eventfd = unsafe { AsyncFd::register_with_interest(eventfd, Interest::READABLE) }?;
        let (fd, one) = (eventfd.as_raw_fd(), 1_u64.to_ne_bytes());
        // SAFETY: the client is live; the reference to its queue, never null, is ours to drop.
        let queue = unsafe { c::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        // SAFETY: the queue is live, and librdkafka copies the bytes before it returns.
        unsafe { c::rd_kafka_queue_io_event_enable(queue, fd, one.as_ptr().cast(), one.len()) };
        Ok(Self { queue, eventfd })
    }

    /// Waits until reports may have come. Cancel-safe.
    pub(super) async fn raised(&self) -> io::Result<()> {
        self.eventfd.readable().await.map(|mut guard| guard.clear_ready())
    }

    /// How many events wait in the queue; one event may hold many reports.
    pub(super) fn pending(&self) -> usize {
        // SAFETY: the queue is live until it is dropped below.
        unsafe { c::rd_kafka_queue_length(self.queue) }
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        // SAFETY: the queue is live; nothing is written to the file once that is switched off.
        unsafe { c::rd_kafka_queue_io_event_enable(self.queue, -1, ptr::null(), 0) };
        // SAFETY: it is live still, and the reference that `new` took is given back, once.
        unsafe { c::rd_kafka_queue_destroy(self.queue) };
    }
}
