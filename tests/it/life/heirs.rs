//! Hand-overs that somebody stands in the way of: who follows badly, who has the place, who holds
//! it up.

use crate::life::halves;
use crate::life::hand_over::{Line, WAITS};
use crate::support::rig::SOON;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, listen, recvmsg};
use rustix::process::Signal;
use serde_json::json;
use std::fs::{self, File};
use std::io::{IoSliceMut, Read as _};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self, UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};
use testkit::deadline::{let_pass, wait_for};
use testkit::http::{Connection, get, post, request};
use testkit::notification::{PATH, ROOMDROP};

/// A grace period that is over before the first bridge has ended.
const SHORT: &str = "2s";

/// Longer than that.
const LONG: Duration = Duration::from_secs(3);

/// Less than half a head could take before it is late.
const LAST_CALLS: Duration = Duration::from_secs(4);

/// Where bridges of a port meet.
fn rendezvous(webhook: SocketAddr) -> net::SocketAddr {
    net::SocketAddr::from_abstract_name(format!("hookbridge/{webhook}")).unwrap()
}

#[test]
fn who_does_not_answer_has_no_sockets_and_the_queue_is_served() {
    let (mut line, _kafka) = Line::on_mock();
    line.serve = line.serve.arg("--max-connections", "1");
    let mut first = line.serve.start();
    let (half, rest) = halves(ROOMDROP);
    let mut busy = Connection::open(line.address);
    busy.send(&half);
    first.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
    let mut stuck = UnixStream::connect_addr(&rendezvous(line.address)).unwrap();
    first.wait_for_log(WAITS, SOON);
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let (mut rights, mut said) = (RecvAncillaryBuffer::new(&mut room), [0; 8]);
    let mut into = [IoSliceMut::new(&mut said)];
    let received = recvmsg(&stuck, &mut into, &mut rights, RecvFlags::empty()).unwrap();
    assert_eq!((received.bytes, rights.drain().count()), (1, 0), "it is not the end yet");
    let mut waiting = Connection::open(line.address);
    waiting.send(request("POST", PATH, &[], ROOMDROP));

    first.signal(Signal::TERM);

    let answer = waiting.read();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    busy.send(rest);
    assert_eq!(busy.read().status, 200);
    assert!(first.wait_exit(SOON).success(), "{}", first.log());
    assert!(first.log().contains("nobody follows this bridge"), "{}", first.log());
    let mut last = Vec::new();
    stuck.read_to_end(&mut last).unwrap();
    assert_eq!(last, b".");
    assert!(Connection::try_open(line.address).is_err(), "nobody has the port any more");
}

#[test]
fn the_grace_of_the_first_bridge_counts_once_it_ends() {
    let (line, _kafka) = Line::on_mock();
    let mut first = line.serve.start();
    let (half, rest) = halves(ROOMDROP);
    let mut busy = Connection::open(line.address);
    busy.send(&half);
    first.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);
    thread::scope(|scope| {
        let impatient = line.serve.clone().arg("--grace", SHORT);
        let next = scope.spawn(move || impatient.start());
        first.wait_for_log(WAITS, SOON);
        first.signal(Signal::TERM);
        let_pass(LONG);
        busy.send(&rest);
        assert_eq!(busy.read().status, 200);
        assert!(first.wait_exit(SOON).success(), "{}", first.log());
        let next = next.join().unwrap();
        assert_eq!(post(next.webhook(), PATH, &[], ROOMDROP).status, 200);
    });
}

#[test]
fn half_a_head_does_not_hold_a_hand_over_up() {
    let (line, _kafka) = Line::on_mock();
    let mut first = line.serve.start();
    thread::scope(|scope| {
        let next = scope.spawn(|| line.serve.start());
        first.wait_for_log(WAITS, SOON);
        let mut half = Connection::open(line.address);
        half.send("P");
        first.wait_for_metric("hookbridge_connections", SOON, |open| open == 1.0);
        let begun = Instant::now();
        first.signal(Signal::TERM);
        assert!(first.wait_exit(SOON).success(), "{}", first.log());
        assert_eq!(post(next.join().unwrap().webhook(), PATH, &[], ROOMDROP).status, 200);
        assert!(begun.elapsed() < LAST_CALLS, "{:?}", begun.elapsed());
    });
}

#[test]
fn machines_are_answered_while_a_start_waits_for_the_spool() {
    let (line, _kafka) = Line::on_mock();
    let lock = File::create(line.spool.path().join("lock")).unwrap();
    lock.try_lock().unwrap();
    thread::scope(|scope| {
        let next = scope.spawn(|| line.serve.start());

        let readyz = wait_for(SOON, "the admin port says what it waits for", || {
            Connection::try_open(line.admin).ok()?;
            Some(get(line.admin, "/readyz"))
                .filter(|said| said.text().contains("in use by another"))
        });

        assert_eq!((readyz.status, &readyz.json()["status"]), (503, &json!("not ready")));
        let checks = &readyz.json()["checks"];
        assert_eq!((&checks[0]["name"], &checks[1]), (&json!("bridge"), &json!(null)));
        assert_eq!(get(line.admin, "/livez").status, 200);
        assert_eq!(get(line.admin, "/metrics").status, 503);
        lock.unlock().unwrap();
        next.join().unwrap().wait_ready(SOON);
    });
}

#[test]
fn a_spool_that_is_refused_is_seen_before_the_first_bridge_ends() {
    let (line, _kafka) = Line::on_mock();
    let first = line.serve.start();
    fs::write(line.spool.path().join("spool.db"), "of an earlier version").unwrap();

    let (status, said) = line.serve.run(SOON);

    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("spool.db"), "{said}");
    assert!(!first.log().contains(WAITS), "{}", first.log());
    assert_eq!(post(line.address, PATH, &[], ROOMDROP).status, 200);
}

#[test]
fn a_squatter_with_a_full_queue_keeps_no_bridge_from_its_start() {
    let (line, _kafka) = Line::on_mock();
    let squatter = UnixListener::bind_addr(&rendezvous(line.address)).unwrap();
    listen(&squatter, 0).unwrap();
    let _full = UnixStream::connect_addr(&rendezvous(line.address)).unwrap();

    let bridge = line.serve.start();

    assert!(bridge.log().contains("nobody hands the ports over"), "{}", bridge.log());
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
}
