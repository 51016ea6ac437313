//! A TCP proxy in front of a Kafka node, with the faults of a network on order.
//!
//! It knows bytes, not Kafka's protocol. It listens until it is dropped, and is then gone with all
//! its connections. Whoever is to be cut off must know Kafka by the proxy's address:
//! [`RealKafka::shared_behind_proxy`](crate::kafka::RealKafka::shared_behind_proxy).

use crate::port::free_port;
use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch::{self, Receiver, Sender};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What is done with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They are passed on.
    Sound,
    /// Connections are closed, those that are open and those that come.
    Cut,
    /// Kafka's answers come later by so much, and up to twice that.
    Slow(Duration),
    /// Kafka gets what it is sent, and its answers get lost. A connection that lost one is closed
    /// when this ends, as its bytes no longer make sense.
    Deaf,
}

/// A listening proxy.
pub struct Proxy {
    port: u16,
    network: Option<Sender<Network>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Passes on to this port on loopback, where somebody may listen later.
    pub fn to(upstream: u16) -> Self {
        let port = free_port();
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (network, changes) = watch::channel(Network::Sound);
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, upstream, changes));
        });
        Self { port, network: Some(network), thread: Some(thread) }
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// For `bootstrap.servers`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on, for open connections too.
    pub fn set(&self, network: Network) {
        self.network.as_ref().unwrap().send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.network = None; // ends the thread's loop
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the proxy's thread panicked");
    }
}

/// Until the proxy is dropped; the connections end with the set of their tasks.
async fn serve(listener: std::net::TcpListener, upstream: u16, mut network: Receiver<Network>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let upstream = SocketAddr::from(([127, 0, 0, 1], upstream));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.unwrap();
                let network = network.clone();
                connections.spawn(async move { drop(pass(client, upstream, network).await) });
            }
            Some(_) = connections.join_next() => {}
            changed = network.changed() => if changed.is_err() { return },
        }
    }
}

/// Until either side closes, or the network does not let it live.
async fn pass(
    client: TcpStream,
    upstream: SocketAddr,
    mut network: Receiver<Network>,
) -> io::Result<()> {
    if *network.borrow_and_update() == Network::Cut {
        return Ok(());
    }
    let kafka = TcpStream::connect(upstream).await?;
    kafka.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_kafka, to_kafka) = kafka.into_split();
    let answers = network.clone();
    tokio::select! {
        ended = copy(from_client, to_kafka) => ended,
        ended = copy_answers(from_kafka, to_client, answers) => ended,
        _ = network.wait_for(|network| *network == Network::Cut) => Ok(()),
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    tokio::io::copy(&mut from, &mut to).await.map(drop)
}

async fn copy_answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: Receiver<Network>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    let mut lost = false;
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read?,
            _ = network.wait_for(|network| *network != Network::Deaf), if lost => 0,
        };
        let now = *network.borrow();
        match now {
            _ if read == 0 => return Ok(()),
            Network::Deaf => lost = true,
            Network::Sound | Network::Cut | Network::Slow(_) if lost => return Ok(()),
            Network::Sound | Network::Cut => to.write_all(&bytes[..read]).await?,
            Network::Slow(late) => {
                sleep(late).await;
                to.write_all(&bytes[..read]).await?;
            }
        }
    }
}
