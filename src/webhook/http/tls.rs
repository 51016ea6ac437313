//! TLS on a port: the handshake of a connection, and the certificate that it shows.
//!
//! Promise: TLS 1.2 and 1.3 (RFC 5246, RFC 8446) with rustls' defaults, HTTP/1.1 as the one
//! protocol (ALPN, RFC 7301), and sessions that are resumed by tickets (RFC 5077) whose keys never
//! leave the process. A handshake has the time-outs of the stream that it is given, and before them
//! it waits for its turn to have its greeting answered; at most as many are under way as there may be
//! connections. Who speaks plain HTTP gets an answer that says what the port speaks, and whoever's
//! handshake fails the alert that says why. Another certificate is shown from the next handshake on,
//! which resumes no session of the former one; open connections stay.
//!
//! It reads no files, and asks no client for a certificate.

use crate::metrics::connections::HandshakeSeries;
use crate::rare_line::RareLine;
use crate::webhook::http::handshake_turns::HandshakeTurns;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::Acceptor;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
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
/// In which a greeting is read, in bytes: most come in one.
const PIECE: usize = 2 * 1024;
/// The most bytes of a greeting, ten times those of a browser's: all connections may send one at once.
const LARGEST_GREETING: usize = 16 * 1024;

/// To whom speaks plain HTTP. As long as the body is.
const SPEAK_TLS: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\n",
    "content-type: application/problem+json\r\n",
    "content-length: 103\r\n",
    "connection: close\r\n\r\n",
    r#"{"type":"about:blank","title":"This port speaks TLS: post to https","status":400,"code":"tls_required"}"#
);

/// Between lines on handshakes that fail: whoever scans ports causes one at each.
const FAILURE_LINE: Duration = Duration::from_secs(60);

/// The certificate that a port shows, with its key. Shared by `Arc`.
pub struct Certificate(RwLock<InForce>);

/// What is shown from a moment on.
struct InForce {
    config: Arc<ServerConfig>,
    validity: Validity,
}

/// When a certificate may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From here on.
    pub not_before: SystemTime,
    /// Up to here.
    pub not_after: SystemTime,
}

/// TLS on a port, shared by the event loops that serve it.
pub struct TlsPort {
    certificate: Arc<Certificate>,
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

impl Validity {
    /// Whether it holds now.
    pub fn holds(&self) -> bool {
        (self.not_before..=self.not_after).contains(&SystemTime::now())
    }
}

impl Certificate {
    /// The first one.
    pub fn new(key: CertifiedKey, validity: Validity) -> Result<Self, rustls::Error> {
        Ok(Self(RwLock::new(InForce { config: config(key)?, validity })))
    }

    /// Gives what shows another one from then on. No session of the former one is resumed.
    pub fn prepare(
        self: &Arc<Self>,
        key: CertifiedKey,
        validity: Validity,
    ) -> Result<impl FnOnce() + Send + use<>, rustls::Error> {
        let (certificate, other) = (self.clone(), InForce { config: config(key)?, validity });
        Ok(move || *certificate.0.write().unwrap_or_else(PoisonError::into_inner) = other)
    }

    /// Of the one that is shown.
    pub fn validity(&self) -> Validity {
        self.in_force().validity
    }

    fn in_force(&self) -> RwLockReadGuard<'_, InForce> {
        // Nothing that is done under the lock panics half way.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With keys for tickets that are drawn now.
fn config(key: CertifiedKey) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = Ticketer::new()?;
    // A sender uses the one that it got last.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

impl TlsPort {
    /// On a port that shows these series.
    pub fn new(certificate: Arc<Certificate>, handshakes: HandshakeSeries) -> Self {
        Self { certificate, handshakes, failures: RareLine::every(FAILURE_LINE) }
    }

    /// Shakes hands, and counts how that ended; logs a failure, of many the first of a minute.
    pub(super) async fn accept<S>(
        &self,
        stream: S,
        peer: IpAddr,
        turns: &HandshakeTurns,
    ) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.shake_hands(stream, turns).await {
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

    async fn shake_hands<S>(
        &self,
        mut stream: S,
        turns: &HandshakeTurns,
    ) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut acceptor, mut piece, mut greeted) =
            (Acceptor::default(), Vec::with_capacity(PIECE), 0);
        let accepted = loop {
            piece.clear();
            let read = match stream.read_buf(&mut piece).await {
                Ok(0) | Err(_) if greeted == 0 => return Err(HandshakeError::Silent),
                Ok(0) => return Err(HandshakeError::Io(io::ErrorKind::UnexpectedEof.into())),
                read => read?,
            };
            if greeted == 0 && piece[0] != HANDSHAKE {
                return Err(
                    last_words(&mut stream, SPEAK_TLS.as_bytes(), HandshakeError::Plain).await
                );
            }
            greeted += read;
            if greeted > LARGEST_GREETING {
                return Err(HandshakeError::Io(io::Error::other("the greeting is too long")));
            }
            let mut unread = &piece[..];
            while !unread.is_empty() {
                acceptor.read_tls(&mut unread)?;
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => break accepted,
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut bytes = Vec::new();
                    alert.write_all(&mut bytes)?;
                    return Err(last_words(&mut stream, &bytes, error.into()).await);
                }
            }
        };
        drop(piece);
        let config = self.certificate.in_force().config.clone();
        let accepting = StartHandshake::from_parts(accepted, stream);
        let accepting = turns.take(|| accepting.into_stream(config)).await;
        match accepting.into_fallible().await {
            Ok(stream) => Ok(stream),
            // The alert is written.
            Err((error, mut stream)) => Err(last_words(&mut stream, &[], error.into()).await),
        }
    }
}

/// Writes bytes, and closes so that they can be read; gives the error that they are about.
async fn last_words<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    error: HandshakeError,
) -> HandshakeError {
    // Who has left needs no answer.
    if stream.write_all(bytes).await.is_ok() {
        drop(stream.shutdown().await);
    }
    error
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
