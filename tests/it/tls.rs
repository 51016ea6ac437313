//! TLS on the webhook port: senders of either version, certificates that change, and who speaks no TLS.

mod many;

use crate::support::rig::{Rig, SOON};
use rustls::version::{TLS12, TLS13};
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::deadline::{eventually, let_pass};
use testkit::http::{Connection, Response, post, request};
use testkit::notification::{PATH, ROOMDROP};
use testkit::tls::{Authority, Client, Identity, TlsConnection};

const FULL: &str = r#"hookbridge_tls_handshakes_total{result="full"}"#;
const RESUMED: &str = r#"hookbridge_tls_handshakes_total{result="resumed"}"#;
const FAILED: &str = r#"hookbridge_tls_handshakes_total{result="failed"}"#;
const NOT_AFTER: &str = "hookbridge_certificate_not_after_timestamp_seconds";
const RELOADED: &str = r#"hookbridge_reloads_total{what="certificate",result="success"}"#;
const RELOAD_FAILED: &str = r#"hookbridge_reloads_total{what="certificate",result="failure"}"#;

const DAY: f64 = 86400.0;

#[test]
fn posts_over_both_versions_are_published() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);

    for version in [&TLS12, &TLS13] {
        let mut sender = connect(&rig, &authority.client(version));
        assert_eq!(sender.protocol(), Some(&b"http/1.1"[..]));
        for _ in 0..3 {
            assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);
        }
    }
    assert_eq!(rig.records().len(), 6);
    assert_eq!(rig.count(FULL), 2);
}

#[test]
fn a_sender_resumes_its_session() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);

    for version in [&TLS12, &TLS13] {
        let client = authority.client(version);
        for is_resumed in [false, true, true] {
            let mut sender = connect(&rig, &client);
            assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);
            assert_eq!(sender.is_resumed(), is_resumed);
        }
    }
    assert_eq!((rig.count(FULL), rig.count(RESUMED)), (2, 4));
}

#[test]
fn plain_http_is_answered_with_what_the_port_speaks() {
    let (rig, _files) = secured(&Authority::new().issue(30), |serve| serve);

    let answer = post(rig.addr(), PATH, &[], ROOMDROP);

    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["code"], "tls_required");
    assert_eq!(answer.header("connection"), Some("close"));
    rig.wait_for_count(FAILED, 1);
    rig.bridge().wait_for_log("the client speaks no TLS", SOON);
}

#[test]
fn a_sender_without_trust_fails_alone_and_is_logged() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);

    assert!(Authority::new().client(&TLS12).connect(rig.addr()).is_err());

    rig.wait_for_count(FAILED, 1);
    rig.bridge().wait_for_log("a TLS handshake failed", SOON);
    let mut sender = connect(&rig, &authority.client(&TLS13));
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);
}

#[test]
fn half_a_handshake_and_silence_hold_up_nothing_and_end() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve.arg("--read-timeout", "1s"));
    let mut slow = [half_a_handshake(rig.addr()), rig.connect()];

    let mut sender = connect(&rig, &authority.client(&TLS13));
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);

    for connection in &mut slow {
        assert!(connection.is_closed());
    }
    rig.wait_for_count(FAILED, 1);
}

#[test]
fn half_handshakes_at_the_limit_hold_up_no_post_for_long() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve.arg("--max-connections", "20"));
    let _half: Vec<_> = (0..30).map(|_| half_a_handshake(rig.addr())).collect();
    let begun = Instant::now();

    let mut sender = connect(&rig, &authority.client(&TLS13));
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);

    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn a_post_may_come_late_after_its_handshake() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve.arg("--read-timeout", "2s"));
    let mut sender = connect(&rig, &authority.client(&TLS13));
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);

    let_pass(Duration::from_secs(3));

    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200, "it is idle, and not slow");
}

#[test]
fn a_large_body_and_an_early_answer_pass_through() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve.arg("--max-body", "300KiB"));
    let client = authority.client(&TLS13);
    let padded = |bytes| ROOMDROP.replacen('{', &format!("{{{}", " ".repeat(bytes)), 1);

    assert_eq!(post_on(&mut connect(&rig, &client), &padded(250 * 1024)).status, 200);

    let mut sender = connect(&rig, &client);
    let too_large = padded(3 << 20);
    // The rest may not be taken any more.
    drop(sender.try_send(request("POST", PATH, &[], &too_large)));
    assert_eq!(sender.read().status, 413);
}

#[test]
fn a_changed_certificate_is_shown_to_new_connections() {
    let authority = Authority::new();
    let (first, second) = (authority.issue(30), authority.issue(60));
    let (rig, files) = secured(&first, |serve| serve.arg("--reload", "100ms"));
    let client = || authority.client(&TLS13);
    let mut open = connect(&rig, &client());
    ends_in_days(&rig, 30.0);

    write(files.path(), &second);

    rig.wait_for_count(RELOADED, 1);
    assert_eq!(post_on(&mut open, ROOMDROP).status, 200, "it stays");
    let mut new = connect(&rig, &client());
    assert_ne!(new.certificate(), open.certificate());
    assert_eq!(post_on(&mut new, ROOMDROP).status, 200);
    ends_in_days(&rig, 60.0);
}

