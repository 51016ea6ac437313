//! Where posts go: an address, a path, and what is said in each head.
//!
//! Promise: the name is looked up once, within [`TIMEOUT`], and each of its addresses is tried for each
//! connection. User and password in a URL are refused: every user of the machine would see them.

use crate::args::send::{SendArgs, USER};
use crate::cli::http_client::{HttpClient, HttpError, TIMEOUT};
use crate::cli::send::sender_credential::authorization;
use crate::cli::send::trust::client_config;
use crate::config::ConfigError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::uri::Scheme;
use http::{Method, Request, Uri};
use http_body_util::Full;
use rustls::InvalidMessage;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const URL: &str = "--url";
const NO_URL: &str = "expected a URL such as http://127.0.0.1:8080/webhook";
const AGENT: &str = concat!("hookbridge-send/", env!("CARGO_PKG_VERSION"));

/// See the module.
pub(super) struct Destination {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    authority: HeaderValue,
    path: Uri,
    headers: HeaderMap,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Why nobody is reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReachError {
    /// The resolver does not know the name.
    #[error("{host} cannot be looked up: correct --url, or see to the resolver")]
    Name { host: String, source: io::Error },
    /// The resolver is silent.
    #[error(
        "{host} was not looked up within {}: no resolver answers",
        humantime::format_duration(TIMEOUT)
    )]
    NoResolver { host: String },
    /// It is not reached.
    #[error("no connection: is the bridge up, and is --url its --listen and --path?")]
    Connect(#[source] HttpError),
    /// It speaks HTTP where HTTPS was asked for.
    #[error("no TLS on this port: give --url http://…, or the port that has the certificate")]
    Clear(#[source] HttpError),
    /// It is reached, and it is not clear that it is who it should be.
    #[error(
        "no TLS: does --cacert name who signed the server's certificate, and is the name in --url one of its own?"
    )]
    Tls(#[source] HttpError),
}

impl Destination {
    /// Of the flags; connects to nothing.
    pub(super) fn new(args: &SendArgs) -> Result<Self, ConfigError> {
        let wrong = |why: &str| ConfigError::new(URL, why);
        let uri: Uri = args.url.parse().map_err(|_| wrong(NO_URL))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(wrong(NO_URL));
        };
        if authority.as_str().contains('@') {
            let why = format!("leave user and password out: use --user-file or {USER}");
            return Err(wrong(&why));
        }
        let is_tls = *scheme == Scheme::HTTPS;
        if !is_tls && *scheme != Scheme::HTTP {
            return Err(wrong(NO_URL));
        }
        if !is_tls && args.cacert.is_some() {
            return Err(ConfigError::new(
                "--cacert",
                "the --url is not https: leave it out, or post to https",
            ));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong(NO_URL))?;
            let config = client_config(args.cacert.as_deref())?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        let path = uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
        Ok(Self {
            port: authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            addresses: Vec::new(),
            authority: HeaderValue::try_from(authority.as_str()).map_err(|_| wrong(NO_URL))?,
            host,
            path,
            headers: headers(authorization(args)?),
            tls,
        })
    }

    /// Looks its name up.
    pub(super) async fn look_up(&mut self) -> Result<(), ReachError> {
        let host = || self.host.clone();
        let found = timeout(TIMEOUT, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(|_| ReachError::NoResolver { host: host() })?;
        let found = found.map_err(|source| ReachError::Name { host: host(), source })?;
        self.addresses = found.collect();
        Ok(())
    }

    /// A new connection to the first of its addresses that takes one.
    pub(super) async fn connect(&self) -> Result<HttpClient, HttpError> {
        let mut failed = HttpError::Silent;
        for address in &self.addresses {
            match timeout(TIMEOUT, self.connect_to(*address)).await {
                Ok(Ok(client)) => return Ok(client),
                Ok(Err(error)) => failed = error,
                Err(_) => failed = HttpError::Silent,
            }
        }
        Err(failed)
    }

    async fn connect_to(&self, address: SocketAddr) -> Result<HttpClient, HttpError> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|source| HttpError::Connect { address, source })?;
        // Else the second part of a large post waits for the ack of the first.
        stream.set_nodelay(true).map_err(|source| HttpError::Connect { address, source })?;
        let host = self.authority.clone();
        let Some((connector, name)) = &self.tls else {
            return HttpClient::over(Box::new(stream), host).await;
        };
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|source| {
            if is_clear(&source) {
                HttpError::Clear { address }
            } else {
                HttpError::Tls { address, source }
            }
        })?;
        HttpClient::over(Box::new(stream), host).await
    }

    /// The post of this body.
    pub(super) fn post(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl From<HttpError> for ReachError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Tls { .. } => Self::Tls(error),
            HttpError::Clear { .. } => Self::Clear(error),
            HttpError::Connect { .. }
            | HttpError::Unsent
            | HttpError::Exchange(_)
            | HttpError::Body(_)
            | HttpError::Silent => Self::Connect(error),
        }
    }
}

/// Whether what came in the place of a handshake is no TLS at all.
fn is_clear(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

fn headers(authorization: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    headers
}
