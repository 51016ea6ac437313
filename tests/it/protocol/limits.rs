//! Limits on all connections and bodies together, and senders that would use them up.

use crate::protocol::is_accepted;
use crate::support::problem::refusal;
use crate::support::rig::{Rig, SOON};
use hookbridge::metrics::Outcome;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use testkit::deadline::wait_for;
use testkit::http::{Connection, request};
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, numbered, of_length};

/// Long enough to see that nothing comes: longer than a connection has to be idle to make room.
const A_WHILE: Duration = Duration::from_millis(600);

#[test]
fn a_connection_over_the_limit_replaces_the_longest_idle_one() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--max-connections", "2"));
    let post = request("POST", PATH, &[], ROOMDROP);
    let [mut first, mut second, mut third] = [(); 3].map(|()| rig.connect());
    for served in [&mut first, &mut second, &mut third] {
        served.send(&post);
        assert!(is_accepted(&served.read(), ROOMDROP));
    }

    assert!(first.is_closed());
    assert_eq!(rig.count("hookbridge_connections"), 2);
    for served in [&mut second, &mut third] {
        served.send(&post);
        assert!(is_accepted(&served.read(), ROOMDROP));
    }
}

#[test]
fn a_connection_over_the_limit_waits_while_all_others_are_busy() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--max-connections", "2"));
    let post = request("POST", PATH, &[], ROOMDROP);
    // One within its body, one within its head.
    let cuts = [post.len() - 10, 20];
    let [mut body, mut head, mut third] = [(); 3].map(|()| rig.connect());
    body.send(&post[..cuts[0]]);
    head.send(&post[..cuts[1]]);
    rig.wait_for_count("hookbridge_in_flight", 1);

    third.send(&post);
    assert!(third.is_silent_for(A_WHILE));
    let counts = ["connections", "connections_waiting", "connections_displaced_total"];
    assert_eq!(counts.map(|name| rig.count(&format!("hookbridge_{name}"))), [2, 1, 0]);
    head.send(&post[cuts[1]..]);

    assert!(is_accepted(&head.read(), ROOMDROP));
    assert!(is_accepted(&third.read(), ROOMDROP));
    assert!(head.is_closed(), "its post is answered: it can make room");
    body.send(&post[cuts[0]..]);
    assert!(is_accepted(&body.read(), ROOMDROP));
    assert_eq!(rig.count("hookbridge_connections_waiting"), 0);
}

#[test]
pub(crate) fn bodies_over_the_budget_are_refused_until_room_comes_back() {
    let flags = [("--max-body", "100KB"), ("--max-in-flight-bytes", "100KB")];
    let rig = Rig::on_mock(|serve| flags.iter().fold(serve.no_auth(), |s, (f, v)| s.arg(f, *v)));
    let body = of_length(60_000);
    let post = request("POST", PATH, &[], &body);
    let (most, rest) = post.split_at(post.len() - 10);
    let mut first = rig.connect();

    first.send(most);
    rig.bridge().wait_for_metric("hookbridge_in_flight_bytes", SOON, |held| held > 50_000.0);
    let refused = rig.post(&[], &body);
    assert_eq!(refusal(&refused), (503, Outcome::Overloaded));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(rig.post(&[], ROOMDROP).status, 200, "there is room for a small one");

    first.send(rest);
    assert_eq!(first.read().json()["id"], ce_id(APP_ID, &body));
    assert_eq!(rig.post(&[], &body).status, 200);
}

#[test]
fn a_sender_that_never_reads_delays_nobody_and_is_let_go() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "1s"));
    let mut deaf = with_small_buffers(rig.addr());
    let posts = request("GET", PATH, &[], "").repeat(1000);
    let mut written = 0;

    // Answers fill every buffer on the way, then requests do; after that the bridge waits
    // for as long as for a read.
    let let_go = wait_for(SOON, "the bridge closes", || {
        let error = loop {
            match deaf.write(&posts[written % posts.len()..]) {
                Ok(more) => written += more,
                Err(error) => break error,
            }
        };
        assert!(is_accepted(&rig.post(&[], ROOMDROP), ROOMDROP));
        (error.kind() != ErrorKind::WouldBlock).then(|| error.kind())
    });

    assert!(matches!(let_go, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{let_go}");
    rig.wait_for_count("hookbridge_connections", 0);
}

#[test]
fn many_connections_post_at_once_and_each_gets_its_own_answer() {
    for workers in ["1", "2"] {
        let rig = Rig::on_mock(|serve| serve.no_auth().arg("--workers", workers));
        let mut connections: Vec<Connection> = (0..200).map(|_| rig.connect()).collect();

        for (index, connection) in connections.iter_mut().enumerate() {
            connection.send(request("POST", PATH, &[], numbered(index)));
        }
        for (index, connection) in connections.iter_mut().enumerate() {
            assert!(is_accepted(&connection.read(), &numbered(index)), "{index}");
        }

        assert_eq!(rig.records().len(), connections.len());
    }
}

/// A connection whose buffers are full soon: what is not read is little.
fn with_small_buffers(addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.set_send_buffer_size(4096).unwrap();
    socket.connect(&addr.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.into()
}
