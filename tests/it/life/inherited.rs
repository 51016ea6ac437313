//! A socket that a service manager keeps: posts of a restart wait in its queue.

use crate::life::{PROGRAM, TOPIC, halves};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::children;
use testkit::consumer;
use testkit::deadline::{eventually, let_pass};
use testkit::here;
use testkit::http::{Connection, get, request};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, numbered};
use testkit::port::free_port;
use testkit::say_skipped;
use testkit::senders::Load;

/// Restarts under load.
const RESTARTS: usize = 5;
/// Between the end of a bridge and the start of the next.
const GAP: Duration = Duration::from_millis(300);
/// Under load, between two restarts.
const BETWEEN: Duration = Duration::from_millis(500);

fn kept() -> (Arc<TcpListener>, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (Arc::new(socket), address)
}

fn serve(kafka: &MockKafka) -> Launch {
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).no_auth();
    serve.arg("-X", "message.max.bytes=1000000")
}

fn kafka() -> MockKafka {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    kafka
}

#[test]
fn no_post_is_refused_by_restarts_behind_a_kept_socket() {
    let (kafka, (socket, address)) = (kafka(), kept());
    let serve = serve(&kafka).socket("webhook", socket);
    let mut bridge = serve.start();
    assert_eq!(bridge.webhook(), address);
    let senders = Load::steady(6).start(address);

    for _ in 0..RESTARTS {
        let_pass(BETWEEN);
        bridge.signal(Signal::TERM);
        assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
        let_pass(GAP);
        bridge = serve.start();
    }

    let ledger = senders.stop();
    ledger.assert_statuses(&[200]);
    ledger.assert_kept(&consumer::to_end(&kafka.bootstrap(), TOPIC));
}

#[test]
fn a_post_while_no_bridge_runs_is_answered_by_the_next() {
    let (kafka, (socket, address)) = (kafka(), kept());
    let serve = serve(&kafka).socket("webhook", socket);
    let mut bridge = serve.start();
    bridge.kill();

    let mut waiting: Vec<_> = (0..100).map(|_| Connection::open(address)).collect();
    for (number, connection) in waiting.iter_mut().enumerate() {
        connection.send(request("POST", PATH, &[], numbered(number)));
    }
    let _bridge = serve.start();

    assert!(waiting.iter_mut().all(|connection| connection.read().status == 200));
}

#[test]
fn posts_in_a_kept_socket_at_a_stop_go_to_the_next_bridge() {
    let (kafka, (socket, address)) = (kafka(), kept());
    let serve = serve(&kafka).socket("webhook", socket);
    let mut bridge = serve.clone().arg("--max-connections", "1").start();
    let (first, second) = halves(&numbered(0));
    let mut busy = Connection::open(address);
    busy.send(first);
    bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
    let mut waiting: Vec<_> = (1..=20).map(|_| Connection::open(address)).collect();
    bridge.wait_for_metric("hookbridge_connections_waiting", SOON, |waiting| waiting == 1.0);

    bridge.signal(Signal::TERM);
    bridge.wait_for_log("ending", SOON);
    busy.send(second);
    assert_eq!(busy.read().status, 200);
    for (number, connection) in (1..).zip(&mut waiting) {
        connection.send(request("POST", PATH, &[], numbered(number)));
    }
    // The one that it had accepted is its own.
    let answer = waiting[0].read();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    let _next = serve.start();

    for connection in &mut waiting[1..] {
        let answer = connection.read();
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
}

#[test]
fn the_admin_port_can_be_kept_too() {
    let (kafka, (socket, address)) = (kafka(), kept());
    let bridge = serve(&kafka).socket("admin", socket).start();
    assert_eq!(bridge.admin(), address);
    assert_eq!(get(address, "/livez").status, 200);
}

#[test]
fn a_socket_of_another_name_or_kind_is_refused_with_a_reason() {
    let (kafka, (socket, _)) = (kafka(), kept());
    let (status, said) = serve(&kafka).socket("hookbridge.socket", socket).run(SOON);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains(r#"named "hookbridge.socket"; expected "webhook" or "admin""#), "{said}");
    let script = r#"LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=webhook exec "$@" 3</dev/null"#;
    let (status, said) = serve(&kafka).under("sh", ["-c", script, "sh"]).run(SOON);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains(r#""webhook" is not a listening TCP socket"#), "{said}");
}

#[test]
fn systemd_s_own_activation_is_understood() {
    const TOOL: &str = "systemd-socket-activate";
    if Command::new(TOOL).arg("--version").stdout(Stdio::null()).status().is_err() {
        say_skipped(here!(), TOOL);
        return;
    }
    let (kafka, port) = (kafka(), free_port());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut activate = Command::new(TOOL);
    activate.args(["--listen", &address.to_string(), "--fdname", "webhook", PROGRAM, "serve"]);
    activate.args(["--brokers", &kafka.bootstrap(), "--topic", TOPIC, "--no-auth"]);
    activate.args(["--admin-listen", "127.0.0.1:0", "-X", "message.max.bytes=1000000"]);
    let mut bridge = children::spawn(activate.stderr(Stdio::null())).unwrap();

    eventually(SOON, "it listens", || Connection::try_open(address).is_ok());
    let mut connection = Connection::open(address);
    connection.send(request("POST", PATH, &[], numbered(1)));
    assert_eq!(connection.read().status, 200);

    bridge.kill().unwrap();
    bridge.wait().unwrap();
}
