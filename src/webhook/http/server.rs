//! Accepts connections and serves HTTP/1 on them, within limits, to a graceful end.
//!
//! Promise: at most `--max-connections` at once; one more takes the place of one that is idle, or
//! waits; nobody holds a connection by being slow; an early answer can be read, because what its
//! sender still writes is taken in for a while before the connection is closed. At the end what
//! already waits to be accepted is still served, or left to who has the socket next, and last
//! answers say `Connection: close`. It knows no ingest: what answers is an argument.

use crate::rare_line::RareLine;
use crate::webhook::http::connection_phase::{Asked, ConnectionPhase, Rest, Sender};
use crate::webhook::http::crowd::{Crowd, Member};
use crate::webhook::http::handshake_turns::HandshakeTurns;
use crate::webhook::http::heads::{Heads, HeadsStream};
use crate::webhook::http::successor::Successor;
use crate::webhook::http::timeout_stream::{TimeoutStream, Timeouts};
use crate::webhook::http::tls::TlsPort;
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderValue};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// The most that hyper's buffers of a connection grow to, in bytes: the largest head. A
/// notification's headers are a few hundred bytes, and a body is taken out as it comes. A larger one
/// saves no CPU and costs memory (`docs/performance.md`).
const MAX_HEAD: usize = 16 * 1024;
/// After an accept failed for want of files, others get time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Without files every event loop fails twenty times a second, for as long as it lasts.
pub const ACCEPT_ERROR_LINE: Duration = Duration::from_secs(10);
/// How long after its last answer a connection is waited for at the end: whoever posts so often
/// posts again, and reads in the answer that it was the last. One that has been unused for longer
/// is closed at once. Also how long a head or a handshake that is not whole may take then.
const LAST_CALL: Duration = Duration::from_millis(500);
/// The most connections that are accepted at the end: the kernel's queue several times over.
const LAST_IN_LINE: usize = 8 * 1024;

/// The limits of one port, shared by the event loops that serve it.
#[derive(Clone)]
pub struct Limits {
    /// The connections, and the room for more.
    pub crowd: Arc<Crowd>,
    /// What is said while none can be accepted.
    pub accept_errors: Arc<RareLine>,
    /// How long each wait may be.
    pub timeouts: Timeouts,
    /// Who has the listening socket next.
    pub successor: Successor,
    /// Where it speaks TLS.
    pub tls: Option<Arc<TlsPort>>,
}

