//! Which requests of a connection have a sound head, counted where its bytes are read and asked
//! where it is answered.
//!
//! Promise: a request counts as sound only if a sound head has ended for it: what was not followed,
//! or not understood, is a fault. It answers nothing; the fault goes with the request.

use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::framing::{Framing, HeadFault};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The heads of one connection.
#[derive(Debug, Default)]
pub(super) struct Heads {
    sound: AtomicU64,
    asked: AtomicU64,
    fault: OnceLock<HeadFault>,
}

impl Heads {
    /// What is wrong with the head of the next request, if anything is.
    pub(super) fn next(&self) -> Option<HeadFault> {
        let before = self.asked.fetch_add(1, Ordering::Relaxed);
        if before < self.sound.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.fault.get().copied().unwrap_or(HeadFault::Before))
    }
}

/// A connection whose heads are counted as they are read. What TLS has decoded is heard here: it
/// may have come with the end of the handshake.
pub(super) struct HeadsStream<'h, S> {
    stream: S,
    framing: Framing,
    heads: &'h Heads,
    phase: &'h ConnectionPhase,
}

impl<'h, S> HeadsStream<'h, S> {
    pub(super) fn new(stream: S, heads: &'h Heads, phase: &'h ConnectionPhase) -> Self {
        Self { stream, framing: Framing::default(), heads, phase }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadsStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read_now = &buf.filled()[before..];
        if !read_now.is_empty() {
            self.phase.hear();
        }
        let (sound, fault) = self.framing.follow(read_now);
        self.heads.sound.fetch_add(sound, Ordering::Relaxed);
        if let Some(fault) = fault {
            self.heads.fault.get_or_init(|| fault);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadsStream<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::http::connection_phase::Phase;
    use std::net::Ipv4Addr;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn half_a_head_that_came_with_the_handshake_is_heard() {
        let phase = ConnectionPhase::open(Ipv4Addr::LOCALHOST.into());
        phase.hear();
        phase.is_secure();
        let (decoded, heads) = (&b"POST /web"[..], Heads::default());

        HeadsStream::new(decoded, &heads, &phase).read_to_end(&mut Vec::new()).await.unwrap();

        assert_eq!(phase.look().phase, Phase::Head);
    }
}