#[test]
fn a_certificate_without_its_key_is_reported_and_the_old_stays() {
    let authority = Authority::new();
    let (rig, files) = secured(&authority.issue(30), |serve| serve.arg("--reload", "100ms"));
    let before = connect(&rig, &authority.client(&TLS13)).certificate();
    let (cert, key) = (authority.issue(60).cert, authority.issue(60).key);

    write(files.path(), &Identity { cert, key });

    eventually(SOON, "it is counted", || rig.count(RELOAD_FAILED) > 0);
    rig.bridge().wait_for_log("is not the key of --tls-cert", SOON);
    assert_eq!(connect(&rig, &authority.client(&TLS13)).certificate(), before);
}

#[test]
fn no_certificate_that_is_over_takes_the_place_of_a_good_one() {
    let authority = Authority::new();
    let (rig, files) = secured(&authority.issue(30), |serve| serve.arg("--reload", "100ms"));
    let before = connect(&rig, &authority.client(&TLS13)).certificate();

    write(files.path(), &authority.issue(-1));

    eventually(SOON, "it is counted", || rig.count(RELOAD_FAILED) > 0);
    rig.bridge().wait_for_log("is over, or does not hold yet", SOON);
    assert_eq!(connect(&rig, &authority.client(&TLS13)).certificate(), before);
}

#[test]
fn no_session_outlives_the_certificate_that_it_began_with() {
    let authority = Authority::new();
    let (rig, files) = secured(&authority.issue(30), |serve| serve.arg("--reload", "100ms"));
    let client = authority.client(&TLS13);
    assert_eq!(post_on(&mut connect(&rig, &client), ROOMDROP).status, 200);

    write(files.path(), &authority.issue(60));
    rig.wait_for_count(RELOADED, 1);

    let mut sender = connect(&rig, &client);
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);
    assert!(!sender.is_resumed());
}

#[test]
fn a_client_that_speaks_nothing_known_reads_why() {
    let authority = Authority::new();
    let (rig, _files) = secured(&authority.issue(30), |serve| serve);

    let refused = authority.client_of_http2().connect(rig.addr());

    let error = refused.err().unwrap().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    rig.wait_for_count(FAILED, 1);
}

#[test]
fn a_stop_does_not_wait_for_who_has_not_shaken_hands() {
    let authority = Authority::new();
    let (mut bridge, _kafka, _files) = {
        let files = files(&authority.issue(30));
        let (bridge, kafka) = crate::life::running(|serve| with(serve, files.path()));
        (bridge, kafka, files)
    };
    let _silent = Connection::open(bridge.webhook());
    let _half = half_a_handshake(bridge.webhook());
    let mut sender = authority.client(&TLS13).connect(bridge.webhook()).unwrap();
    assert_eq!(post_on(&mut sender, ROOMDROP).status, 200);

    let begun = Instant::now();
    bridge.signal(rustix::process::Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// A rig whose port speaks TLS, and the folder of its files.
pub(crate) fn secured(
    identity: &Identity,
    flags: impl FnOnce(Launch) -> Launch,
) -> (Rig, tempfile::TempDir) {
    let files = files(identity);
    let rig = Rig::on_mock(|serve| flags(with(serve.no_auth(), files.path())));
    (rig, files)
}

fn files(identity: &Identity) -> tempfile::TempDir {
    let files = tempfile::tempdir().unwrap();
    write(files.path(), identity);
    files
}

fn write(dir: &Path, identity: &Identity) {
    for (name, text) in [("cert.pem", &identity.cert), ("key.pem", &identity.key)] {
        fs::write(dir.join("new"), text).unwrap();
        fs::rename(dir.join("new"), dir.join(name)).unwrap();
    }
}

fn with(serve: Launch, dir: &Path) -> Launch {
    let path = |name| dir.join(name).to_str().unwrap().to_owned();
    serve.arg("--tls-cert", path("cert.pem")).arg("--tls-key", path("key.pem"))
}

fn half_a_handshake(addr: SocketAddr) -> Connection {
    let mut half = TcpStream::connect(addr).unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    Connection::over(half)
}

fn connect(rig: &Rig, client: &Client) -> TlsConnection {
    client.connect(rig.addr()).unwrap()
}

fn post_on(sender: &mut TlsConnection, body: &str) -> Response {
    sender.send(request("POST", PATH, &[], body));
    sender.read()
}

fn ends_in_days(rig: &Rig, days: f64) {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let bridge: &Bridge = rig.bridge();
    bridge.wait_for_metric(NOT_AFTER, SOON, |end| (end - now - days * DAY).abs() < DAY / 2.0);
}
