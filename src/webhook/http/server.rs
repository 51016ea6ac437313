//! Accepts connections and serves HTTP/1 on them, within limits, to a graceful end.
//!
//! Promise: at most `--max-connections` at once, more wait in the kernel's queue, or on the admin port
//! take the place of one that is idle; nobody holds a connection by being slow; an early answer can be
//! read, because what its sender still writes is taken in for a while before the connection is closed.
//! At the end what already waits to be accepted is still served, and last answers say
//! `Connection: close`. It knows no ingest: what answers is an argument.

use crate::webhook::http::accept_error_log::AcceptErrorLog;
use crate::webhook::http::crowd::Crowd;
use crate::webhook::http::timeout_stream::{ConnectionPhase, Rest, TimeoutStream, Timeouts};
use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderValue};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
/// How long a connection may take at the end to begin one more post.
const LAST_CALL: Duration = Duration::from_millis(500);

/// What becomes of a connection beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It waits in the kernel's queue for another to close.
    Waits,
    /// The one that has been waited for longest makes room for it.
    Displaces,
}

/// The limits of one port, shared by the event loops that serve it.
#[derive(Clone)]
pub struct Limits {
    /// What becomes of a connection over `connections`.
    pub beyond: Beyond,
    /// What is said while none can be accepted.
    pub accept_errors: Arc<AcceptErrorLog>,
    /// How long each wait may be.
    pub timeouts: Timeouts,
    /// One permit for each connection at once.
    pub connections: Arc<Semaphore>,
    /// How many there are.
    pub open: Gauge,
}

/// Serves `listener` until `stop`, and then until the last answer was given. Whoever drops the
/// future aborts what is still open.
pub async fn serve<A, F>(listener: TcpListener, limits: Limits, stop: CancellationToken, answer: A)
where
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let (mut tasks, mut crowd) = (JoinSet::new(), Crowd::default());
    let begin = |tasks: &mut JoinSet<()>, (stream, peer): (TcpStream, SocketAddr), permit| {
        let open = OpenConnection::new(limits.open.clone(), permit);
        // A dual-stack listener sees IPv4 peers as IPv6 addresses that map them.
        let phase = Arc::new(ConnectionPhase::open(peer.ip().to_canonical()));
        let (stop, answer) = (stop.clone(), answer.clone());
        let serving = connection(stream, phase.clone(), open, limits.timeouts, stop, answer);
        (phase, tasks.spawn(serving))
    };
    loop {
        let place = match limits.beyond {
            Beyond::Waits => room(&limits, &stop).await,
            Beyond::Displaces => None,
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => report(ended),
            accepted = listener.accept() => match (accepted, limits.beyond) {
                (Ok(accepted), Beyond::Waits) => drop(begin(&mut tasks, accepted, place)),
                (Ok(accepted), Beyond::Displaces) => {
                    if limits.connections.available_permits() == 0 {
                        crowd.make_room();
                    }
                    let place = room(&limits, &stop).await;
                    let (phase, task) = begin(&mut tasks, accepted, place);
                    crowd.join(phase, task);
                }
                (Err(error), _) => {
                    if let Some(left_out) = limits.accept_errors.note(Instant::now()) {
                        tracing::warn!(%error, left_out, "cannot accept a connection");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    match last_in_line(listener) {
        Ok(last) => {
            for accepted in last {
                drop(begin(&mut tasks, accepted, None));
            }
        }
        Err(error) => tracing::warn!(%error, "cannot accept what waits at the end"),
    }
    while let Some(ended) = tasks.join_next().await {
        report(ended);
    }
}

/// Room for one more connection; none once it is time to stop.
async fn room(limits: &Limits, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    let permit = stop.run_until_cancelled(limits.connections.clone().acquire_owned()).await?;
    Some(permit.expect("the semaphore is never closed"))
}

/// Takes what already waits to be accepted, from the kernel itself, and closes the port.
fn last_in_line(listener: TcpListener) -> io::Result<Vec<(TcpStream, SocketAddr)>> {
    let listener = listener.into_std()?;
    let mut last = Vec::new();
    while let Ok((stream, peer)) = listener.accept() {
        stream.set_nonblocking(true)?;
        last.push((TcpStream::from_std(stream)?, peer));
    }
    Ok(last)
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

/// Counts a connection while it is open.
struct OpenConnection {
    gauge: Gauge,
    _permit: Option<OwnedSemaphorePermit>,
}

impl OpenConnection {
    fn new(gauge: Gauge, permit: Option<OwnedSemaphorePermit>) -> Self {
        gauge.inc();
        Self { gauge, _permit: permit }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

async fn connection<A, F>(
    stream: TcpStream,
    phase: Arc<ConnectionPhase>,
    _open: OpenConnection,
    timeouts: Timeouts,
    stop: CancellationToken,
    answer: A,
) where
    A: Fn(Request<Incoming>, &ConnectionPhase) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch Nagle's delay off");
    }
    let phase = &*phase;
    let stop = &stop;
    let stream = TimeoutStream::new(stream, phase, timeouts);
    let service = service_fn(|request| {
        // Not awaited in an async block: that has room for two of it, and moves it from one to the
        // other for each post.
        answer(request, phase).map(|mut response| {
            // Answers say so themselves where the request was not read to its end.
            let rest =
                if response.headers().contains_key(CONNECTION) { Rest::Unread } else { Rest::Read };
            if stop.is_cancelled() {
                response.headers_mut().insert(CONNECTION, CLOSE);
            }
            phase.end(rest);
            Ok::<_, Infallible>(response)
        })
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = stop.cancelled() => last_post(connection, phase).await,
    };
    if let Err(error) = served {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}

/// Serves the post that is under way, or that begins within the [`LAST_CALL`]; its answer says that
/// it was the last.
///
/// hyper's own graceful end would lose such a post: it closes a connection of which it has read
/// nothing yet, though the kernel may hold a post, and one whose next head is half read.
async fn last_post<C>(mut connection: Pin<&mut C>, phase: &ConnectionPhase) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    loop {
        match timeout(LAST_CALL, connection.as_mut()).await {
            Ok(served) => return served,
            Err(_) if phase.is_idle() && !phase.is_unread() => return Ok(()),
            Err(_) => {}
        }
    }
}
