//! A service manager that wants to know how the bridge is: `sd_notify(3)`, the watchdog, levels for
//! journald. The test plays the manager.

use crate::life::{TOPIC, running};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::http::{basic, post};
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

/// The socket of a service manager.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        Self { socket, folder }
    }

    /// As the manager starts it, with a watchdog of this many microseconds.
    fn starts(&self, serve: Launch, watchdog: &str) -> Launch {
        let socket = self.folder.path().join("notify");
        let socket = format!("NOTIFY_SOCKET={}", socket.display());
        serve.under("env", [socket, format!("WATCHDOG_USEC={watchdog}")])
    }

    /// The next message but those to the watchdog.
    #[track_caller]
    fn next(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }

    #[track_caller]
    fn any(&self) -> String {
        let mut message = [0; 4096];
        let read = self.socket.recv(&mut message).expect("a message comes");
        String::from_utf8(message[..read].to_vec()).unwrap()
    }

    /// The next status that begins so.
    #[track_caller]
    fn status(&self, beginning: &str) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let message = self.next();
            if message.starts_with(&format!("STATUS={beginning}")) {
                return message;
            }
            assert!(Instant::now() < deadline, "no status {beginning:?}, but {message}");
        }
    }
}

#[test]
fn the_manager_is_told_of_start_state_reload_and_stop() {
    let (manager, kafka) = (Manager::new(), MockKafka::start());
    kafka.create_topic(TOPIC, 3);
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).arg("--reload", "0s");
    let serve = serve.credentials("video:plain:old\n").arg("-X", "message.max.bytes=1000000");
    let mut bridge = manager.starts(serve.socket("webhook", socket), "600000").start();

    assert_eq!(manager.next(), "READY=1");
    assert_eq!(manager.status("ready"), "STATUS=ready");
    for _ in 0..3 {
        assert_eq!(manager.any(), "WATCHDOG=1");
    }

    fs::write(bridge.credentials_file(), "video:plain:new\n").unwrap();
    bridge.signal(Signal::HUP);
    let reloading = manager.next();
    let (first, clock) = reloading.split_once("\nMONOTONIC_USEC=").expect(&reloading);
    assert!(first == "RELOADING=1" && clock.parse::<u64>().unwrap() > 0, "{reloading}");
    assert_eq!(manager.next(), "READY=1");
    let new = basic("video", "new");
    let answer = post(bridge.webhook(), PATH, &[("authorization", &new)], ROOMDROP);
    assert_eq!(answer.status, 200, "it is in force once the reload is over");

    bridge.signal(Signal::TERM);
    assert_eq!(manager.next(), "STOPPING=1\nSTATUS=stopping: open posts are answered");
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

#[test]
fn a_start_does_not_wait_for_kafka_and_the_status_says_so() {
    let (manager, spool) = (Manager::new(), tempfile::tempdir().unwrap());
    let serve = HOOKBRIDGE.serve(NOBODY).no_auth();
    let _bridge = manager.starts(serve.clone(), "0").start();
    assert_eq!(manager.next(), "READY=1");
    let status = manager.status("not ready; kafka: no broker answers");
    assert!(status.contains("; topic: video.events: not seen yet"), "{status}");

    let manager = Manager::new();
    let serve = serve.arg("--spool", spool.path().join("spool").to_str().unwrap());
    let bridge = manager.starts(serve.arg("--ack-timeout", "100ms"), "0").start();
    assert_eq!(manager.next(), "READY=1");
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    let status = manager.status("ready; kafka: no broker answers");
    assert!(status.contains("; spool: "), "{status}");
}

#[test]
fn a_manager_that_is_gone_or_reads_nothing_holds_nothing_up() {
    let manager = Manager::new();
    let (bridge, _kafka) = running(|serve| manager.starts(serve, "1000"));
    bridge.wait_for_log("the service manager did not take a message", SOON);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    drop(manager);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
}

#[test]
fn journald_gets_a_level_before_each_line_and_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, "video:plain:secret\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let serve = HOOKBRIDGE.serve(NOBODY).arg("--credentials", file.to_str().unwrap());
    let serve = serve.arg("--listen", taken);
    let stream = "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr)";
    let to_journald = format!("export {stream}; exec \"$@\"");

    for format in ["text", "json"] {
        let serve = serve.clone().arg("--log-format", format);
        let (status, said) = serve.clone().under("sh", ["-c", &to_journald, "sh"]).run(SOON);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!((status.code(), lines.len()), (Some(1), 2), "{said}");
        assert!(lines[0].starts_with("<4>") && lines[0].contains("every user"), "{said}");
        let is_json = serde_json::from_str::<Value>(&lines[0]["<4>".len()..]).is_ok();
        assert_eq!(is_json, format == "json", "{said}");
        assert!(lines[1].starts_with("<3>hookbridge: --listen"), "{said}");

        let elsewhere = "JOURNAL_STREAM=1:2 exec \"$@\"";
        let (_, said) = serve.under("sh", ["-c", elsewhere, "sh"]).run(SOON);
        assert!(!said.contains('<'), "{said}");
    }
}
