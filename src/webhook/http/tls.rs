//! TLS on a port: the handshake of a connection, and the certificate that it shows.
//!
//! Promise: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) with rustls' defaults, HTTP/1.1 as the one protocol (ALPN,
//! RFC 7301), and sessions that are resumed by tickets (RFC 5077) whose keys never leave the process. A
//! handshake has the time-outs of the stream that it is given, and at most as many are under way as there
//! may be connections. Who speaks plain HTTP gets an answer that says what the port speaks. Another
//! certificate is shown from the next handshake on; open connections stay.
//!
//! It reads no files, and asks no client for a certificate.

use crate::metrics::connections::HandshakeSeries;
use crate::webhook::http::rare_line::RareLine;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, ServerConfig};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

/// The content type of a handshake, with which TLS begins (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
/// Room for a greeting: most come in one read.
const GREETING: usize = 2 * 1024;
/// The most bytes of one: what a handshake message of rustls may have.
const LARGEST_GREETING: usize = 64 * 1024;

/// To whom speaks plain HTTP. As long as the body is.
const SPEAK_TLS: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\n",
    "content-type: application/problem+json\r\n",
    "content-length: 110\r\n",
    "connection: close\r\n\r\n",
    r#"{"type":"about:blank","title":"This port speaks TLS: post to https","status":400,"code":"tls_required"}"#,
    "       "
);

/// Between lines on handshakes that fail: whoever scans ports causes one at each.
const FAILURE_LINE: Duration = Duration::from_secs(60);

/// The certificate that a port shows, and its key. Shared by `Arc`.
#[derive(Debug)]
pub struct Certificate(RwLock<InForce>);

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The chain and the key.
    pub key: Arc<CertifiedKey>,
    /// The end of its validity.
    pub not_after: SystemTime,
}

/// TLS as it is configured. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    certificate: Arc<Certificate>,
}

/// TLS on a port, shared by the event loops that serve it.
pub struct TlsPort {
    config: Arc<ServerConfig>,
    handshakes: HandshakeSeries,
    failures: RareLine,
}

/// Why there is no handshake.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    /// The connection was closed before anything came over it.
    #[error("nothing came")]
    Silent,
    /// The client speaks plain HTTP, and was answered so.
    #[error("the client speaks no TLS")]
    Plain,
    /// The client sends nothing that TLS begins with.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The client does not trust the certificate, offers nothing that is spoken here, or left.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Certificate {
    /// The first one.
    pub fn new(first: InForce) -> Self {
        Self(RwLock::new(first))
    }

    /// Shows another one from now on.
    pub fn replace(&self, other: InForce) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = other;
    }

    /// The end of the validity of the one that is shown.
    pub fn not_after(&self) -> SystemTime {
        self.in_force().not_after
    }

    fn in_force(&self) -> RwLockReadGuard<'_, InForce> {
        // Nothing that is done under the lock panics half way.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_force().key.clone())
    }
}

impl Tls {
    /// With this certificate, and keys for tickets that are drawn now.
    pub fn new(certificate: Arc<Certificate>) -> Result<Self, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = Ticketer::new()?;
        // A sender uses the one that it got last.
        config.send_tls13_tickets = 1;
        Ok(Self { config: Arc::new(config), certificate })
    }

    /// What it shows.
    pub fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }
}

impl TlsPort {
    /// On a port that shows these series.
    pub fn new(tls: &Tls, handshakes: HandshakeSeries) -> Self {
        let failures = RareLine::every(FAILURE_LINE);
        Self { config: tls.config.clone(), handshakes, failures }
    }

    /// Shakes hands, and counts how that ended; logs a failure, of many the first of a minute.
    pub(super) async fn accept<S>(&self, stream: S, peer: IpAddr) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.shake_hands(stream).await {
            Ok(stream) => {
                match stream.get_ref().1.handshake_kind() {
                    Some(HandshakeKind::Resumed) => self.handshakes.resumed.inc(),
                    Some(_) | None => self.handshakes.full.inc(),
                };
                Some(stream)
            }
            // As health checks and port scanners do.
            Err(HandshakeError::Silent) => None,
            Err(error) => {
                self.handshakes.failed.inc();
                if let Some(left_out) = self.failures.note(Instant::now()) {
                    tracing::warn!(%peer, %error, left_out, "a TLS handshake failed");
                }
                None
            }
        }
    }

    async fn shake_hands<S>(&self, mut stream: S) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut acceptor, mut greeting) = (Acceptor::default(), Vec::with_capacity(GREETING));
        let accepted = loop {
            let read = match stream.read_buf(&mut greeting).await {
                Ok(0) | Err(_) if greeting.is_empty() => return Err(HandshakeError::Silent),
                Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(_) if greeting.len() > LARGEST_GREETING => {
                    Err(io::Error::other("the greeting has no end"))
                }
                read => read,
            }?;
            if greeting[0] != HANDSHAKE {
                stream.write_all(SPEAK_TLS.as_bytes()).await?;
                stream.shutdown().await?;
                return Err(HandshakeError::Plain);
            }
            let mut unread = &greeting[greeting.len() - read..];
            while !unread.is_empty() {
                acceptor.read_tls(&mut unread)?;
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => break accepted,
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut bytes = Vec::new();
                    alert.write_all(&mut bytes)?;
                    stream.write_all(&bytes).await?;
                    return Err(error.into());
                }
            }
        };
        drop(greeting);
        let accepting = StartHandshake::from_parts(accepted, stream);
        Ok(accepting.into_stream(self.config.clone()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_is_as_long_as_it_says() {
        let (head, body) = SPEAK_TLS.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
    }
}
