//! Thousands that mean harm beside senders that do not: what these notice of it, and what it takes in
//! memory. Long runs; their figures are to be read, and what is asserted holds on any machine.

use crate::protocol::head;
use crate::support::rig::{Rig, SOON};
use crate::tls::secured;
use rustls::version::TLS13;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use testkit::deadline::let_pass;
use testkit::http::{Connection, request};
use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;
use testkit::load::way::{Life, Way};
use testkit::notification::{PATH, ROOMDROP};
use testkit::tls::{Authority, Client};

/// Of each kind at once.
const CROWD: usize = 4000;
/// What the bridge may have resident beside any of them, in bytes.
const MOST_RESIDENT: f64 = 150e6;

/// Good senders, on kept connections, and how often they post in all.
const GOOD: usize = 16;
const PACE: Pace = Pace::Open(200.0);
/// How long they are watched for, this often. The least counts: what else runs on the machine can only
/// add.
const WATCHED: Duration = Duration::from_secs(1);
const TIMES: usize = 12;
/// How much slower an answer may be on whatever machine, and with whatever else on it. Measured: see
/// `docs/security.md`.
const SLOWER: u32 = 8;
/// And not below what a busy machine does to anybody.
const NOTICED: Duration = Duration::from_millis(40);

/// Between two bytes of one that is slow, and of all of them, so that they do not come at once.
const SLOW: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(10);
/// Of one that reads no answer.
const QUESTIONS: usize = 20;
/// Until all of these are answered.
const ANSWERED: Duration = Duration::from_secs(180);

const REFUSED: &str = r#"hookbridge_outcomes_total{outcome="method_not_allowed"}"#;

/// Greetings at once.
const GREETINGS: usize = 256;

/// What one of the crowd does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// Connects.
    Silent,
    /// Sends a head, a byte a second.
    SlowHead,
    /// Sends a body, a byte a second.
    SlowBody,
    /// Sends half a post, and is gone without a word.
    HalfOpen,
    /// Asks, and reads no answer.
    NeverReads,
}

/// The good senders' p99, and what the bridge had resident at the end.
struct Noticed {
    p99: Duration,
    resident: f64,
}

#[test]
#[ignore = "minutes"]
fn four_thousand_slow_connections_are_noticed_by_no_sender() {
    use Harm::{HalfOpen, NeverReads, Silent, SlowBody, SlowHead};
    for harm in [Silent, SlowHead, SlowBody, HalfOpen, NeverReads] {
        // None ends of itself while it is watched.
        let rig = Rig::on_mock(|serve| serve.no_auth().arg("--read-timeout", "10m"));
        let mut good = good(&Way { to: rig.addr(), life: Life::Kept, tls: None });
        let without = watch(&rig, &mut good);

        let mut crowd = Connection::open_many(rig.addr(), CROWD);
        for connection in &mut crowd {
            connection.send(harm.first());
        }
        rig.wait_for_count("hookbridge_connections", (CROWD + GOOD) as u64);
        if harm == NeverReads {
            let answered = (CROWD * QUESTIONS) as f64;
            rig.bridge().wait_for_metric(REFUSED, ANSWERED, |refused| refused >= answered);
        }
        let with = beside(|over| harm.go_on(&mut crowd, over), || watch(&rig, &mut good));

        eprintln!("{CROWD} x {harm:?}: without {without}; with {with}");
        with.assert_bearable(&without);
        drop(crowd);
    }
}

#[test]
#[ignore = "a minute"]
fn a_flood_of_handshakes_is_noticed_by_no_sender() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);
    let client = authority.client(&TLS13).http1();
    let mut good = good(&Way { to: rig.addr(), life: Life::Kept, tls: Some(client.clone()) });
    let without = watch(&rig, &mut good);

    let before = handshakes(&rig);
    let with = beside(|over| greet_until(rig.addr(), &client, over), || watch(&rig, &mut good));

    let begun = handshakes(&rig) - before;
    eprintln!("{begun} handshakes: without {without}; with {with}");
    with.assert_bearable(&without);
}

/// Kept connections that have posted.
fn good(way: &Way) -> Load {
    let mut load = Load::by(way, GOOD, Posts::new(7)).unwrap();
    assert_eq!(load.run(PACE, Duration::from_secs(1)).first_failure, None);
    load
}

fn watch(rig: &Rig, good: &mut Load) -> Noticed {
    let p99 = (0..TIMES).map(|_| {
        let mut tally = good.run(PACE, WATCHED);
        assert_eq!(tally.first_failure, None);
        tally.percentile(99).unwrap()
    });
    let p99 = p99.min().unwrap();
    let resident = rig.bridge().metric("process_resident_memory_bytes");
    Noticed { p99, resident }
}

/// Does something while a thread does harm, which ends when it is told.
fn beside<T>(harm: impl FnOnce(&AtomicBool) + Send, act: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| harm(&over));
        let acted = act();
        over.store(true, Ordering::Relaxed);
        acted
    })
}

/// As many greetings at once as there may be, again and again; nobody reads more of an answer than that
/// it has come.
fn greet_until(addr: SocketAddr, client: &Client, over: &AtomicBool) {
    let greeting = client.greeting().unwrap();
    while !over.load(Ordering::Relaxed) {
        let mut greeted: Vec<_> = (0..GREETINGS)
            .map(|_| {
                let mut stream = TcpStream::connect(addr).unwrap();
                stream.set_read_timeout(Some(SOON)).unwrap();
                stream.write_all(&greeting).unwrap();
                stream
            })
            .collect();
        for stream in &mut greeted {
            stream.read_exact(&mut [0]).unwrap();
        }
    }
}

/// Those that were begun are counted as failed: nobody ends them.
fn handshakes(rig: &Rig) -> u64 {
    rig.count(r#"hookbridge_tls_handshakes_total{result="failed"}"#)
}

impl Harm {
    fn first(self) -> Vec<u8> {
        match self {
            Self::Silent => Vec::new(),
            Self::SlowHead => b"POST /webhook HTTP/1.1\r\nHost: test\r\nX: ".to_vec(),
            Self::SlowBody => head("Content-Length: 10000\r\n").into_bytes(),
            Self::HalfOpen => {
                let mut post = request("POST", PATH, &[], ROOMDROP);
                post.truncate(post.len() - ROOMDROP.len() / 2);
                post
            }
            Self::NeverReads => request("GET", PATH, &[], "").repeat(QUESTIONS),
        }
    }

    /// Until it is told.
    fn go_on(self, crowd: &mut [Connection], over: &AtomicBool) {
        let steps = (SLOW.as_millis() / STEP.as_millis()).try_into().unwrap();
        let mut step = 0_usize..;
        while !over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let turn = step.next().expect("it has no end") % steps;
            match self {
                Self::Silent | Self::HalfOpen | Self::NeverReads => {}
                Self::SlowHead | Self::SlowBody => {
                    for connection in crowd.iter_mut().skip(turn).step_by(steps) {
                        connection.send("x");
                    }
                }
            }
            let_pass(STEP.saturating_sub(begun.elapsed()));
        }
    }
}

impl Noticed {
    #[track_caller]
    fn assert_bearable(&self, without: &Self) {
        assert!(self.p99 < (without.p99 * SLOWER).max(NOTICED), "{without}, then {self}");
        assert!(self.resident < MOST_RESIDENT, "{self}");
    }
}

impl fmt::Display for Noticed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p99, resident } = self;
        write!(f, "p99 {p99:.2?}, {:.0} MB", resident / 1e6)
    }
}
