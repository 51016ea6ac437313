//! What `--help` says, to the letter, and that its examples work when they are pasted.
//!
//! A text that has changed on purpose is put into its file in `tests/it/help/`.

use crate::support::HOOKBRIDGE;
use crate::support::tool::Tool;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use testkit::children;
use testkit::mock::MockKafka;

/// The bridge of the examples, and its credentials.
const LISTEN: &str = "127.0.0.1:8080";
const CREDENTIALS: &str = include_str!("../../config/credentials");

/// The Kafka of the examples.
const BROKER: &str = "localhost:9092";

/// What begins an example.
const EXAMPLES: &str = "\nExamples, ";

fn help(command: &str) -> String {
    Tool::new(&[command, "--help"]).run().well()
}

#[test]
fn the_help_of_send_is_as_it_was_meant() {
    assert_is_meant("send");
}

#[test]
fn the_help_of_tail_is_as_it_was_meant() {
    assert_is_meant("tail");
}

#[test]
fn the_help_of_contract_is_as_it_was_meant() {
    assert_is_meant("contract");
}

#[test]
fn the_examples_of_the_help_work_when_they_are_pasted() {
    let kafka = MockKafka::start();
    kafka.create_topic("video.events", 3);
    let serve = MockKafka::flags(HOOKBRIDGE.serve(kafka.bootstrap())).credentials(CREDENTIALS);
    let bridge = serve.start();
    let folder = TempDir::new().unwrap();
    let program = Path::new(HOOKBRIDGE.path()).parent().unwrap().display();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let url = format!("http://{}/webhook", bridge.webhook());
    assert!(help("send").contains(&format!("[default: http://{LISTEN}/webhook]")));

    let examples = ["send", "tail", "contract"].iter().flat_map(|command| examples(command));
    let mut count = 0;
    for example in examples {
        let mut shell = Command::new("sh");
        let example = example.replace(BROKER, &kafka.bootstrap());
        shell.args(["-euc", &example]).current_dir(folder.path());
        shell.env("PATH", &path).env("HOOKBRIDGE_URL", &url);
        let ran = children::output(&mut shell).unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        assert!(ran.status.success(), "{example}\n{}", String::from_utf8_lossy(&said));
        count += 1;
    }
    assert_eq!(count, 6);
}

fn examples(command: &str) -> Vec<String> {
    let help = help(command);
    let (_, examples) = help.split_once(EXAMPLES).expect("there are examples");
    examples.lines().filter_map(|line| line.strip_prefix("  ").map(str::to_owned)).collect()
}

#[track_caller]
fn assert_is_meant(command: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/help/{command}.txt"));
    let (said, meant) = (help(command), fs::read_to_string(&file).unwrap_or_default());
    assert!(said == meant, "{} differs from\n{said}", file.display());
}
