//! The proxy passes bytes on and does to them what it is to do, and Kafka's clients come by it.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use testkit::here;
use testkit::http::Connection;
use testkit::kafka::RealKafka;
use testkit::proxy::{Network, Proxy};

const LATE: Duration = Duration::from_millis(300);

/// Longer than a round trip on a busy machine, and what a test is ready to wait for nothing.
const SILENCE: Duration = Duration::from_millis(300);

const ANSWER: Duration = Duration::from_secs(10);

#[test]
fn a_sound_network_passes_bytes_and_closes_on_both_ways() {
    let (proxy, upstream) = in_front();
    let (mut client, mut server) = connect(&proxy, &upstream);

    client.send("there");
    assert_eq!(server.read_exactly(5).unwrap(), b"there");
    server.send("and back");
    assert_eq!(client.read_exactly(8).unwrap(), b"and back");

    drop(client);
    assert!(server.is_closed());
    let (mut client, server) = connect(&proxy, &upstream);
    drop(server);
    assert!(client.is_closed());
}

#[test]
fn a_cut_network_closes_connections_and_those_that_come() {
    let (proxy, upstream) = in_front();
    let (mut client, mut server) = connect(&proxy, &upstream);

    proxy.set(Network::Cut);

    assert!(client.is_closed() && server.is_closed());
    assert!(open(&proxy).is_closed());
    proxy.set(Network::Sound);
    let (mut client, mut server) = connect(&proxy, &upstream);
    client.send("again");
    assert_eq!(server.read_exactly(5).unwrap(), b"again");
}

#[test]
fn answers_are_late_on_a_slow_network_and_requests_are_not() {
    let (proxy, upstream) = in_front();
    let (mut client, mut server) = connect(&proxy, &upstream);
    proxy.set(Network::Slow(LATE));

    let asked = Instant::now();
    client.send("request");
    assert_eq!(server.read_exactly(7).unwrap(), b"request");
    assert!(asked.elapsed() < LATE);
    server.send("answer");
    assert_eq!(client.read_exactly(6).unwrap(), b"answer");
    assert!(asked.elapsed() >= LATE);
}

#[test]
fn an_answer_to_the_deaf_is_lost_and_its_connection_closed() {
    let (proxy, upstream) = in_front();
    let (mut client, mut server) = connect(&proxy, &upstream);
    let (mut silent, mut unasked) = connect(&proxy, &upstream);
    proxy.set(Network::Deaf);

    client.send("request");
    assert_eq!(server.read_exactly(7).unwrap(), b"request");
    server.send("answer");
    assert!(client.is_silent_for(SILENCE));

    proxy.set(Network::Sound);
    assert!(client.is_closed());
    unasked.send("nothing lost here");
    assert_eq!(silent.read_exactly(17).unwrap(), b"nothing lost here");
}

#[test]
fn a_dropped_proxy_is_gone_with_its_connections() {
    let (proxy, upstream) = in_front();
    let (mut client, mut server) = connect(&proxy, &upstream);
    let addr = proxy.address().parse().unwrap();

    drop(proxy);

    assert!(client.is_closed() && server.is_closed());
    let refused = Connection::try_open(addr).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_kafka_client_that_came_by_the_proxy_does_not_bypass_it() {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(here!()) else { return };
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", proxy.address());
    let client: BaseConsumer = config.create().unwrap();
    let metadata = client.fetch_metadata(None, ANSWER).unwrap();
    let [broker] = metadata.brokers() else { panic!("one broker") };
    assert_eq!(broker.port(), i32::from(proxy.port()));

    proxy.set(Network::Cut);

    assert!(client.fetch_metadata(None, SILENCE).is_err());
    assert!(kafka.answers());
    proxy.set(Network::Sound);
    assert!(client.fetch_metadata(None, ANSWER).is_ok());
}

/// A proxy, and who listens behind it.
fn in_front() -> (Proxy, TcpListener) {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    (Proxy::to(upstream.local_addr().unwrap().port()), upstream)
}

fn open(proxy: &Proxy) -> Connection {
    Connection::open(proxy.address().parse().unwrap())
}

/// A connection and its other end.
fn connect(proxy: &Proxy, upstream: &TcpListener) -> (Connection, Connection) {
    let client = open(proxy);
    let (server, _) = upstream.accept().unwrap();
    (client, Connection::over(server))
}
