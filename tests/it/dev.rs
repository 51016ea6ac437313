//! `hookbridge dev` as a newcomer meets it: the four samples, the commands to paste, the end.

use crate::support::HOOKBRIDGE;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use testkit::children;
use testkit::deadline::{eventually, let_pass, wait_exit, wait_for};
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::{basic, post};
use testkit::port::free_port;

/// It takes half a second, and tests share the machine.
const SOON: Duration = Duration::from_secs(30);

/// All samples are shown, where somebody reads.
const SHOWN: Duration = Duration::from_secs(2);

/// Lines of a screen that all of it is to be on.
const SCREEN: usize = 50;

/// A `curl` that says what the shell has made of its arguments, one a line.
const CURL: &str = "curl() { printf '%s\\n' \"$@\"; }\n";

fn dev(flags: &[&str]) -> Command {
    let mut command = Command::new(HOOKBRIDGE.path());
    command.arg("dev").args(flags).stdin(Stdio::null()).stdout(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
            command.env_remove(name);
        }
    }
    command
}

/// A process that is killed when the test ends.
struct Running(Child);

impl Running {
    fn start(flags: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = children::spawn(&mut dev(flags)).unwrap();
        let stdout = child.stdout.take().unwrap();
        (Self(child), BufReader::new(stdout))
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither fails for a child that has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What has been shown so far, read as it comes.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<String>>);

impl Shown {
    fn by(mut stdout: impl Read + Send + 'static) -> Self {
        let shown = Self::default();
        let into = shown.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut bytes) {
                into.0.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
        });
        shown
    }

    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        wait_for(SOON, text, || {
            let shown = self.0.lock().unwrap();
            shown.contains(text).then(|| shown.clone())
        })
    }
}

#[test]
fn the_four_samples_arrive_as_sent_a_line_each_and_one_whole() {
    let output = children::output(&mut dev(&["--once"])).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();

    assert!(output.status.success(), "{shown}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing to worry about");
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
    let lines: Vec<&str> = shown.lines().collect();
    for (sample, line) in
        ["roomdrop", "recording", "transcoded", "file-transfer"].iter().zip(&lines[2..])
    {
        assert!(line.starts_with(sample) && line.ends_with(", as sent"), "{shown}");
    }
    assert_eq!(lines[6], "4 of 4 arrived as sent");
    let file = format!("{}/tests/samples/roomdrop.json", env!("CARGO_MANIFEST_DIR"));
    let posted = std::fs::read_to_string(file).unwrap();
    let value = posted.trim_end().replace('\n', "\n         ");
    let record =
        ["  record video.events, partition", "  key    5f3a9c1e7d2b4a0012c4e8f1", "ce_id: "];
    for of_the_record in record.into_iter().chain([&*value]) {
        assert_eq!(shown.matches(of_the_record).count(), 1, "{of_the_record} in\n{shown}");
    }
}

#[test]
fn a_setting_of_another_bridge_does_not_reach_it() {
    let mut command = dev(&["--once"]);
    command
        .env("HOOKBRIDGE_CREDENTIALS", "/no/such/file")
        .env("HOOKBRIDGE_BROKERS", "127.0.0.1:1")
        .env("HOOKBRIDGE_MAX_BODY", "1B");
    let output = children::output(&mut command).unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_given_kafka_takes_the_samples_on_a_topic_that_is_there() {
    for kafka in EitherKafka::both(here!()) {
        kafka.create_topic("dev.given", 2);
        // The second finds records there.
        for _ in 0..2 {
            let ran = given(&kafka.bootstrap(), "dev.given");
            let shown = String::from_utf8_lossy(&ran.stdout);
            assert!(ran.status.success(), "{shown}{}", String::from_utf8_lossy(&ran.stderr));
            assert!(shown.contains("sample posts to its topic dev.given\n"), "{shown}");
            assert!(shown.contains("\n4 of 4 arrived as sent\n"), "{shown}");
            assert!(shown.contains("  record dev.given, partition "), "{shown}");
        }
        let ran = given(&kafka.bootstrap(), "dev.absent");
        assert_eq!(ran.status.code(), Some(1));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(said.contains("--topic dev.absent: these brokers have no such topic"), "{said}");
    }
    for (brokers, topic, said) in
        [("nobody", "a", "--kafka: expected host:port"), ("a:1", "a b", "--topic")]
    {
        let ran = given(brokers, topic);
        assert_eq!(ran.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&ran.stderr).contains(said), "{ran:?}");
    }
}

