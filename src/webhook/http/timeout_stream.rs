//! A connection's stream with time-outs: long between posts, short within one.
//!
//! Promise: a connection that waits for its next post is kept for the idle time-out; a head that
//! has begun must be whole within the read time-out, and an answer must be taken within it; else
//! reads or writes fail with [`io::ErrorKind::TimedOut`]. hyper's own `header_read_timeout` cannot
//! tell an idle connection from a slow head. The body's time is kept by who reads it. A post in
//! time costs no timer: one is armed only when a read or write has to wait, and moved lazily.
//! Where an answer came before its request was whole, the close lingers: what the sender still
//! writes is taken in for a while, since to close on unread bytes would reset the connection under
//! the answer.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
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
    /// For the rest of a head, and for an answer to be taken: `--read-timeout`.
    pub read: Duration,
}

/// Where a connection is, shared by its stream and whoever answers on it.
#[derive(Debug)]
pub struct ConnectionPhase {
    peer: IpAddr,
    opened: Instant,
    phase: AtomicU8,
    /// When the phase began, in microseconds since `opened`.
    since: AtomicU64,
    /// Whether the last answer came before its request was whole.
    unread: AtomicBool,
}

/// What an answer leaves of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Read,
    /// Some of it may still come.
    Unread,
}

/// The phases of a connection; a head is read in the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Idle,
    Head,
    Request,
}

impl ConnectionPhase {
    /// Of a connection that is opened now, from `peer`.
    pub fn open(peer: IpAddr) -> Self {
        Self {
            peer,
            opened: Instant::now(),
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(0),
            unread: AtomicBool::new(false),
        }
    }

    /// Who is on the other end of the connection.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// A head is whole; gives when its first byte came.
    pub fn begin(&self) -> Instant {
        let begun = match self.phase() {
            Phase::Head => self.since(),
            // Its head came with the request before it.
            Phase::Idle | Phase::Request => Instant::now(),
        };
        self.phase.store(Phase::Request as u8, Ordering::Relaxed);
        begun
    }

    /// The answer is made; the next post may come.
    pub fn end(&self, rest: Rest) {
        self.unread.store(rest == Rest::Unread, Ordering::Relaxed);
        self.enter(Phase::Idle);
    }

    /// Since when it has waited for a request, or for the rest of a head; `None` while one is answered.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        match self.phase() {
            Phase::Idle | Phase::Head => Some(self.since()),
            Phase::Request => None,
        }
    }

    /// Whether no post is under way.
    pub fn is_idle(&self) -> bool {
        self.phase() == Phase::Idle
    }

    /// Whether the sender may still be writing what was answered: a body that was not read to its
    /// end, or a head that was refused before it was whole.
    pub fn is_unread(&self) -> bool {
        self.phase() == Phase::Head || self.unread.load(Ordering::Relaxed)
    }

    fn enter(&self, phase: Phase) {
        let micros = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since.store(micros, Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Request,
        }
    }

    fn since(&self) -> Instant {
        self.opened + Duration::from_micros(self.since.load(Ordering::Relaxed))
    }
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

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let deadline = match self.phase.phase() {
            Phase::Idle => self.phase.since() + self.timeouts.idle,
            Phase::Head => self.phase.since() + self.timeouts.read,
            Phase::Request => return Poll::Pending,
        };
        self.poll_deadline(cx, deadline).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let stuck = *self.stuck.get_or_insert_with(Instant::now);
        self.poll_deadline(cx, stuck + self.timeouts.read).map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if buf.filled().len() > before && self.phase.is_idle() {
                    self.phase.enter(Phase::Head);
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_patience(cx).map(Err),
        }
    }
}

impl<S: AsyncRead + Unpin> TimeoutStream<'_, S> {
    /// Ready when the sender has nothing more to say, or has gone on for too long.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let since = *self.lingering.get_or_insert_with(Instant::now);
        let mut bite = [std::mem::MaybeUninit::uninit(); BITE];
        while self.poll_deadline(cx, since + LINGER).is_pending() {
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

/// Without vectored writes, so that hyper puts head and body of an answer into one buffer: a send
/// costs less CPU than a `writev` (`docs/performance.md`).
impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimeoutStream<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_with(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.lingering = Some(Instant::now());
        }
        if self.phase.is_unread() { self.poll_linger(cx) } else { Poll::Ready(Ok(())) }
    }
}
