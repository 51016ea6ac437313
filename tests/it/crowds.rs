//! More connections than there is room for: of probes, of senders, and of files.

mod bodies;
mod harm;
mod soak;

use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use rustix::process::{Resource, Rlimit, prlimit};
use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use testkit::bridge::launch::Launch;
use testkit::deadline::{eventually, let_pass};
use testkit::http::{Connection, get, request};
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;
use testkit::senders::Load;

/// Twice what the admin port takes at once.
const CROWD: usize = 128;

/// Of two questions; each of a crowd that held them up would do so for longer, on whatever machine.
const PROBE: Duration = Duration::from_secs(2);

/// What every try to accept fails twenty times in.
const A_WHILE: Duration = Duration::from_secs(2);

/// Less than any connection may be silent: what is answered sooner did not wait for one to time out.
const AT_ONCE: Duration = Duration::from_secs(5);

/// CPU time of [`A_WHILE`] that says that somebody asks again and again, in hundredths of a second.
const SPINNING: u64 = 100;

/// Connections of senders at once.
const PLACES: usize = 50;

/// Of them, those of senders that keep theirs.
const KNOWN: usize = 10;

/// Connections whose memory is worth to be given back: tens of megabytes.
const GONE: usize = 2000;

/// For longer than a silent connection is let be where there is no room.
const SHORT_REST: Duration = Duration::from_millis(600);

/// Files that a bridge is left, of the limit that it found at its start.
const FEW: u64 = 16;

fn crowded(serve: Launch) -> Launch {
    serve.no_auth().arg("--max-connections", PLACES.to_string())
}

fn probe(admin: SocketAddr) {
    let begun = Instant::now();
    for path in ["/livez", "/metrics"] {
        assert_eq!(get(admin, path).status, 200);
    }
    assert!(begun.elapsed() < PROBE, "{:?}", begun.elapsed());
}

#[test]
fn probes_are_answered_beside_any_number_of_silent_connections() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    let admin = bridge.admin();
    for half in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nX: "] {
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            let mut connection = Connection::open(admin);
            // The bridge may have closed it already, to make room.
            drop(connection.try_send(half));
            crowd.push(connection);
        }

        for _ in 0..5 {
            probe(admin);
        }
    }
}

#[test]
fn the_longest_waiting_connection_makes_room_and_others_stay() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();
    let admin = bridge.admin();
    let mut first = Connection::open(admin);
    let mut prober = Connection::open(admin);
    let mut ask = || {
        prober.send(request("GET", "/livez", &[], ""));
        assert_eq!(prober.read().status, 200);
    };
    ask();

    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(Connection::open(admin));
        ask();
    }

    assert!(first.is_closed());
    assert!(crowd.last_mut().unwrap().is_silent_for(Duration::from_millis(100)));
}

#[test]
fn silent_connections_over_the_limit_hold_up_no_post() {
    for workers in ["1", "2"] {
        let rig = Rig::on_mock(|serve| crowded(serve).arg("--workers", workers));
        let silent = Connection::open_many(rig.addr(), PLACES + 10);
        let begun = Instant::now();

        assert_eq!(rig.post(&[], ROOMDROP).status, 200);

        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        // For ten of the silent ones, and for the post, unless the last of them had its place
        // behind it.
        rig.bridge().wait_for_metric("hookbridge_connections_displaced_total", SOON, |displaced| {
            (10.0..=11.0).contains(&displaced)
        });
        assert_eq!(rig.count("hookbridge_connections_limit"), PLACES as u64);
        let said = rig.bridge().log();
        let said: Vec<_> =
            said.lines().filter(|line| line.contains("no room for a connection")).collect();
        assert!(said.len() == 1 && said[0].contains("\"limit\":50"), "{said:?}");
        drop(silent);
    }
}

#[test]
fn silent_connections_that_use_up_the_files_delay_no_post() {
    let limited = ["-c", "ulimit -n 128; exec \"$0\" \"$@\""];
    // Longer than a post here waits for its answer.
    let rig =
        Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "1m").under("sh", limited));
    assert_eq!(rig.count("hookbridge_connections_limit"), 64);
    let told = "the limit of open files is too low for --max-connections";
    assert!(rig.bridge().log().contains(told), "{}", rig.bridge().log());
    let silent = Connection::open_many(rig.addr(), CROWD + 20);

    assert_eq!(rig.post(&[], ROOMDROP).status, 200);

    drop(silent);
}

