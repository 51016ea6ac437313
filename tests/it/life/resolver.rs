//! A resolver that does not answer: the bridge starts, takes posts and ends as if it did.

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::children;
use testkit::deadline::eventually;
use testkit::http::{self, Connection, post};
use testkit::notification::{PATH, ROOMDROP};
use testkit::{here, say_skipped};

/// A body that does not become whole.
const HALF: &str = "{";

const BROKERS: &str = "kafka-1.example.com:9092,kafka-2.example.com:9092";

const GRACE: Duration = Duration::from_secs(4);

/// What may pass on a busy machine between the end of the process and the moment that it is seen.
const SEEN: Duration = Duration::from_millis(600);

/// Of a start that asks nobody, on a busy machine; the resolver would take ten seconds a name.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
fn a_silent_resolver_delays_neither_start_nor_posts_nor_end() {
    let Some(silent) = SilentResolver::start("127.0.77.53") else {
        return say_skipped(here!(), "a mount namespace and port 53 take root");
    };
    let spool = silent.folder.path().join("spool");
    let serve = HOOKBRIDGE.serve(BROKERS).no_auth().arg("--grace", "4s");
    let serve = silent.asked_by(serve.arg("--spool", spool.to_str().unwrap()));

    let start = Instant::now();
    let mut bridge = serve.start();
    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    eventually(SOON, "the name is logged", || {
        bridge.log().lines().any(|line| {
            line.contains("kafka is away")
                && line.contains("does not answer for kafka-1.example.com")
        })
    });
    assert_eq!(bridge.readyz().0, 200);
    assert!(bridge.readyz().1.to_string().contains("does not answer for kafka-1.example.com"));

    let stop = Instant::now();
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(2 * GRACE).success());
    assert!(stop.elapsed() < GRACE + SEEN, "{:?}", stop.elapsed());
}

#[test]
fn hanging_clients_do_not_outlast_grace_nor_hide_dropped_posts() {
    let Some(silent) = SilentResolver::start("127.0.77.54") else {
        return say_skipped(here!(), "a mount namespace and port 53 take root");
    };
    for (under_way, spool, code) in
        [(ROOMDROP, false, 0), (ROOMDROP, true, 0), (HALF, false, 1), (HALF, true, 1)]
    {
        let mut serve = HOOKBRIDGE.serve(BROKERS).no_auth().arg("--grace", "4s");
        let folder = TempDir::new().unwrap();
        if spool {
            serve = serve.arg("--spool", folder.path().to_str().unwrap());
        }
        let mut bridge = silent.asked_by(serve).start();
        let mut sender = Connection::open(bridge.webhook());
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
            ROOMDROP.len()
        );
        sender.send(format!("{head}{under_way}"));
        bridge.wait_for_metric("hookbridge_in_flight", SOON, |posts| posts == 1.0);

        let stop = Instant::now();
        bridge.signal(Signal::TERM);

        assert_eq!(bridge.wait_exit(2 * GRACE).code(), Some(code), "{}", bridge.log());
        assert!(stop.elapsed() < GRACE + SEEN, "{:?}: {}", stop.elapsed(), bridge.log());
        let dropped = bridge.log().contains("1 posts were still under way");
        assert_eq!(dropped, code == 1, "{}", bridge.log());
    }
}

/// A socket that takes questions and answers none, and the file that names it.
struct SilentResolver {
    _socket: UdpSocket,
    folder: TempDir,
}

impl SilentResolver {
    /// On an address that no other test has. None where this process may not have the port, or no
    /// mounts of its own.
    fn start(address: &str) -> Option<Self> {
        let socket = UdpSocket::bind((address, 53)).ok()?;
        let may_mount = children::output(Command::new("unshare").args(["-m", "true"]));
        may_mount.ok().filter(|output| output.status.success())?;
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("resolv.conf"), format!("nameserver {address}\n")).unwrap();
        Some(Self { _socket: socket, folder })
    }

    /// Shown to this bridge alone, as the machine's own.
    fn asked_by(&self, serve: Launch) -> Launch {
        let file = self.folder.path().join("resolv.conf");
        let script = format!(
            "mount --bind {} /etc/resolv.conf && exec \"$0\" \"$@\"",
            file.to_str().unwrap()
        );
        serve.under("unshare", ["-m", "sh", "-c", &script])
    }
}
