//! A log that nobody reads: a pipe on stderr that stays open and is full.

use crate::disk::strace::Strace;
use crate::life::{APART, PROGRAM, TOPIC, halves};
use crate::support::rig::SOON;
use crate::support::spool::{SpoolFolder, record, value};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::iter;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use testkit::children;
use testkit::deadline::{eventually, let_pass, wait_exit, wait_for};
use testkit::exposition::Exposition;
use testkit::here;
use testkit::http::{self, Connection, post, request};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::{NOBODY, free_port};

const DROPPED: &str = "hookbridge_log_lines_dropped_total";
/// More lines than any queue holds that is small beside a bridge's memory.
const MANY: usize = 100_000;
/// Of a bridge that cannot name its ports: another program may take one before it does.
const TRIES: usize = 3;
/// A command, started with a full pipe for its stderr; killed when it is dropped.
struct Unread {
    child: Child,
    log: PipeReader,
}

impl Unread {
    fn start(flags: &[&str]) -> Self {
        Self::start_as(&[&[PROGRAM], flags].concat(), OFlags::empty())
    }

    /// Of a whole command line, and with a pipe that has these flags.
    fn start_as(command: &[&str], pipe: OFlags) -> Self {
        let (log, mut full) = io::pipe().unwrap();
        fcntl_setfl(&full, OFlags::NONBLOCK).unwrap();
        while full.write(&[b'\n'; 4096]).is_ok() {}
        fcntl_setfl(&full, pipe).unwrap();
        let (program, args) = command.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(full);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
                command.env_remove(name);
            }
        }
        Self { child: children::spawn(&mut command).unwrap(), log }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn wait_exit(&mut self) -> ExitStatus {
        wait_exit(&mut self.child, SOON, "a command whose log nobody reads")
    }

    /// Reads it to its end, on which it must be by now.
    fn log(&mut self) -> String {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // Neither fails for a child that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A bridge that logs each post, and is ready.
struct Bridge {
    command: Unread,
    webhook: SocketAddr,
    admin: SocketAddr,
    _kafka: MockKafka,
}

impl Bridge {
    fn start(format: &str) -> Self {
        let started = (0..TRIES).find_map(|_| Self::try_start(format));
        started.expect("a bridge finds its ports free")
    }

    /// `None` if it ends before it listens.
    fn try_start(format: &str) -> Option<Self> {
        let kafka = MockKafka::start();
        kafka.create_topic(TOPIC, 3);
        let [webhook, admin] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let (listen, admin_listen) = (webhook.to_string(), admin.to_string());
        let brokers = kafka.bootstrap();
        let kafka_flags = ["--brokers", &brokers, "-X", "message.max.bytes=1000000"];
        let flags = ["--log", "info,post=debug", "--log-format", format, "--topic", TOPIC];
        let ports = ["--listen", &listen, "--admin-listen", &admin_listen];
        let mut command = Unread::start(
            &[&["serve", "--no-auth", "--grace", "60s"], &kafka_flags[..], &flags, &ports].concat(),
        );
        let listens = wait_for(SOON, "the admin port answers, or it ends", || {
            if command.has_ended() {
                return Some(false);
            }
            Connection::try_open(admin).is_ok().then_some(true)
        });
        if !listens {
            return None;
        }
        eventually(SOON, "/readyz is 200", || http::get(admin, "/readyz").status == 200);
        Some(Self { command, webhook, admin, _kafka: kafka })
    }
}

#[test]
fn no_post_probe_or_end_waits_for_a_log_that_nobody_reads() {
    for format in ["text", "json"] {
        let mut bridge = Bridge::start(format);

        for _ in 0..100 {
            assert_eq!(post(bridge.webhook, PATH, &[], ROOMDROP).status, 200);
        }
        assert_eq!(http::get(bridge.admin, "/livez").status, 200);
        bridge.command.signal(Signal::TERM);

        assert!(bridge.command.wait_exit().success());
    }
}

#[test]
fn a_second_signal_ends_it_at_once_though_nobody_reads_the_log() {
    let mut bridge = Bridge::start("json");
    let mut half = Connection::open(bridge.webhook);
    half.send(halves(ROOMDROP).0);
    let in_flight = || Exposition::of(bridge.admin).value::<f64>("hookbridge_in_flight");
    eventually(SOON, "the post is under way", || in_flight() == 1.0);

    bridge.command.signal(Signal::TERM);
    let_pass(APART);
    bridge.command.signal(Signal::TERM);

    let asked = Instant::now();
    assert_eq!(bridge.command.wait_exit().code(), Some(1));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[test]
fn lines_that_find_no_room_are_counted_in_one_line() {
    let mut bridge = Bridge::start("json");
    let dropped = || Exposition::of(bridge.admin).value(DROPPED);
    let mut sender = Connection::open(bridge.webhook);
    let mut refused = || {
        sender.send(request("POST", "/elsewhere", &[], ""));
        assert_eq!(sender.read().status, 404);
    };

    let posts = (1..MANY).find(|posts| {
        refused();
        posts % 1000 == 0 && dropped() > 0.0
    });

    let posts = posts.expect("the queue has a bound");
    let missing = dropped();
    // What it says from here on finds room.
    let mut log = bridge.command.log.try_clone().unwrap();
    let reading = std::thread::spawn(move || io::read_to_string(&mut log).unwrap());
    let has_room = || {
        let before = dropped();
        (0..10).for_each(|_| refused());
        dropped() == before
    };
    // Lines are taken again once half of the queue is free.
    eventually(SOON, "the log has room again", has_room);
    bridge.command.signal(Signal::TERM);
    assert!(bridge.command.wait_exit().success());
    let log = reading.join().unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect("whole lines alone"))
        .collect();
    let is_gap = |line: &serde_json::Value| {
        line["message"].as_str().is_some_and(|text| text.contains("log lines were dropped"))
    };
    let gaps: Vec<usize> = (0..lines.len()).filter(|at| is_gap(&lines[*at])).collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let of_posts =
        |lines: &[serde_json::Value]| lines.iter().filter(|line| line["target"] == "post").count();
    let (before, after) = lines.split_at(gaps[0]);
    assert!(before.len() > 1000 && of_posts(before) < posts, "{} of {posts}", before.len());
    assert_eq!(after[0]["level"], "WARN");
    assert!(
        of_posts(after) > 0 && after.last().unwrap()["message"] == "ended, every post was answered"
    );
    assert!(after[0]["lines"].as_f64().unwrap() >= missing, "{}", after[0]);
}

#[test]
fn no_command_waits_for_whoever_reads_its_errors() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none").display().to_string();
    for (flags, code) in [
        (&["serve", "--no-such-flag"][..], 2),
        (&["serve", "--brokers", NOBODY], 2),
        (&[], 2),
        (&["spool", "list", "--spool", &none], 2),
        (&["spool", "drain", "--spool", &none, "--brokers", NOBODY], 2),
        (&["dev", "--once", "--log", "info"], 0),
    ] {
        let mut command = Unread::start(flags);

        assert_eq!(command.wait_exit().code(), Some(code), "{flags:?}");
    }
}

