//! The start: what is bound, what is said and where, and what is warned about.

use crate::life::PROGRAM;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::children;
use testkit::http;
use testkit::port::NOBODY;
use testkit::{here, say_skipped};

const READABLE: &str = "every user of this machine can read the secrets in this file";
const FILES: &str = "the limit of open files is too low for --max-connections";

#[test]
fn a_taken_port_ends_it_at_once_and_names_flag_and_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--listen", "--admin-listen"] {
        let (status, log) = HOOKBRIDGE.serve(NOBODY).no_auth().arg(flag, &address).run(SOON);

        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(&format!("{flag}: cannot listen on {address}: ")), "{log}");
        // One error, and no claim that it started.
        assert_eq!(log.lines().count(), 1, "{log}");
    }
}

#[test]
fn ports_may_differ_in_family_and_the_start_line_shows_them() {
    if TcpListener::bind("[::1]:0").is_err() {
        return say_skipped(here!(), "this machine has no IPv6");
    }
    let both = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--listen", "[::1]:0");
    let bridge = both.arg("--admin-listen", "[::1]:0").start();

    assert!(bridge.webhook().is_ipv6() && bridge.webhook().port() != 0);
    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
}

#[test]
fn the_whole_configuration_may_come_from_the_environment() {
    let serve = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
    let bridge = Launch::stand_in(&serve)
        .env("BROKERS", NOBODY)
        .env("NO_AUTH", "true")
        .env("TOPIC", "from-the-environment")
        .env("PATH", "/elsewhere")
        .env("KAFKA_PROPERTY", "client.id=a\nlinger.ms=5")
        .env("LOG", "info,post=debug")
        .env("MAX_BODY", "1KiB")
        .start();

    let too_large = http::post(bridge.webhook(), "/elsewhere", &[], "x".repeat(1025));

    assert_eq!(too_large.status, 413);
    assert_eq!(http::post(bridge.webhook(), "/webhook", &[], "").status, 404);
    assert!(bridge.log().contains("from-the-environment"), "{}", bridge.log());
    bridge.wait_for_log("\"outcome\":\"too_large\"", SOON);
}

#[test]
fn stdout_stays_empty_and_a_broken_start_speaks_on_stderr() {
    let folder = TempDir::new().unwrap();
    let stdout = folder.path().join("stdout");
    let script = format!("exec {PROGRAM} serve \"$0\" \"$@\" >{}", stdout.display());
    let serve = Launch::stand_in(&script).arg("--brokers", NOBODY);
    let bridge = serve.clone().no_auth().start();
    http::post(bridge.webhook(), "/webhook", &[], "{");
    drop(bridge);
    assert_eq!(fs::read_to_string(&stdout).unwrap(), "");

    let (status, log) = serve.run(SOON);

    assert_eq!(status.code(), Some(2));
    assert!(log.starts_with("hookbridge: --credentials: "), "{log}");
    assert_eq!(fs::read_to_string(&stdout).unwrap(), "");
}

#[test]
fn the_version_says_commit_and_librdkafka_on_stdout_alone() {
    for flag in ["--version", "-V"] {
        let output = children::output(Command::new(PROGRAM).arg(flag)).unwrap();

        let said = String::from_utf8(output.stdout).unwrap();
        let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(said.starts_with(&format!("hookbridge {} ", env!("CARGO_PKG_VERSION"))), "{said}");
        assert!(said.contains("commit ") && said.contains(&librdkafka), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}

#[test]
fn without_a_command_it_helps_on_stderr_and_ends_with_2() {
    let output = children::output(&mut Command::new(PROGRAM)).unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("serve"));
}

#[test]
fn a_file_of_secrets_that_everybody_can_read_is_warned_about() {
    let folder = TempDir::new().unwrap();
    let [credentials, properties] =
        ["credentials", "properties"].map(|name| folder.path().join(name));
    fs::write(&credentials, "user:plain:secret\n").unwrap();
    fs::write(&properties, "client.id=secret\n").unwrap();
    let [credentials, properties] =
        [credentials, properties].map(|file| file.display().to_string());
    let serve = HOOKBRIDGE.serve(NOBODY).arg("--credentials", &credentials);
    let serve = serve.arg("--kafka-config", &properties);
    for (mode, warnings) in [(0o600, 0), (0o640, 0), (0o644, 2)] {
        for file in [&credentials, &properties] {
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }

        let log = serve.start().log();

        assert_eq!(log.matches(READABLE).count(), warnings, "{log}");
        assert!(warnings == 0 || log.contains(&credentials) && log.contains(&properties), "{log}");
    }
}

#[test]
fn the_soft_file_limit_is_raised_and_a_low_hard_one_warned_of() {
    let limited = |limit: &str| {
        let script = format!("ulimit {limit}; exec {PROGRAM} serve \"$0\" \"$@\"");
        let serve = Launch::stand_in(&script).arg("--brokers", NOBODY).no_auth();
        serve.arg("--max-connections", "1000").start()
    };

    let low = limited("-n 600");
    assert!(low.log().contains(FILES), "{}", low.log());
    assert_eq!(low.metric("process_max_fds"), 600.0);
    let raised = limited("-S -n 600");
    assert!(!raised.log().contains(FILES), "{}", raised.log());
    assert!(raised.metric("process_max_fds") > 600.0);
}

#[test]
fn without_a_spool_it_says_at_the_start_what_that_means() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();

    bridge.wait_for_log("without a spool, posts get 503 while Kafka is away", SOON);
}

#[test]
fn a_free_port_is_taken_and_named() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();

    let loopback = |addr: SocketAddr| addr.ip().is_loopback() && addr.port() != 0;
    assert!(loopback(bridge.webhook()) && loopback(bridge.admin()));
    assert_ne!(bridge.webhook(), bridge.admin());
}
