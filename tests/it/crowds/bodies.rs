//! More bodies at once than there is memory for, and bodies without an end.

use crate::protocol::{head, is_accepted};
use crate::support::problem::refusal;
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use std::fs;
use std::time::Duration;
use testkit::http::{Connection, request};
use testkit::notification::{PATH, ROOMDROP, of_length};

/// A little under the limit of a mock's topic, which is what a topic takes by default.
const LARGE: usize = 950_000;
/// What the bridge may have resident at its peak, in KiB.
const MOST_RESIDENT: u64 = 150_000;
/// More than a loop of the bridge takes to answer what it has.
const A_MOMENT: Duration = Duration::from_millis(20);

#[test]
fn many_large_bodies_at_once_stay_within_the_budget() {
    large_bodies_at_once(200);
}

#[test]
#[ignore = "minutes"]
fn two_thousand_large_bodies_at_once_stay_within_the_budget() {
    large_bodies_at_once(2000);
}

fn large_bodies_at_once(connections: usize) {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "5m"));
    let body = of_length(LARGE);
    let post = request("POST", PATH, &[], &body);
    let (half, rest) = post.split_at(post.len() / 2);

    let mut crowd = Connection::open_many(rig.addr(), connections);
    for connection in &mut crowd {
        // Those that are refused may be closed before they have sent it all.
        drop(connection.try_send(half));
    }
    let (mut accepted, mut refused) = (0, 0);
    for connection in &mut crowd {
        if connection.is_silent_for(A_MOMENT) {
            connection.send(rest);
            assert!(is_accepted(&connection.read(), &body));
            accepted += 1;
        } else {
            assert_eq!(refusal(&connection.read()), (503, Outcome::Overloaded));
            assert!(connection.is_closed());
            refused += 1;
        }
    }

    assert!(accepted >= 60 && refused > 0, "{accepted} accepted, {refused} refused");
    let told = [("overloaded", refused), ("published", accepted)];
    assert_eq!(rig.outcomes(), told.map(|(outcome, n)| (outcome.to_owned(), n)).into());
    let peak = peak(&rig);
    assert!(peak < MOST_RESIDENT, "{peak} KiB at {connections} connections");
    eprintln!("{connections} connections: {accepted} accepted, {refused} refused, {peak} KiB");
}

#[test]
fn chunks_without_an_end_are_cut_off_and_counted() {
    let rig = Rig::open();
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let extension = format!("1;{}", "x".repeat(64 * 1024));
    let trailers = format!("0\r\nX: {}", "x".repeat(64 * 1024));
    let many_trailers = format!("0\r\n{}", "X: y\r\n".repeat(10_000));
    for (chunks, refused) in [
        ("10\r\n0123456789abcdef\r\n".repeat(64 * 1024 + 1), (413, Outcome::TooLarge)),
        (extension, (400, Outcome::IncompleteBody)),
        (trailers, (400, Outcome::IncompleteBody)),
        (many_trailers, (400, Outcome::IncompleteBody)),
    ] {
        let mut connection = rig.connect();
        connection.send(&chunked);
        drop(connection.try_send(&chunks));
        assert_eq!(refusal(&connection.read()), refused, "{}", &chunks[..20]);
    }
    assert_eq!(rig.records(), []);
    let outcomes = [("incomplete_body", 3), ("too_large", 1)];
    assert_eq!(rig.outcomes(), outcomes.map(|(outcome, n)| (outcome.to_owned(), n)).into());
}

#[test]
fn a_length_that_is_wrong_costs_its_sender_the_connection_and_nobody_else() {
    let rig = Rig::open();
    let sized =
        |length: usize| format!("{}{ROOMDROP}", head(&format!("Content-Length: {length}\r\n")));

    let mut long = rig.connect();
    long.send(sized(ROOMDROP.len() + 1));
    long.half_close();
    assert_eq!(refusal(&long.read()), (400, Outcome::IncompleteBody));
    assert!(long.is_closed());

    let mut short = rig.connect();
    short.send(sized(ROOMDROP.trim_end().len() - 1));
    assert_eq!(refusal(&short.read()), (400, Outcome::MalformedJson));
    // What is left over is no head: it is not waited for.
    short.send("\r\n\r\n");
    assert_eq!(short.read().status, 400);
    assert!(short.is_closed());

    assert_eq!(rig.records(), []);
    rig.wait_for_count("hookbridge_heads_refused_total", 1);
}

/// The most that was resident at any time, in KiB.
fn peak(rig: &Rig) -> u64 {
    let pid = rig.bridge().pid().as_raw_nonzero();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
