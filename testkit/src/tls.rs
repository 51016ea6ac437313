//! An authority that makes certificates for servers and clients, and a sender that trusts it.
//!
//! Blocking, every read and write with a time-out; a client keeps its tickets, as a sender's would.

use crate::http::{Connection, with_time_outs};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Whom certificates are made for.
pub const NAME: &str = "hooks.example";

/// A connection over TLS.
pub type TlsConnection = Connection<StreamOwned<ClientConnection, TcpStream>>;

/// Makes certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Identity {
    /// The chain.
    pub cert: String,
    /// The key.
    pub key: String,
}

/// A sender.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    sessions: Sessions,
}

/// What a sender does with the sessions that a server gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sessions {
    /// It takes them up, each once.
    TakenUp,
    Forgotten,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// One that nobody else trusts.
    pub fn new() -> Self {
        Self::named("the authority of a test")
    }

    /// The same by a name, which tells it from others.
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// A certificate for [`NAME`] that ends in this many days, or has ended.
    pub fn issue(&self, days: i64) -> Identity {
        self.issue_to(NAME, &[NAME], days)
    }

    /// A certificate for a server with these names or addresses, or for a client, who needs none.
    pub fn issue_to(&self, subject: &str, names: &[&str], days: i64) -> Identity {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, subject);
        let now = OffsetDateTime::now_utc();
        params.not_before = now - Duration::days(400);
        params.not_after = now + Duration::days(days);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap().pem();
        Identity { cert, key: key.serialize_pem() }
    }

    /// Its own certificate, in PEM.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A sender that trusts it, and speaks this version alone.
    pub fn client(&self, version: &'static SupportedProtocolVersion) -> Client {
        self.client_of(version, &[b"h2", b"http/1.1"])
    }

    /// A sender that speaks HTTP/2 alone.
    pub fn client_of_http2(&self) -> Client {
        self.client_of(&TLS13, &[b"h2"])
    }

    fn client_of(&self, version: &'static SupportedProtocolVersion, protocols: &[&[u8]]) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(&[version]).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Client { config: Arc::new(config), sessions: Sessions::TakenUp }.apart()
    }
}

impl Identity {
    /// Both, as Kafka takes them for a key store.
    pub fn store(&self) -> String {
        self.key.clone() + &self.cert
    }
}

impl Client {
    /// The same, and it offers HTTP/1.1 alone: whoever speaks HTTP/2 too would else choose that.
    #[must_use]
    pub fn http1(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { config: Arc::new(config), ..*self }
    }

    /// The same, and it takes up no session.
    #[must_use]
    pub fn without_sessions(&self) -> Self {
        Self { sessions: Sessions::Forgotten, ..self.clone() }.apart()
    }

    /// The same with sessions of its own: where many share theirs, some find none left.
    #[must_use]
    pub fn apart(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = match self.sessions {
            Sessions::TakenUp => Resumption::in_memory_sessions(8),
            Sessions::Forgotten => Resumption::disabled(),
        };
        Self { config: Arc::new(config), ..*self }
    }

    /// Its side of a connection, before the first byte. It takes what it is to send at once, however
    /// much that is.
    pub(crate) fn begin(&self) -> io::Result<ClientConnection> {
        let name = ServerName::try_from(NAME).unwrap();
        let mut client =
            ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        client.set_buffer_limit(None);
        Ok(client)
    }

    /// What it says first, which a server has to answer whoever sends it.
    pub fn greeting(&self) -> io::Result<Vec<u8>> {
        let (mut client, mut bytes) = (self.begin()?, Vec::new());
        client.write_tls(&mut bytes)?;
        Ok(bytes)
    }

    /// Connects and shakes hands.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<TlsConnection> {
        let mut stream = TcpStream::connect(addr)?;
        with_time_outs(&stream);
        let mut client = self.begin()?;
        client.complete_io(&mut stream)?;
        Ok(Connection::on(StreamOwned::new(client, stream)))
    }
}

impl TlsConnection {
    /// Waits for so long at most for what comes next.
    pub fn wait_at_most(&self, time: std::time::Duration) {
        self.stream().sock.set_read_timeout(Some(time)).unwrap();
    }

    /// Whether it took up a session of another.
    pub fn is_resumed(&self) -> bool {
        self.stream().conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// What both agreed to speak.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream().conn.alpn_protocol()
    }

    /// The certificate that the other side has shown, as it is encoded.
    pub fn certificate(&self) -> Vec<u8> {
        self.stream().conn.peer_certificates().unwrap()[0].to_vec()
    }
}
