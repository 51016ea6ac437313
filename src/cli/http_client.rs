//! One HTTP/1.1 connection to a server.
//!
//! Promise: every exchange ends within [`TIMEOUT`], with an answer of bounded size, its time
//! measured, or with an error that says how far it came. It follows no redirect, repeats nothing
//! and does not reconnect: whoever posts wants to see what a sender sees. What was not sent, because
//! the other side had closed the connection before, is told apart.

pub(super) mod server;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, StatusCode, request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The bridge answers within its `--ack-timeout`, 2.5 s unless it was raised; this is for one that has
/// stopped.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest answer that is read. The bridge's own stay under a few KiB.
const MOST_BYTES: usize = 64 * 1024;

/// One connection. Not `Clone`: it carries one exchange at a time.
pub(super) struct HttpClient {
    host: HeaderValue,
    sender: SendRequest<Full<Bytes>>,
    /// Moves only while an exchange is awaited, so that no task outlives its owner.
    /// None once it has ended: what was to be sent comes back when it is dropped.
    connection: Option<OpenConnection>,
}

type OpenConnection = Connection<TokioIo<Box<dyn ByteStream>>, Full<Bytes>>;

/// What a connection is made of: TCP, or TLS over it.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// What the other side answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// From before the request was written until the body was read.
    pub(super) took: Duration,
}

/// An exchange without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// Nobody listens, or nobody lets us in.
    #[error("cannot connect to {address}")]
    Connect { address: SocketAddr, source: io::Error },
    /// The other side speaks no TLS.
    #[error("{address} answers in clear")]
    Clear { address: SocketAddr },
    /// The other side shows no certificate that is trusted, or ends the handshake.
    #[error("no TLS with {address}")]
    Tls { address: SocketAddr, source: io::Error },
    /// It was closed before anything of the request was sent.
    #[error("the connection was closed while it was unused")]
    Unsent,
    /// The connection broke.
    #[error("the connection broke before the answer was whole")]
    Exchange(#[from] hyper::Error),
    /// The body broke off, or was over [`MOST_BYTES`].
    #[error("cannot read the answer")]
    Body(#[source] Box<dyn Error + Send + Sync>),
    /// Nothing came.
    #[error("no answer within {}", humantime::format_duration(TIMEOUT))]
    Silent,
}

impl HttpClient {
    /// Connects.
    pub(super) async fn connect(address: SocketAddr) -> Result<Self, HttpError> {
        let host = HeaderValue::try_from(address.to_string()).expect("an address is ASCII");
        let connected = timeout(TIMEOUT, TcpStream::connect(address)).await;
        let stream = connected
            .map_err(|_| HttpError::Silent)?
            .map_err(|source| HttpError::Connect { address, source })?;
        Self::over(Box::new(stream), host).await
    }

    /// On a connection that is there; `host` goes into each request.
    pub(super) async fn over(
        stream: Box<dyn ByteStream>,
        host: HeaderValue,
    ) -> Result<Self, HttpError> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { host, sender, connection: Some(connection) })
    }

    /// Asks for `path`, which must be one.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, HttpError> {
        self.build(Request::get(path), Bytes::new()).await
    }

    /// Posts `body` as JSON to `path`, which must be one.
    pub(super) async fn post(
        &mut self,
        path: &str,
        authorization: HeaderValue,
        body: Bytes,
    ) -> Result<Answer, HttpError> {
        let head = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, authorization);
        self.build(head, body).await
    }

    async fn build(&mut self, head: request::Builder, body: Bytes) -> Result<Answer, HttpError> {
        let request = head.body(Full::new(body));
        self.exchange(request.expect("method, path and headers are parsed values")).await
    }

    /// Sends a request, whose target is a path, and reads its answer.
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answer, HttpError> {
        let Self { host, sender, connection } = self;
        request.headers_mut().insert(HOST, host.clone());
        let begun = Instant::now();
        let answer = async {
            sender.ready().await.map_err(|_| HttpError::Unsent)?;
            let sent = sender.try_send_request(request).await;
            let (head, body) = sent
                .map_err(|mut error| match error.take_message() {
                    Some(_) => HttpError::Unsent,
                    None => HttpError::Exchange(error.into_error()),
                })?
                .into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.map_err(HttpError::Body)?;
            Ok(Answer { status: head.status, body: body.to_bytes(), took: begun.elapsed() })
        };
        let mut answer = pin!(answer);
        let answered = poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            let Some(open) = connection else { return Poll::Pending };
            if Pin::new(open).poll(context).is_ready() {
                // Why it ended, the answer says.
                *connection = None;
            }
            // What came over the connection is there by now: to be called again for it costs more.
            answer.as_mut().poll(context)
        });
        timeout(TIMEOUT, answered).await.unwrap_or(Err(HttpError::Silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A server of one connection that answers each request, once it has read it whole.
    async fn answering(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in answers {
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn exchanges_share_a_connection_and_the_last_answer_may_end_it() {
        let address = answering(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none",
            "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\ntwo",
        ])
        .await;
        let mut client = HttpClient::connect(address).await.unwrap();
        let one = client.get("/").await.unwrap();
        assert_eq!((one.status, &one.body[..]), (StatusCode::OK, &b"one"[..]));
        let two = client.get("/").await.unwrap();
        assert_eq!((two.status, &two.body[..]), (StatusCode::SERVICE_UNAVAILABLE, &b"two"[..]));
        for _ in 0..2 {
            let over = client.get("/").await;
            assert!(matches!(over, Err(HttpError::Unsent)));
        }
    }

    #[tokio::test]
    async fn a_request_that_finds_the_connection_closed_was_not_sent() {
        let address = answering(&["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none"]).await;
        let mut client = HttpClient::connect(address).await.unwrap();
        client.get("/").await.unwrap();
        // The server's task ends with its stream.
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(matches!(client.get("/").await, Err(HttpError::Unsent)));
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error() {
        let address = answering(&["HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\nhalf"]).await;
        let mut client = HttpClient::connect(address).await.unwrap();
        let answer = client.get("/").await;
        assert!(matches!(answer, Err(HttpError::Body(_) | HttpError::Exchange(_))));
    }

    #[tokio::test]
    async fn a_server_that_stays_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = HttpClient::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::time::pause();
        assert!(matches!(client.get("/").await, Err(HttpError::Silent)));
    }
}