#[test]
fn a_drain_does_not_wait_for_whoever_reads_its_log() {
    let folder = SpoolFolder::of((0..3).map(|n| record(TOPIC, "app", n, &value(n))));
    let flags = ["--spool", folder.dir(), "--brokers", NOBODY, "--timeout", "1s"];

    let mut command = Unread::start(&[&["spool", "drain"], &flags[..]].concat());

    assert_eq!(command.wait_exit().code(), Some(1));
}

#[test]
fn what_is_read_late_is_there_to_the_last_line() {
    let mut command = Unread::start(&["serve", "--brokers", NOBODY]);
    let mut log = command.log.try_clone().unwrap();
    let reading = std::thread::spawn(move || io::read_to_string(&mut log).unwrap());

    assert_eq!(command.wait_exit().code(), Some(2));

    let log = reading.join().unwrap();
    assert!(log.ends_with("name the file of those who may post, or say --no-auth\n"), "{log}");
    assert_eq!(command.log(), "");
}

#[test]
fn a_signal_that_meets_a_wait_for_room_costs_no_line() {
    if !Strace::is_there(here!()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    // A grandchild, so that the bridge is the test's own child.
    let strace = ["strace", "-D", "-f", "-o", calls.to_str().unwrap()];
    let interrupted = ["-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:error=EINTR:when=1"];
    let serve = [PROGRAM, "serve", "--no-auth", "--brokers", NOBODY];
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let command = [&strace[..], &interrupted, &serve, &ports].concat();

    let command = Unread::start_as(&command, OFlags::NONBLOCK);

    eventually(SOON, "a wait for room is interrupted", || {
        let calls = fs::read_to_string(&calls).unwrap_or_default();
        let thread = calls.lines().find(|call| call.contains("{fd=2, events=POLLOUT}"));
        let thread = thread.and_then(|call| call.split_once(' ')).map(|(thread, _)| thread);
        let is_its = |call: &str| thread.is_some_and(|thread| call.starts_with(thread));
        calls.lines().any(|call| is_its(call) && call.contains("(INJECTED)"))
    });
    let log = BufReader::new(command.log.try_clone().unwrap());
    let (said, lines) = mpsc::channel();
    std::thread::spawn(move || log.lines().try_for_each(|line| said.send(line.unwrap())));
    let first = iter::from_fn(|| lines.recv_timeout(SOON).ok()).find(|line| !line.is_empty());
    let first = first.expect("the log goes on");
    assert!(first.contains("hookbridge starts"), "{first}");
}
