//! `hookbridge check`: what holds, what warns and what fails, each with what mends it.

use crate::support::HOOKBRIDGE;
use crate::support::rig::Rig;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::children;
use testkit::consumer;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::mock::MockKafka;
use testkit::port::{NOBODY, free_port};

/// A hash of a cost that is usual.
const CREDENTIALS: &str = "video:$2y$10$JQTdyUeZAjK77PDYmltm/O6C1pem8ob3MxWcnf/rwWvh2d935qSQq\n";

/// What a check may take, whatever is wrong.
const LONGEST: Duration = Duration::from_secs(15);

/// What it found.
pub(crate) struct Checked {
    pub(crate) code: i32,
    report: Value,
    text: String,
}

impl Checked {
    /// Runs it with these flags; every one that fails or warns says what mends it.
    #[track_caller]
    pub(crate) fn run(flags: &[&str]) -> Self {
        let mut command = Command::new(HOOKBRIDGE.path());
        command.args(["check", "--output", "json"]).args(flags);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
                command.env_remove(name);
            }
        }
        let begun = Instant::now();
        let said = children::output(&mut command).unwrap();
        assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
        let text = String::from_utf8(said.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| {
            panic!("{text}{}", String::from_utf8_lossy(&said.stderr));
        });
        for finding in report["findings"].as_array().unwrap() {
            let is_mended = finding["mend"].as_str().is_some_and(|mend| !mend.is_empty());
            assert_eq!(is_mended, finding["verdict"] != "holds", "{finding}");
        }
        Self { code: said.status.code().unwrap(), report, text }
    }

    /// Whether it found that, with these words in what it says or what mends it.
    #[track_caller]
    pub(crate) fn assert_finds(&self, verdict: &str, subject: &str, words: &str) {
        let findings = self.report["findings"].as_array().unwrap();
        let is_it = |finding: &&Value| {
            let says = [&finding["says"], &finding["mend"]].map(|text| text.as_str().unwrap_or(""));
            finding["verdict"] == verdict
                && finding["subject"] == subject
                && says.join(" -> ").contains(words)
        };
        assert!(findings.iter().any(|finding| is_it(&finding)), "{words}: {}", self.text);
    }

    #[track_caller]
    fn assert_none(&self, verdict: &str) {
        let findings = self.report["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["verdict"] != verdict), "{}", self.text);
    }
}

/// A file of secrets with these rights.
fn secrets(folder: &Path, text: &str, mode: u32) -> String {
    let file = folder.join("credentials");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_sound_set_up_holds_on_a_real_kafka_and_nothing_is_written() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let (topic, folder) = ("checked", tempfile::tempdir().unwrap());
    kafka.create_topic(topic, 3, &[]);
    let [credentials, spool] =
        [secrets(folder.path(), CREDENTIALS, 0o600), folder.path().display().to_string()];
    let [listen, admin] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let brokers = kafka.bootstrap();
    let flags = ["--credentials", &credentials, "--spool", &spool, "--spool-max-bytes", "16MiB"];
    let ports = ["--listen", &listen, "--admin-listen", &admin, "--brokers", &brokers];

    let sound = Checked::run(&[&flags[..], &ports, &["--topic", topic]].concat());

    assert_eq!(sound.code, 0, "{}", sound.text);
    sound.assert_none("fails");
    for (subject, words) in [
        ("flags", "all values can be taken"),
        ("access", "1 user(s) with 1 password(s)"),
        ("ports", "is free"),
        ("spool", "syncs took"),
        ("brokers", "takes connections"),
        ("brokers", "3 of 3 leaders answer at their advertised addresses"),
        ("topic", "3 of 3 partitions take records"),
        ("topic", "nobody denies the right to write"),
        ("clock", "the broker's is "),
    ] {
        sound.assert_finds("holds", subject, words);
    }
    sound.assert_finds("warns", "topic", "a partition has one replica");
    assert_eq!(consumer::to_end(&brokers, topic).len(), 0);
    assert!(!folder.path().join("lock").exists(), "the spool is as it was");

    // Each takes the place of what was set before.
    kafka.set_topic(topic, "cleanup.policy", "compact");
    let unfit = Checked::run(&[&flags[..], &ports, &["--topic", topic]].concat());
    assert_eq!(unfit.code, 1);
    unfit.assert_finds("fails", "topic", "cleanup.policy=compact");
    kafka.set_topic(topic, "message.timestamp.after.max.ms", "9223372036854775807");
    let timeless = Checked::run(&[&flags[..], &ports, &["--topic", topic]].concat());
    timeless.assert_finds("holds", "clock", "not known: the topic takes every time");
    assert_eq!(consumer::to_end(&brokers, topic).len(), 0);

    let second = |name| ["--invalid", "dead-letter", "--dead-letter-topic", name];
    let missing = [&flags[..], &ports, &["--topic", "chekced"], &second(topic)].concat();
    let missing = Checked::run(&missing);
    missing.assert_finds("fails", "topic", "chekced: the brokers do not know it");
    missing.assert_finds("fails", "topic", "kafka-topics.sh --bootstrap-server");
    missing.assert_finds("holds", "topic", "checked: 3 of 3 partitions take records");
    let without = [&flags[..], &ports, &["--topic", topic], &second("lettres")].concat();
    Checked::run(&without).assert_finds("fails", "topic", "lettres: the brokers do not know it");
}