#[test]
fn kept_connections_notice_no_flood_of_silent_ones() {
    let rig = Rig::on_mock(crowded);
    let senders = Load::steady(6).start(rig.addr());

    let begun = Instant::now();
    let mut flood = VecDeque::new();
    while begun.elapsed() < A_WHILE {
        flood.push_back(Connection::open(rig.addr()));
        // Those that have been sent away do not count as open here.
        flood.drain(..flood.len().saturating_sub(3 * PLACES));
        let_pass(Duration::from_millis(5));
    }

    let ledger = senders.stop();
    ledger.assert_statuses(&[200]);
    ledger.assert_kept(&rig.records());
    assert!(rig.count("hookbridge_connections_displaced_total") > PLACES as u64);
}

#[test]
fn half_heads_at_the_limit_hold_up_no_post_for_long() {
    let rig = Rig::on_mock(crowded);
    let mut kept = at_rest(&rig);
    let mut half = Connection::open_many(rig.addr(), 2 * PLACES);
    for connection in &mut half {
        // Those that have no place yet are heard when they have one.
        connection.send("P");
    }
    let begun = Instant::now();

    assert_eq!(rig.post(&[], ROOMDROP).status, 200);

    assert!(begun.elapsed() < 2 * PROBE, "{:?}", begun.elapsed());
    post_again(&mut kept);
}

#[test]
fn known_senders_at_rest_keep_their_places_in_a_flood() {
    let rig = Rig::on_mock(crowded);
    let mut kept = at_rest(&rig);

    // More in a moment than there are places, and again when those have been silent for a while.
    let mut flood = Vec::new();
    for _ in 0..3 {
        flood.extend(Connection::open_many(rig.addr(), 2 * PLACES));
        let_pass(SHORT_REST);
    }

    post_again(&mut kept);
    assert!(rig.count("hookbridge_connections_displaced_total") > PLACES as u64);
}

/// Connections that have posted, and then have rested for longer than any that is silent.
fn at_rest(rig: &Rig) -> Vec<Connection> {
    let mut kept = Connection::open_many(rig.addr(), KNOWN);
    post_again(&mut kept);
    let_pass(2 * SHORT_REST);
    kept
}

fn post_again(kept: &mut [Connection]) {
    for connection in kept {
        connection.send(request("POST", PATH, &[], ROOMDROP));
        assert_eq!(connection.read().status, 200);
    }
}

#[test]
fn a_bridge_out_of_files_says_so_once_and_recovers() {
    let rig = Rig::open();
    let pid = rig.bridge().pid();
    let files = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).unwrap().count();
    let few = Some(files as u64 + FEW);
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    let mut crowd = Connection::open_many(rig.addr(), CROWD);
    let warning = "cannot accept a connection";
    rig.bridge().wait_for_log(warning, SOON);

    let before = cpu(&rig);
    assert!(crowd.last_mut().unwrap().is_silent_for(A_WHILE));
    assert!(cpu(&rig) - before < SPINNING, "{before} {}", cpu(&rig));

    assert_eq!(rig.bridge().log().matches(warning).count(), 1);
    assert!(rig.bridge().log().contains("Too many open files"));
    drop(crowd);
    let mut connection = rig.connect();
    connection.send(request("POST", PATH, &[], ROOMDROP));
    assert_eq!(connection.read().status, 200);
}

#[test]
fn memory_that_a_crowd_has_left_is_given_back() {
    let rig = Rig::open();
    let resident = || rig.bridge().metric("process_resident_memory_bytes");
    let before = resident();
    let mut crowd = Connection::open_many(rig.addr(), GONE);
    for connection in &mut crowd {
        connection.send(request("POST", PATH, &[], ROOMDROP));
    }
    for connection in &mut crowd {
        assert_eq!(connection.read().status, 200);
    }
    let added = resident() - before;

    drop(crowd);

    eventually(SOON, "half of it is given back", || resident() - before < added / 2.0);
}

/// The CPU time of the bridge, asked of the kernel, in hundredths of a second.
fn cpu(rig: &Rig) -> u64 {
    let pid = rig.bridge().pid().as_raw_nonzero();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    // proc_pid_stat(5): utime and stime are the 14th and 15th field, and the name is the second.
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}
