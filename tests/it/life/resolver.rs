//! A resolver that does not answer: the bridge starts, takes posts and ends as if it did.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::bridge::Bridge;
use crate::support::bridge::launch::Launch;
use crate::support::children;
use crate::support::deadline::eventually;
use crate::support::http::{self, post};
use crate::support::notification::ROOMDROP;
use crate::support::rig::{PATH, SOON};
use crate::support::{here, say_skipped};

const BROKERS: &str = "kafka-1.example.com:9092,kafka-2.example.com:9092";

const GRACE: Duration = Duration::from_secs(4);

/// Of a start that asks nobody, on a busy machine; the resolver would take ten seconds a name.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
fn a_resolver_that_does_not_answer_holds_up_neither_the_start_nor_posts_nor_the_end() {
    let Some(silent) = SilentResolver::start() else {
        return say_skipped(here!(), "a mount namespace and port 53 take root");
    };
    let spool = silent.folder.path().join("spool");
    let serve = Bridge::with(BROKERS).no_auth().arg("--grace", "4s");
    let serve = silent.asked_by(serve.arg("--spool", spool.to_str().unwrap()));

    let start = Instant::now();
    let mut bridge = serve.start();
    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    eventually(SOON, "the name is told", || {
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
    assert!(stop.elapsed() < GRACE + Duration::from_secs(1), "{:?}", stop.elapsed());
}

/// A socket that takes questions and answers none, and the file that names it.
struct SilentResolver {
    _socket: UdpSocket,
    folder: TempDir,
}

impl SilentResolver {
    /// None where this process may not have the port, or no mounts of its own.
    fn start() -> Option<Self> {
        let address = "127.0.77.53";
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
