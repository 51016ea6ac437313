//! A bridge is started, watched and ended. A script takes its place, so that only the harness can
//! be wrong; in the end the real one takes a post the whole way.

use crate::support::HOOKBRIDGE;
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::path::Path;
use std::thread;
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::here;
use testkit::http::{basic, post};
use testkit::kafka::RealKafka;

const SOON: Duration = Duration::from_secs(10);

/// Says that it listens, with the admin port of its first flag (`$0` is the flag, `$1` its value),
/// then waits.
const LISTENS: &str = r#"
trap 'echo stopped >&2; exit 3' TERM
echo '{"fields":{"message":"listening","webhook":"127.0.0.1:1","admin":"'$1'"}}' >&2
while true; do sleep 0.01; done
"#;

fn listening() -> Launch {
    Launch::stand_in(LISTENS).arg("--topic", "127.0.0.1:2")
}

#[test]
fn a_bridge_that_listens_gives_its_addresses() {
    let bridge = listening().start();

    assert_eq!((bridge.webhook().port(), bridge.admin().port()), (1, 2));
}

#[test]
fn a_flattened_start_line_is_read_too() {
    let script = r#"
        echo '{"level":"INFO","message":"listening","webhook":"[::1]:1","admin":"[::1]:2"}' >&2
        exec sleep 60"#;
    let bridge = Launch::stand_in(script).start();

    assert_eq!(bridge.admin(), "[::1]:2".parse().unwrap());
}

#[test]
fn a_bridge_that_ends_early_fails_the_test_with_its_log() {
    let launch = Launch::stand_in("echo 'no such file' >&2; exit 2");

    let panic = catch_unwind(|| launch.start()).err().unwrap();

    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("no such file") && message.contains("exit status: 2"), "{message}");
}

#[test]
fn a_bridge_that_should_not_start_is_run_to_its_end() {
    let (status, log) = Launch::stand_in("echo 'no such file' >&2; exit 2").run(SOON);

    assert_eq!((status.code(), &*log), (Some(2), "no such file\n"));
}

#[test]
fn another_binary_runs_under_another_program_with_its_flags() {
    let launch = HOOKBRIDGE.serve("b:1").binary(Path::new("other")).args(&["--flag".to_owned()]);

    let (_, log) = launch.under("sh", ["-c", "echo \"$@\" >&2", "sh"]).run(SOON);

    assert!(log.starts_with("other serve --brokers b:1 --flag --listen"), "{log}");
}

#[test]
fn a_bridge_gets_its_flags_environment_and_credentials_file() {
    let script = r#"
        echo "$HOOKBRIDGE_TOPIC" "$0" "$@" >&2
        while test $# -gt 1; do shift; done
        cat "$1" >&2"#;
    let launch = Launch::stand_in(script).arg("--brokers", "b:1").arg("--listen", "[::1]:0");

    let launch = launch.no_auth().env("TOPIC", "from-env").credentials("user:plain:secret");
    let (_, log) = launch.run(SOON);

    let flags = "from-env --brokers b:1 --listen [::1]:0 --no-auth \
                 --admin-listen 127.0.0.1:0 --log-format json --credentials /";
    assert!(log.starts_with(flags), "{log}");
    assert!(log.ends_with("\nuser:plain:secret\n"), "{log}");
}

#[test]
fn a_signal_reaches_the_bridge_and_its_last_words_are_read() {
    let mut bridge = listening().start();

    bridge.signal(Signal::TERM);

    assert_eq!(bridge.wait_exit(SOON).code(), Some(3));
    assert!(bridge.log().ends_with("stopped\n"), "{}", bridge.log());
}

#[test]
fn a_killed_bridge_leaves_its_files_to_the_test() {
    let mut bridge = listening().credentials("text").start();

    bridge.kill();

    assert_eq!(bridge.wait_exit(SOON).signal(), Some(9));
    assert_eq!(std::fs::read_to_string(bridge.credentials_file()).unwrap(), "text");
    assert!(bridge.credentials_file().starts_with(bridge.folder()));
}

#[test]
fn the_log_and_the_admin_port_are_waited_for() {
    let admin = admin(&[
        "503 No\r\nContent-Length: 18\r\n\r\n{\"kafka\": \"away\"}\n",
        "200 OK\r\nContent-Length: 16\r\n\r\n{\"kafka\": \"up\"}\n",
        "200 OK\r\nContent-Length: 14\r\n\r\na 1\na{b=\"c\"} 2",
        "200 OK\r\nContent-Length: 14\r\n\r\na 1\na{b=\"c\"} 2",
        "200 OK\r\nContent-Length: 14\r\n\r\na 1\na{b=\"c\"} 3",
    ]);
    let bridge = Launch::stand_in(LISTENS).arg("--topic", admin.to_string()).start();

    assert_eq!(bridge.readyz(), (503, serde_json::json!({"kafka": "away"})));
    bridge.wait_ready(SOON);
    assert!((bridge.metric("a{b=\"c\"}") - 2.0).abs() < f64::EPSILON);
    bridge.wait_for_metric("a{b=\"c\"}", SOON, |value| value > 2.5);
    bridge.wait_for_log("listening", SOON);
}

#[test]
fn the_real_bridge_takes_a_post_to_the_real_kafka_and_stops() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("whole-way", 6, &[]);
    let launch = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "whole-way");
    let mut bridge = launch.credentials("user:plain:secret").start();
    bridge.wait_ready(SOON);

    let body = include_str!("../../samples/roomdrop.json");
    let authorization = basic("user", "secret");
    let response = post(bridge.webhook(), "/webhook", &[("Authorization", &authorization)], body);

    assert_eq!((response.status, &response.json()["status"]), (200, &"accepted".into()));
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "whole-way")[0].value, body.as_bytes());
    let published = "hookbridge_outcomes_total{outcome=\"published\"}";
    bridge.wait_for_metric(published, SOON, |value| value > 0.0);
    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(SOON).success(), "{}", bridge.log());
}

/// Gives one answer after the other, each on a connection of its own.
fn admin(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let request = BufReader::new(stream.try_clone().unwrap());
            request.lines().map_while(Result::ok).find(String::is_empty);
            write!(stream, "HTTP/1.1 {answer}").unwrap();
        }
    });
    addr
}
