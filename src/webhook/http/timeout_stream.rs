//! A connection's stream with time-outs: long between posts, short within one.
//!
//! Promise: a connection that waits for its next post is kept for the idle time-out, unless it is
//! asked to go before; the first byte of its first post must come within the read time-out, a head
//! that has begun must be whole within it, and an answer must be taken within it; else reads or
//! writes fail with [`io::ErrorKind::TimedOut`]. A connection that waits is not closed upon a post
//! that has come: the kernel is asked first. hyper's own `header_read_timeout` cannot tell an idle
//! connection from a slow head. The body's time is kept by who reads it. A post in time costs no
//! timer: one is armed only when a read or write has to wait, and moved lazily. Where an answer
//! came before its request was whole, the close lingers: what the sender still writes is taken in
//! for a while, unless the connection is asked to go, since to close on unread bytes would reset it
//! under the answer.

use crate::webhook::http::connection_phase::{ConnectionPhase, Phase};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

/// How long a sender may go on writing after an early answer, so that it comes to read it.
const LINGER: Duration = Duration::from_secs(2);
/// The bites in which that is taken in.
const BITE: usize = 4 * 1024;

/// How long each wait may be.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the next post: `--idle-timeout`.
    pub idle: Duration,
    /// For the first byte, for the rest of a head, and for an answer to be taken: `--read-timeout`.
    pub read: Duration,
}

/// The stream. Belongs to one task.
pub struct TimeoutStream<'t, S> {
    stream: S,
    phase: &'t ConnectionPhase,
    timeouts: Timeouts,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when a write has waited for room.
    stuck: Option<Instant>,
    /// Since when the close lingers.
    lingering: Option<Instant>,
}

impl<'t, S> TimeoutStream<'t, S> {
    /// Wraps a connection; `phase` says where it is.
    pub fn new(stream: S, phase: &'t ConnectionPhase, timeouts: Timeouts) -> Self {
        Self { stream, phase, timeouts, timer: None, stuck: None, lingering: None }
    }

    /// Ready when `deadline` has passed; otherwise the task is woken by then.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        if Instant::now() >= deadline {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        // A timer that is early rings once for nothing, and is moved then.
        if timer.is_elapsed() || timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline.into());
        }
        Poll::Pending
    }

    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stuck = *self.stuck.get_or_insert_with(Instant::now);
        self.poll_deadline(cx, stuck + self.timeouts.read).map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsFd> TimeoutStream<'_, S> {
    /// Ready when a read has waited for too long, or the connection was asked to go.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let (seen, timeouts) = (self.phase.look(), self.timeouts);
        let patience = match seen.phase {
            Phase::Idle => timeouts.idle,
            Phase::Silent | Phase::Secured | Phase::Head => timeouts.read,
            Phase::Request => return Poll::Pending,
        };
        let is_over = self.poll_deadline(cx, self.phase.since(seen) + patience).is_ready();
        // A head that is late gains no time by what still comes.
        let is_late = is_over && !seen.is_idle();
        if is_late || ((self.phase.is_to_go(cx.waker()) || is_over) && self.is_quiet()) {
            return Poll::Ready(io::ErrorKind::TimedOut.into());
        }
        Poll::Pending
    }

    /// Whether nothing has come that was not read: the event loop may not know of it yet.
    fn is_quiet(&self) -> bool {
        let mut byte = [0_u8; 1];
        let peeked = recv(&self.stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT);
        peeked.is_err_and(|errno| errno == Errno::AGAIN)
    }
}

impl<S: AsyncRead + AsFd + Unpin> AsyncRead for TimeoutStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if buf.filled().len() > before {
                    self.phase.hear();
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_read_deadline(cx).map(Err),
        }
    }
}

impl<S: AsyncRead + Unpin> TimeoutStream<'_, S> {
    /// Ready when the sender has nothing more to say, or has gone on for too long.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let since = *self.lingering.get_or_insert_with(Instant::now);
        let mut bite = [std::mem::MaybeUninit::uninit(); BITE];
        while self.poll_deadline(cx, since + LINGER).is_pending() {
            if self.phase.is_to_go(cx.waker()) {
                break;
            }
            let mut buf = ReadBuf::uninit(&mut bite);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> TimeoutStream<'_, S> {
    fn poll_write_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(result) => {
                self.stuck = None;
                Poll::Ready(result)
            }
            Poll::Pending => {
                let error = ready!(self.poll_stuck(cx));
                Poll::Ready(Err(error))
            }
        }
    }
}

/// It says no to `is_write_vectored`, so that hyper puts head and body of an answer into one buffer
/// (its `WriteStrategy::Flatten`): a send costs less CPU than a `writev` (`docs/performance.md`).
/// TLS makes them unasked, and has no such buffer.
impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimeoutStream<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_with(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.lingering = Some(Instant::now());
        }
        if self.phase.look().is_unread() { self.poll_linger(cx) } else { Poll::Ready(Ok(())) }
    }
}