fn given(brokers: &str, topic: &str) -> Output {
    children::output(&mut dev(&["--once", "--kafka", brokers, "--topic", topic])).unwrap()
}

#[test]
fn a_reader_that_goes_after_the_first_line_ends_it_quietly() {
    for flags in [&["--once"][..], &[]] {
        let (mut running, mut stdout) = Running::start(flags);
        stdout.read_line(&mut String::new()).unwrap();
        drop(stdout);

        assert!(wait_exit(&mut running.0, SOON, "dev without a reader").success());
    }
}

#[test]
fn a_reader_that_stalls_delays_neither_the_bridge_nor_its_end() {
    let (unread, mut full) = io::pipe().unwrap();
    fcntl_setfl(&full, OFlags::NONBLOCK).unwrap();
    while full.write(&[b'\n'; 4096]).is_ok() {}
    fcntl_setfl(&full, OFlags::empty()).unwrap();
    let port = free_port();
    let webhook = SocketAddr::from(([127, 0, 0, 1], port));
    let mut command = dev(&["--listen", &webhook.to_string()]);
    let mut running = Running(children::spawn(command.stdout(full)).unwrap());
    drop(command);

    // All samples are posted behind the first text.
    let is_up = || TcpStream::connect(webhook).is_ok();
    eventually(SOON, "the bridge listens", is_up);
    let_pass(SHOWN);
    assert_eq!(post(webhook, "/webhook", &[], "{}").status, 401);
    running.interrupt();

    assert!(wait_exit(&mut running.0, SOON, "dev after Ctrl-C").success());
    drop(unread);
}

/// The command of the text that begins so, to the line that does not end in a backslash.
#[track_caller]
fn command<'a>(text: &'a str, begin: &str) -> &'a str {
    let begin = text.find(begin).unwrap_or_else(|| panic!("no {begin} in\n{text}"));
    let mut end = begin;
    for line in text[begin..].split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    text[begin..end].trim()
}

/// What it says when it is pasted into a shell.
#[track_caller]
fn pasted(line: &str) -> String {
    let mut shell = Command::new("sh");
    let ran = children::output(shell.args(["-c", line]).current_dir("/")).unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{line}\n{said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

#[test]
fn the_shown_lines_are_on_one_screen_and_work_when_pasted() {
    let (mut running, stdout) = Running::start(&["--watch"]);
    let shown = Shown::by(stdout);
    let text = shown.wait_for("Ctrl-C ends it.\n");
    assert!(text.lines().count() < SCREEN, "{text}");

    let curl = pasted(&format!("{CURL}{}", command(&text, "  curl http")));
    let arguments: Vec<&str> = curl.lines().collect();
    let [url, "-u", pair, "-H", header, "-w", _, "-d", body] = arguments[..] else {
        panic!("{arguments:?}")
    };
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (user, password) = pair.split_once(':').unwrap();
    let authorization = basic(user, password);
    let headers = [header.split_once(": ").unwrap(), ("Authorization", &authorization)];
    let answer = post(address.parse().unwrap(), &format!("/{path}"), &headers, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text_then = shown.wait_for(&format!("key demo, value {}", &body[..20]));
    let lines: Vec<&str> = text_then[text.len()..].lines().collect();
    let [line, record] = lines[..] else { panic!("{lines:?}") };
    let place = line.strip_prefix("200 accepted demo roomdrop -> ").unwrap();
    assert!(record.starts_with(&format!("    record: {place}, key demo")), "{record}");

    assert!(pasted(command(&text, "  HOOKBRIDGE_USER=")).ends_with("1 of 1 accepted\n"));
    let tail = text.lines().find(|line| line.contains(" tail ")).unwrap();
    let read = pasted(&format!("{} --count 6", command(&text, tail)));
    assert!(read.contains(&format!("  value  {body}\n")), "{read}");

    let refused =
        post(address.parse().unwrap(), &format!("/{path}"), &headers, r#"{"type":"recording"}"#);
    assert_eq!(refused.status, 422);
    assert_eq!(post(address.parse().unwrap(), "/webhook", &[], "{}").status, 401);
    assert_eq!(post(address.parse().unwrap(), "/other", &[], "{}").status, 404);
    shown.wait_for("\n422 invalid_notification recording #/trans_date #/app_id ");
    shown.wait_for("\n401 unauthorized\n404 not_found\n");
    running.interrupt();
    assert!(wait_exit(&mut running.0, SOON, "dev after Ctrl-C").success());
    shown.wait_for("Ended");
}
