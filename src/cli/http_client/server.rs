//! A server that a URL names: its addresses, and connections to it, over TLS where the URL is https.
//!
//! Promise: the name is looked up within [`TIMEOUT`], and each of its addresses is tried for each
//! connection. User and password in a URL are refused: every user of the machine would see them.

use crate::cli::http_client::{HttpClient, HttpError, TIMEOUT};
use crate::config::ConfigError;
use http::Uri;
use http::header::HeaderValue;
use http::uri::Scheme;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, InvalidMessage};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// See the module.
pub(in crate::cli) struct Server {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    authority: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// What speaks against a URL.
pub(in crate::cli) enum UrlFault {
    /// It is none of http or https.
    NotHttp,
    /// It has a user in it.
    HasUser,
    /// Nobody's word on its certificate can be taken.
    NoTrust(ConfigError),
}

/// A name without an address.
pub(in crate::cli) enum LookUpError {
    /// The resolver does not know it.
    Unknown(io::Error),
    /// The resolver is silent.
    NoResolver,
}

impl Server {
    /// Of a URL; connects to nothing. How TLS is begun is asked where it is needed.
    pub(in crate::cli) fn new(
        url: &Uri,
        client_config: impl FnOnce() -> Result<ClientConfig, ConfigError>,
    ) -> Result<Self, UrlFault> {
        let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
            return Err(UrlFault::NotHttp);
        };
        if authority.as_str().contains('@') {
            return Err(UrlFault::HasUser);
        }
        let is_tls = *scheme == Scheme::HTTPS;
        if !is_tls && *scheme != Scheme::HTTP {
            return Err(UrlFault::NotHttp);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| UrlFault::NotHttp)?;
            let config = client_config().map_err(UrlFault::NoTrust)?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        Ok(Self {
            port: authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            addresses: Vec::new(),
            authority: HeaderValue::try_from(authority.as_str()).map_err(|_| UrlFault::NotHttp)?,
            host,
            tls,
        })
    }

    /// Whether connections to it are over TLS.
    pub(in crate::cli) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Its name.
    pub(in crate::cli) fn host(&self) -> &str {
        &self.host
    }

    /// Looks its name up.
    pub(in crate::cli) async fn look_up(&mut self) -> Result<(), LookUpError> {
        let found = timeout(TIMEOUT, lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(|_| LookUpError::NoResolver)?.map_err(LookUpError::Unknown)?;
        self.addresses = found.collect();
        Ok(())
    }

    /// A new connection to the first of its addresses that takes one.
    pub(in crate::cli) async fn connect(&self) -> Result<HttpClient, HttpError> {
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
}

/// Whether what came in the place of a handshake is no TLS at all.
fn is_clear(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}
