//! The connection to the collector.
//!
//! Promise: an exchange ends within [`EXCHANGE`], with an answer of bounded size or an error. A
//! connection is kept; one that was closed while it was unused is made anew. It blocks its thread,
//! which is the one of the batches and of nothing else: the SDK runs futures there without a runtime.

use crate::cli::http_client::server::{LookUpError, Server};
use crate::cli::http_client::{self, Answer};
use crate::error_chain::error_chain;
use crate::lock::Lock;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use opentelemetry_http::{HttpClient, HttpError};
use std::fmt;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tokio::time::timeout;

/// The default time-out of the OTLP specification; no exchange begins later than that after the first.
pub(super) const EXCHANGE: Duration = Duration::from_secs(10);

/// Why the last exchange had no answer, if it had none: the SDK does not pass it on.
pub(super) type LastFault = Arc<Lock<Option<String>>>;

/// See the module.
pub(super) struct Collector {
    /// Until it is dropped.
    runtime: Option<Runtime>,
    line: Lock<Line>,
    last_fault: LastFault,
}

struct Line {
    server: Server,
    kept: Option<http_client::HttpClient>,
}

#[derive(Debug, thiserror::Error)]
enum CollectorError {
    #[error("{host} cannot be looked up")]
    Name { host: String, source: io::Error },
    #[error("{host} cannot be looked up: no resolver answers")]
    NoResolver { host: String },
    #[error(transparent)]
    Exchange(#[from] http_client::HttpError),
    #[error("no answer within {}", humantime::format_duration(EXCHANGE))]
    Silent,
}

impl Collector {
    /// Connects to nothing yet.
    pub(super) fn new(server: Server, last_fault: LastFault) -> io::Result<Self> {
        // One thread for the resolver, which may hang.
        let runtime =
            runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
        let line = Lock::new(Line { server, kept: None });
        Ok(Self { runtime: Some(runtime), line, last_fault })
    }

    fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, CollectorError> {
        let mut line = self.line.lock();
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        let answered = runtime.block_on(async { timeout(EXCHANGE, line.post(request)).await });
        let Answer { status, body, .. } = answered.unwrap_or(Err(CollectorError::Silent))?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Ok(response)
    }
}

impl Line {
    async fn post(&mut self, request: Request<Bytes>) -> Result<Answer, CollectorError> {
        let mut request = request.map(Full::new);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        // Taken, so that none is kept in the middle of an exchange.
        if let Some(kept) = self.kept.take() {
            match self.exchange(kept, request.clone()).await {
                Err(http_client::HttpError::Unsent) => {}
                ended => return Ok(ended?),
            }
        }
        let found = self.server.look_up().await;
        let host = || self.server.host().to_owned();
        found.map_err(|error| match error {
            LookUpError::Unknown(source) => CollectorError::Name { host: host(), source },
            LookUpError::NoResolver => CollectorError::NoResolver { host: host() },
        })?;
        let fresh = self.server.connect().await?;
        Ok(self.exchange(fresh, request).await?)
    }

    async fn exchange(
        &mut self,
        mut over: http_client::HttpClient,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, http_client::HttpError> {
        let answer = over.exchange(request).await?;
        self.kept = Some(over);
        Ok(answer)
    }
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        let ended = self.exchange(request);
        *self.last_fault.lock() = ended.as_ref().err().map(|error| error_chain(error));
        Box::pin(ready(ended.map_err(HttpError::from)))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // A resolver that hangs is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}
