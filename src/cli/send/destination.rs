//! Where posts go: a server, a path, and what is said in each head.
//!
//! Promise: what of a URL cannot be taken is said by the flag's name. It posts nothing.

use crate::args::send::{SendArgs, USER};
use crate::cli::http_client::server::{LookUpError, Server, UrlFault};
use crate::cli::http_client::{HttpClient, HttpError, TIMEOUT};
use crate::cli::send::sender_credential::authorization;
use crate::cli::trust::{TrustFlags, client_config};
use crate::config::ConfigError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::Full;
use std::io;

const URL: &str = "--url";
const NO_URL: &str = "expected a URL such as http://127.0.0.1:8080/webhook";
const CACERT: &str = "--cacert";
const AGENT: &str = concat!("hookbridge-send/", env!("CARGO_PKG_VERSION"));

/// See the module.
pub(super) struct Destination {
    server: Server,
    path: Uri,
    headers: HeaderMap,
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
        let flags = TrustFlags { url: URL, authorities: CACERT };
        let trust = || client_config(args.cacert.as_deref(), flags);
        let server = Server::new(&uri, trust).map_err(|fault| match fault {
            UrlFault::NotHttp => wrong(NO_URL),
            UrlFault::HasUser => {
                wrong(&format!("leave user and password out: use --user-file or {USER}"))
            }
            UrlFault::NoTrust(error) => error,
        })?;
        if !server.is_tls() && args.cacert.is_some() {
            return Err(ConfigError::new(
                CACERT,
                "the --url is not https: leave it out, or post to https",
            ));
        }
        let path = uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
        Ok(Self { server, path, headers: headers(authorization(args)?) })
    }

    /// Looks its name up.
    pub(super) async fn look_up(&mut self) -> Result<(), ReachError> {
        let found = self.server.look_up().await;
        let host = || self.server.host().to_owned();
        found.map_err(|error| match error {
            LookUpError::Unknown(source) => ReachError::Name { host: host(), source },
            LookUpError::NoResolver => ReachError::NoResolver { host: host() },
        })
    }

    /// A new connection to the first of its addresses that takes one.
    pub(super) async fn connect(&self) -> Result<HttpClient, HttpError> {
        self.server.connect().await
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

fn headers(authorization: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    headers
}