/// Serves `listener`, whose connections have no Nagle's delay, until `stop`, and then until the
/// last answer was given. Whoever drops the future aborts what is still open.
pub async fn serve<A, F>(listener: TcpListener, limits: Limits, stop: CancellationToken, answer: A)
where
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let turns = Arc::<HandshakeTurns>::default();
    let spawn = |tasks: &mut JoinSet<()>, (stream, peer): (TcpStream, SocketAddr), place| {
        // A dual-stack listener sees IPv4 peers as IPv6 addresses that map them.
        let member = limits.crowd.join(peer.ip().to_canonical(), place);
        let (stop, answer) = (stop.clone(), answer.clone());
        match limits.tls.clone() {
            None => tasks.spawn(connection(stream, member, limits.timeouts, stop, answer)),
            Some(tls) => {
                let tls = (tls, turns.clone());
                tasks.spawn(tls_connection(tls, stream, member, limits.timeouts, stop, answer))
            }
        };
    };
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok(accepted) => {
                    let place = limits.crowd.room(&stop).await;
                    spawn(&mut tasks, accepted, place);
                }
                Err(error) => {
                    if let Some(left_out) = limits.accept_errors.note(Instant::now()) {
                        tracing::warn!(%error, left_out, "cannot accept a connection");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // Where there is a successor, what waits is theirs.
    let last = if limits.successor.is_there() { Vec::new() } else { last_in_line(&listener) };
    drop(listener);
    for accepted in last {
        spawn(&mut tasks, accepted, None);
    }
    while let Some(ended) = tasks.join_next().await {
        report(ended);
    }
}

/// Takes what already waits to be accepted, from the kernel itself: the event loop may not know of
/// it yet.
fn last_in_line(listener: &TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let mut last = Vec::new();
    while last.len() < LAST_IN_LINE {
        let accepted = accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
        let stream = match accepted {
            Ok(socket) => TcpStream::from_std(std::net::TcpStream::from(socket)),
            Err(Errno::AGAIN) => break,
            // That one has left; others may wait behind it.
            Err(Errno::CONNABORTED | Errno::INTR) => continue,
            Err(errno) => {
                tracing::warn!(error = %errno, "cannot accept what waits at the end");
                break;
            }
        };
        match stream.and_then(|stream| Ok((stream.peer_addr()?, stream))) {
            Ok((peer, stream)) => last.push((stream, peer)),
            Err(error) => tracing::debug!(%error, "a connection that waited at the end is gone"),
        }
    }
    last
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

async fn connection<A, F>(
    stream: TcpStream,
    member: Member,
    timeouts: Timeouts,
    stop: CancellationToken,
    answer: A,
) where
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let stream = TimeoutStream::new(stream, member.phase(), timeouts);
    serve_connection(stream, &member, &stop, answer).await;
}

/// The same over TLS. A task of its own kind, so that plain connections do not pay for the room of its
/// handshake.
async fn tls_connection<A, F>(
    (tls, turns): (Arc<TlsPort>, Arc<HandshakeTurns>),
    stream: TcpStream,
    member: Member,
    timeouts: Timeouts,
    stop: CancellationToken,
    answer: A,
) where
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let phase = member.phase();
    let stream = TimeoutStream::new(stream, phase, timeouts);
    let mut accepting = pin!(tls.accept(stream, phase.peer(), &turns));
    let accepted = tokio::select! {
        biased;
        accepted = accepting.as_mut() => accepted,
        () = stop.cancelled() => last_call(accepting, phase).await.flatten(),
    };
    if let Some(stream) = accepted {
        phase.is_secure();
        serve_connection(stream, &member, &stop, answer).await;
    }
}

async fn serve_connection<S, A, F>(stream: S, member: &Member, stop: &CancellationToken, answer: A)
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let phase = member.phase();
    let heads = Heads::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        if let Some(fault) = heads.next() {
            request.extensions_mut().insert(fault);
        }
        // Not awaited in an async block: that has room for two of it, and moves it from one to the
        // other for each post.
        answer(request, phase).map(|mut response| {
            // Answers say so themselves where the request was not read to its end.
            let rest =
                if response.headers().contains_key(CONNECTION) { Rest::Unread } else { Rest::Read };
            if stop.is_cancelled() {
                response.headers_mut().insert(CONNECTION, CLOSE);
            }
            let is_granted = response.status().is_success();
            phase.end(if is_granted { Sender::Known } else { Sender::Stranger }, rest);
            Ok::<_, Infallible>(response)
        })
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(HeadsStream::new(stream, &heads, phase)), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => Some(served),
        () = stop.cancelled() => last_call(connection, phase).await,
    };
    if let Some(Err(error)) = served {
        if error.is_parse() {
            member.refused_head();
        }
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}

/// Serves the post that is under way, or whose head is whole within the [`LAST_CALL`]; its answer says
/// that it was the last. None where no more was left of the connection than half a head, or the rest of
/// what was answered.
///
/// Not hyper's `graceful_shutdown`: between two requests that closes a connection at once
/// (`Conn::disable_keep_alive`), though the kernel may hold a post, or a head be half read.
async fn last_call<C: Future>(
    mut connection: Pin<&mut C>,
    phase: &ConnectionPhase,
) -> Option<C::Output> {
    loop {
        let seen = phase.look();
        let waited = phase.called_since(seen).map(|since| since.elapsed());
        let wait = match waited {
            Some(waited) if waited < LAST_CALL => LAST_CALL.saturating_sub(waited),
            Some(_) if seen.is_unread() => return None,
            Some(_) => {
                phase.ask(seen, Asked::AtTheEnd);
                LAST_CALL
            }
            None => LAST_CALL,
        };
        if let Ok(served) = timeout(wait, connection.as_mut()).await {
            return Some(served);
        }
    }
}
