//! librdkafka's report queue as something that an event loop can wait for. The only unsafe code.
//!
//! Promise: after [`Wakeup::raised`] returned, and [`Wakeup::pending`] said zero behind at least
//! one poll of the queue, whatever is reported later raises it again. librdkafka writes to the
//! eventfd once per quiet period; the eventfd is never read, since each write is an edge of its
//! own to epoll. It does not poll the queue: that is the producer's own safe code.
#![allow(unsafe_code, reason = "librdkafka offers its queue's file event through C alone")]

use rdkafka::bindings as c;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::ptr::NonNull;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What librdkafka writes: an eventfd takes eight bytes, and adds them up.
static ONE: u64 = 1;

/// Must be dropped before the producer whose queue it watches.
pub(super) struct Wakeup {
    queue: NonNull<c::rd_kafka_queue_t>,
    eventfd: AsyncFd<OwnedFd>,
}

// SAFETY: librdkafka's queues may be used from any thread; each call below takes its lock.
unsafe impl Send for Wakeup {}
// SAFETY: as above.
unsafe impl Sync for Wakeup {}

impl Wakeup {
    /// Watches the queue of `producer`. Must be called inside the runtime that will wait.
    pub(super) fn new<C: ProducerContext>(producer: &BaseProducer<C>) -> io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        // SAFETY: the file is owned by what is registered, and not closed before it.
        let eventfd = unsafe { AsyncFd::register_with_interest(eventfd, Interest::READABLE) }?;
        // SAFETY: the pointer is a live client's; the reference that comes back is ours to drop.
        let queue = unsafe { c::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        let queue = NonNull::new(queue).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the queue is live, and librdkafka copies the eight bytes before it returns.
        unsafe {
            let payload = (&raw const ONE).cast();
            let fd = eventfd.as_raw_fd();
            c::rd_kafka_queue_io_event_enable(queue.as_ptr(), fd, payload, size_of_val(&ONE));
        }
        Ok(Self { queue, eventfd })
    }

    /// Waits until reports may have come. Cancel-safe.
    pub(super) async fn raised(&self) -> io::Result<()> {
        self.eventfd.readable().await.map(|mut guard| guard.clear_ready())
    }

    /// How many events wait in the queue; one event may hold many reports.
    pub(super) fn pending(&self) -> usize {
        // SAFETY: the queue is live until it is dropped below.
        unsafe { c::rd_kafka_queue_length(self.queue.as_ptr()) }
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        // SAFETY: switched off first, so that nothing is written to a file that is closed; then
        // the reference taken in `new` is given back, once.
        unsafe {
            c::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, std::ptr::null(), 0);
            c::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}
