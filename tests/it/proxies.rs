//! The proxies of `config/proxies`, each with its file as it is shipped: ports, the host's name and
//! certificates are the test's, and what names folders of the system stands around it.
//!
//! Promise: while the bridge behind it is restarted, and killed with posts under way, senders get
//! 200 and nothing else, and no post is lost. What is not installed is skipped.

mod framing;
mod front;

use crate::proxies::front::{Bridges, Front};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use rustix::process::Signal;
use rustls::version::TLS13;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::http::{Response, request};
use testkit::kafka::REQUIRE;
use testkit::mock::MockKafka;
use testkit::notification::{PATH, of_length};
use testkit::port::free_port;
use testkit::say_skipped;
use testkit::senders::Load;
use testkit::tls::{Authority, Client};

const TOPIC: &str = "events";

/// Between the end of a bridge and the start of the next.
const GAP: Duration = Duration::from_secs(1);
/// Under load, between two ends.
const BETWEEN: Duration = Duration::from_millis(500);
/// Before it is killed, so that posts are under way.
const FROZEN: Duration = Duration::from_millis(300);
/// How late Kafka acknowledges: so some posts are under way at any time.
const UNDER_WAY: Duration = Duration::from_millis(40);

/// A busy machine makes none late, and the proxies wait for ten seconds.
const ACK_TIMEOUT: &str = "8s";

/// Of a post that is under way, too: as long as a record of the mock may be, less its headers.
const LARGE: usize = 900_000;

/// `--max-body`.
const MAX_BODY: usize = 1 << 20;

/// What becomes of posts that are under way when the bridge is killed.
enum Crash {
    /// The proxy tries them again.
    Hidden,
    /// Their senders get a 5xx, so it is not tried here.
    Told,
}

#[test]
fn behind_nginx_restart_and_crash_cost_no_sender_a_5xx() {
    check(here!(), &front::NGINX, &Crash::Hidden);
}

#[test]
fn behind_nginx_one_bridge_with_a_kept_socket_is_enough() {
    check(here!(), &front::NGINX_TWICE, &Crash::Hidden);
}

#[test]
fn behind_haproxy_restart_and_crash_cost_no_sender_a_5xx() {
    check(here!(), &front::HAPROXY, &Crash::Hidden);
}

#[test]
fn behind_caddy_restart_and_crash_cost_no_sender_a_5xx() {
    check(here!(), &front::CADDY, &Crash::Hidden);
}

#[test]
fn behind_envoy_restart_and_crash_cost_no_sender_a_5xx() {
    check(here!(), &front::ENVOY, &Crash::Hidden);
}

#[test]
fn behind_apache_a_restart_costs_no_sender_a_5xx() {
    check(here!(), &front::APACHE, &Crash::Told);
}

fn check(test: &str, front: &Front, crash: &Crash) {
    if is_skipped(test, front) {
        return;
    }
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    let (ports, serve) = launches(&kafka, front.bridges);
    let _second = match front.bridges {
        Bridges::Pair => Some(bridge_on(&kafka, ports[1]).start()),
        Bridges::One | Bridges::OneBehindSocket => None,
    };
    let mut bridge = start(&serve);
    let authority = Authority::new();
    let client = authority.client(&TLS13).http1();
    let port = free_port();
    let proxy = front.start(ports, port, &authority.issue(90));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    proxy.wait_until_it_answers(address, &client);
    only_the_path_is_passed_on(address, &client, &bridge);

    kafka.round_trip_time(UNDER_WAY);
    let senders = Load::paced(30, 30).half_on_new_connections();
    let senders = senders.start_over_tls(address, &client);
    let_pass(BETWEEN);
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    let_pass(GAP);
    bridge = start(&serve);
    let_pass(BETWEEN);
    if matches!(crash, Crash::Hidden) {
        bridge = after_crash(bridge, &serve, address, &client);
        let_pass(BETWEEN);
    }
    let ledger = senders.stop();
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());

    kafka.round_trip_time(Duration::ZERO);
    let topic = consumer::to_end(&kafka.bootstrap(), TOPIC);
    let verdict = ledger.verdict(&topic);
    eprintln!("{}: {} posts, {verdict}; {}", front.program, ledger.count(200), ledger.times());
    ledger.assert_statuses(&[200]);
    ledger.assert_kept(&topic);
}

/// Says so where it is missing.
fn is_skipped(test: &str, front: &Front) -> bool {
    let Some(missing) = front.missing() else { return false };
    let may_be_skipped = front.package.is_none() || std::env::var_os(REQUIRE).is_none();
    assert!(may_be_skipped, "nothing may be skipped here: {missing}");
    say_skipped(test, &missing);
    true
}

/// Kills the bridge with posts under way, a large one among them, and gives the next.
fn after_crash(mut bridge: Bridge, serve: &Launch, address: SocketAddr, client: &Client) -> Bridge {
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts >= 1.0);
    bridge.signal(Signal::STOP); // what comes is taken by its kernel, and more is under way
    thread::scope(|scope| {
        let large = scope.spawn(|| post(address, client, PATH, &of_length(LARGE)));
        let_pass(FROZEN);
        bridge.kill();
        let_pass(GAP / 2);
        let next = start(serve);
        assert_eq!(large.join().unwrap().status, 200, "the large one");
        next
    })
}

/// The ports that the proxy is told, and what starts the first bridge.
fn launches(kafka: &MockKafka, bridges: Bridges) -> ([u16; 2], Launch) {
    match bridges {
        Bridges::Pair | Bridges::One => {
            let ports = [free_port(), free_port()];
            (ports, bridge_on(kafka, ports[0]))
        }
        Bridges::OneBehindSocket => {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = socket.local_addr().unwrap().port();
            ([port; 2], bridge_on(kafka, port).socket("webhook", Arc::new(socket)))
        }
    }
}

fn bridge_on(kafka: &MockKafka, port: u16) -> Launch {
    let serve = MockKafka::flags(HOOKBRIDGE.serve(kafka.bootstrap())).arg("--topic", TOPIC);
    let serve = serve.arg("--ack-timeout", ACK_TIMEOUT);
    serve.no_auth().arg("--listen", format!("127.0.0.1:{port}"))
}

/// Ready, so that no end comes upon another.
fn start(serve: &Launch) -> Bridge {
    let bridge = serve.start();
    bridge.wait_ready(SOON);
    bridge
}

/// Also that a body over `--max-body` is the bridge's to refuse.
fn only_the_path_is_passed_on(address: SocketAddr, client: &Client, bridge: &Bridge) {
    for elsewhere in ["/", "/webhook/x", "/metrics"] {
        assert_eq!(post(address, client, elsewhere, "{}").status, 404, "{elsewhere}");
    }
    let answer = post(address, client, PATH, &"x".repeat(MAX_BODY + 1));
    assert_eq!(answer.json()["code"], "too_large");
    assert_eq!(bridge.metric(r#"hookbridge_outcomes_total{outcome="too_large"}"#), 1.0);
    let longest = post(address, client, PATH, &"x".repeat(MAX_BODY));
    assert_eq!(longest.json()["code"], "malformed_json");
}

fn post(address: SocketAddr, client: &Client, path: &str, body: &str) -> Response {
    let mut connection = client.connect(address).unwrap();
    connection.send(request("POST", path, &[], body));
    connection.read()
}
