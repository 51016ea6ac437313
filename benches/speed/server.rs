//! hyper on one current-thread runtime, as a child: what the bare server and the prototype share.
//!
//! With hyper's own time-out for heads, which no server should be without. No limits, no graceful
//! end.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;
use testkit::child;
use tokio::net::TcpListener;
use tokio::runtime;

/// The bridge's own default: connections wait for their next turn.
const IDLE: Duration = Duration::from_secs(120);

/// Answers on a free port, which is the child's line, for ever.
pub(crate) fn serve<A, F>(answer: A)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        child::ready(listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answer = answer(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async {
                // The load generator closes as it likes.
                drop(connection.await);
            });
        }
    });
}

/// An answer of the bridge's form and length.
pub(crate) fn accepted(id: &str) -> Response<Full<Bytes>> {
    let body = format!("{{\"status\":\"accepted\",\"id\":\"{id}\"}}");
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that makes the benchmark fail.
pub(crate) fn refused(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