#[test]
fn all_faults_of_one_set_up_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = secrets(folder.path(), "a:plain:change-me\nb:plain:x\n", 0o644);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let no_folder = format!("{credentials}/spool");
    let brokers = format!("{NOBODY},nowhere.invalid:9092");
    let flags = ["--credentials", &credentials, "--listen", &taken, "--spool", &no_folder];
    let more = [
        "--brokers",
        &brokers,
        "--max-body",
        "0B",
        "--grace",
        "100ms",
        "--topic",
        "a b",
        "--log",
        "inof",
        "--invalid",
        "dead-letter",
        "--dead-letter-topic",
        "a/b",
    ];
    let tls = ["--tls-cert", &credentials, "--tls-key", &credentials];

    let checked = Checked::run(&[&flags[..], &more, &tls].concat());

    assert_eq!(checked.code, 1);
    for (subject, words) in [
        ("flags", "--max-body: expected at least one byte"),
        ("flags", "--topic: expected 1 to 249"),
        ("flags", "--dead-letter-topic: expected 1 to 249"),
        ("flags", "--ack-timeout: is over"),
        ("flags", "--log inof: "),
        ("flags", "has no certificate in PEM"),
        ("ports", "Address already in use"),
        ("spool", "cannot use the spool folder"),
        ("brokers", "127.0.0.1:1: TCP to 127.0.0.1:1: Connection refused"),
        ("brokers", "nowhere.invalid:9092: DNS: "),
    ] {
        checked.assert_finds("fails", subject, words);
    }
    for words in
        ["chmod o-r", "a: the password is the shipped example's", "b: the password is there"]
    {
        checked.assert_finds("warns", "access", words);
    }
}

#[test]
fn settings_are_told_with_their_origin_and_without_secrets() {
    let flags = ["--no-auth", "--brokers", NOBODY, "-X", "sasl.password=hush-5d2c"];
    let checked = Checked::run(&[&flags[..], &["--invalid", "dead-letter"]].concat());
    let settings = checked.report["settings"].as_array().unwrap();
    let of = |flag: &str| settings.iter().find(|setting| setting["flag"] == flag).unwrap();
    assert_eq!(of("--brokers")["from"], "flag");
    assert_eq!(of("--topic")["value"], "video.events");
    assert_eq!(of("--topic")["from"], "default");
    assert!(!checked.text.contains("hush-5d2c"), "{}", checked.text);
    checked.assert_finds("fails", "flags", "sasl.password is set, but security.protocol is not");
    checked.assert_finds("fails", "flags", "--invalid: dead-letter cannot be used together with");
}

#[test]
fn beside_a_bridge_that_runs_its_ports_do_not_fail() {
    let rig = Rig::open();
    let [listen, admin] = [rig.addr(), rig.bridge().admin()].map(|address| address.to_string());
    let brokers = rig.mock().bootstrap();
    let flags = ["--no-auth", "--listen", &listen, "--admin-listen", &admin, "--topic", "events"];

    let checked = Checked::run(&[&flags[..], &["--brokers", &brokers]].concat());

    checked.assert_none("fails");
    checked.assert_finds("holds", "ports", "is in use: a bridge runs and answers on");
    checked.assert_finds("warns", "ports", "is in use, perhaps by that bridge");
    checked.assert_finds("warns", "topic", "its settings cannot be read");
    checked.assert_finds("warns", "topic", "a partition has one replica");
}

#[test]
fn a_broker_that_says_nothing_does_not_hold_it_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let brokers = silent.local_addr().unwrap().to_string();

    let checked = Checked::run(&["--no-auth", "--brokers", &brokers, "--listen", "127.0.0.1:0"]);

    checked.assert_finds("holds", "brokers", "takes connections");
    checked.assert_finds("fails", "brokers", "Kafka: no broker answers");
    assert_eq!(checked.code, 1);
}

#[test]
fn text_is_for_people_and_a_closed_pipe_is_no_failure() {
    let kafka = MockKafka::start();
    kafka.create_topic("events", 1);
    let check = format!(
        "{} check --no-auth --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --topic events --brokers {}",
        HOOKBRIDGE.path(),
        kafka.bootstrap()
    );
    let mut shell = Command::new("bash");
    let typo = format!("HOOKBRIDGE_SPOOOL=/x {check} 2>&1 | grep SPOOOL");
    let script = format!("{check} | true; echo ${{PIPESTATUS[0]}}; {check}; {typo}");
    let said = children::output(shell.args(["-c", &script]).stdin(Stdio::null())).unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(text.starts_with("0\n--listen "), "{text}");
    for line in [
        "--topic                  events  (flag)",
        "holds  flags    all values can be taken",
        "warns  spool    there is no --spool: while Kafka is away, posts get 503",
        "                -> give --spool a folder that outlives the process",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }
    let (text, typo) = text.split_once(" 0 fail\n").unwrap_or_else(|| panic!("{text}"));
    assert!(text.ends_with("hold, 4 warn,"), "{text}");
    assert!(
        typo.starts_with("fails  flags    HOOKBRIDGE_SPOOOL: no setting has this name"),
        "{typo}"
    );
    assert_eq!(String::from_utf8(said.stderr).unwrap(), "");
}
