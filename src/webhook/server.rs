//! Accepts connections and serves HTTP/1 on them, within limits, to a graceful end.
//!
//! Promise: at most `--max-connections` at once, more wait in the kernel's queue; nobody holds a
//! connection by being slow; an early answer can be read, because what its sender still writes is
//! taken in for a while before the connection is closed. At the end what already waits to be
//! accepted is still served, and last answers say `Connection: close`. It knows no ingest: what
//! answers is an argument.

use crate::webhook::patient_stream::{Patience, PatientStream, Turn};
use http::header::CONNECTION;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// hyper's read buffer: the largest head. A notification's headers are a few hundred bytes.
const MAX_HEAD: usize = 64 * 1024;
/// After an accept failed for want of files, others get time to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection may take at the end to begin one more post.
const LAST_CALL: Duration = Duration::from_millis(500);
/// How long a sender may go on writing after an early answer, so that it comes to read it.
const LINGER: Duration = Duration::from_secs(2);
/// The bite in which that is taken in.
const LINGER_BYTES: usize = 16 * 1024;

/// The limits of one port, shared by the event loops that serve it.
#[derive(Clone)]
pub struct Limits {
    /// How long each wait may be.
    pub patience: Patience,
    /// One permit for each connection at once.
    pub connections: Arc<Semaphore>,
    /// How many there are.
    pub open: Gauge,
}

/// Serves `listener` until `stop`, and then until the last answer was given. Whoever drops the
/// future aborts what is still open.
pub async fn serve<A, F>(listener: TcpListener, limits: Limits, stop: CancellationToken, answer: A)
where
    A: Fn(Request<Incoming>, Turn) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let begin = |tasks: &mut JoinSet<()>, stream, permit| {
        let open = Open::new(limits.open.clone(), permit);
        tasks.spawn(connection(stream, open, limits.patience, stop.clone(), answer.clone()));
    };
    while let Some(permit) = permit(&limits, &stop).await {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => begin(&mut tasks, stream, Some(permit)),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    match last_in_line(listener) {
        Ok(streams) => streams.into_iter().for_each(|stream| begin(&mut tasks, stream, None)),
        Err(error) => tracing::warn!(%error, "cannot accept what waits at the end"),
    }
    while let Some(ended) = tasks.join_next().await {
        report(ended);
    }
}

/// Room for one more connection; none once it is time to stop.
async fn permit(limits: &Limits, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    let permit = stop.run_until_cancelled(limits.connections.clone().acquire_owned()).await?;
    Some(permit.expect("the semaphore is never closed"))
}

/// Takes what already waits to be accepted, from the kernel itself, and closes the port.
fn last_in_line(listener: TcpListener) -> io::Result<Vec<TcpStream>> {
    let listener = listener.into_std()?;
    let mut streams = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        streams.push(TcpStream::from_std(stream)?);
    }
    Ok(streams)
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

/// Counts a connection while it is open.
struct Open {
    gauge: Gauge,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Open {
    fn new(gauge: Gauge, permit: Option<OwnedSemaphorePermit>) -> Self {
        gauge.inc();
        Self { gauge, _permit: permit }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

async fn connection<A, F>(
    stream: TcpStream,
    _open: Open,
    patience: Patience,
    stop: CancellationToken,
    answer: A,
) where
    A: Fn(Request<Incoming>, Turn) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch Nagle's delay off");
    }
    let (stream, turn) = PatientStream::new(stream, patience);
    let unread = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        let (turn, unread) = (turn.clone(), unread.clone());
        let answering = answer(request, turn.clone());
        async move {
            let response = answering.await;
            // An answer closes the connection where the request was not read to its end.
            unread.store(response.headers().contains_key(CONNECTION), Ordering::Relaxed);
            turn.end();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new()
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let served = tokio::select! {
        biased;
        served = poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
        () = stop.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            loop {
                let served = poll_fn(|cx| connection.poll_without_shutdown(cx));
                match timeout(LAST_CALL, served).await {
                    Ok(served) => break served,
                    Err(_) if turn.is_idle() => break Ok(()),
                    Err(_) => {}
                }
            }
        }
    };
    let unread = unread.load(Ordering::Relaxed) || served.as_ref().is_err_and(hyper::Error::is_parse);
    if let Err(error) = served {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
    linger(connection.into_parts().io.into_inner(), unread).await;
}

/// Closes a connection; what its sender may still be writing is taken in for a while, since to
/// close on unread bytes would reset the connection under the answer.
async fn linger(mut stream: PatientStream<TcpStream>, unread: bool) {
    let closed = timeout(LINGER, async {
        stream.shutdown().await?;
        if unread {
            let mut bite = vec![0; LINGER_BYTES];
            while stream.read(&mut bite).await? > 0 {}
        }
        io::Result::Ok(())
    });
    match closed.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection was reset at its end"),
        Err(_) => tracing::debug!("a sender goes on writing after its answer"),
    }
}
