//! Every command on a page runs in a test, or says here why it does not.
//!
//! Promise: a command that is added to a page fails here until it is in the table.

use crate::docs::page::Page;
use std::fs;
use std::path::{Path, PathBuf};

/// What becomes of a command in a test.
enum Fate {
    /// It runs as it is on the page, in this function, or in `.ci/run`.
    Runs(&'static str),
    /// The same is tried, if not the command to the letter, in this function, or in `.ci/run`.
    Tried(&'static str),
    /// Why it is not tried.
    Not(&'static str),
}
use Fate::{Not, Runs, Tried};

/// Tests that run several.
const TOPIC: &str = "the_topic_and_its_rights_are_made_as_the_page_says";
const LAID_OUT: &str = "nginx_passes_posts_to_a_bridge_laid_out_as_on_the_page";
const FIRST_DAY: &str = "a_first_day_goes_as_on_the_page";
const EXAMPLES: &str = "the_examples_of_the_help_work_when_they_are_pasted";
const EVENT: &str = "an_event_is_found_by_its_id_as_the_page_says";
const SPOOL: &str = "the_commands_of_the_page_look_after_a_spool";

/// Why a command of Kubernetes is not tried.
const NO_CLUSTER: &str = "there is no Kubernetes where tests run; its files are validated";

/// Page, the beginning of the command, its fate.
const COMMANDS: &[(&str, &str, Fate)] = &[
    ("README.md", "cargo run --release -- dev", Tried("dev --once")),
    ("README.md", "cargo test", Tried("cargo test --locked")),
    ("docs/deploy.md", "hookbridge check --brokers", Runs(FIRST_DAY)),
    ("docs/deploy.md", "hookbridge serve --brokers", Runs(FIRST_DAY)),
    ("docs/deploy.md", "HOOKBRIDGE_USER=video:change-me hookbridge send", Runs(FIRST_DAY)),
    ("docs/deploy.md", "kafka-topics.sh ", Runs(TOPIC)),
    ("docs/deploy.md", "kafka-acls.sh ", Runs(TOPIC)),
    ("docs/deploy.md", "install -d ", Runs(LAID_OUT)),
    (
        "docs/deploy.md",
        "hookbridge credential ",
        Tried("a_generated_password_is_told_on_stderr_and_bound_to_apps"),
    ),
    (
        "docs/deploy.md",
        "docker exec ",
        Tried("a_ready_bridge_is_a_success_and_each_check_is_a_line"),
    ),
    ("docs/deploy.md", "install -m ", Runs(LAID_OUT)),
    (
        "docs/deploy.md",
        "docker build ",
        Not("there is no Docker engine where tests run; the compose file is checked"),
    ),
    ("docs/deploy.md", "kubectl create ", Not(NO_CLUSTER)),
    ("docs/deploy.md", "kubectl scale ", Not(NO_CLUSTER)),
    (
        "docs/deploy.md",
        "cp config/systemd",
        Not("systemd does not run where tests do; it checks the units"),
    ),
    (
        "docs/deploy.md",
        "cargo install ",
        Not("it builds what cargo run --release builds, minutes longer"),
    ),
    ("docs/deploy.md", "(set -a; . /etc/hookbridge/bridge.env; exec", Runs(LAID_OUT)),
    (
        "docs/deploy.md",
        "(set -a; . /etc/hookbridge/bridge.env; hookbridge check",
        Tried("a_sound_set_up_holds_on_a_real_kafka_and_nothing_is_written"),
    ),
    (
        "docs/deploy.md",
        "hookbridge serve --listen 0.0.0.0:8443",
        Tried("posts_over_both_versions_are_published"),
    ),
    (
        "docs/deploy.md",
        "hookbridge serve --reuse-port",
        Tried("no_post_is_refused_lost_or_overtaken_by_hand_overs"),
    ),
    ("docs/deploy.md", "curl http://127.0.0.1:9090", Runs(LAID_OUT)),
    (
        "docs/deploy.md",
        "cp config/proxies/nginx.conf",
        Tried("behind_nginx_restart_and_crash_cost_no_sender_a_5xx"),
    ),
    ("docs/deploy.md", "curl --user video", Runs(LAID_OUT)),
    (
        "docs/kafka-properties.md",
        "sleep 1 | openssl",
        Runs("openssl_names_faults_of_certificates_as_the_page_says"),
    ),
    (
        "docs/operate.md",
        "promtool check",
        Runs("prometheus_takes_the_alert_rules_and_their_unit_tests_pass"),
    ),
    (
        "docs/operate.md",
        "cargo build --release --features otlp",
        Tried("--features otlp --test otlp"),
    ),
    ("docs/log.md", "docker logs hookbridge", Runs(EVENT)),
    ("docs/log.md", "hookbridge spool export", Runs(EVENT)),
    (
        "docs/operate.md",
        "docs/dashboard.py",
        Runs("every_query_of_the_dashboard_is_answered_by_prometheus"),
    ),
    ("docs/operate.md", "hookbridge spool list", Runs(SPOOL)),
    ("docs/operate.md", "hookbridge spool export", Runs(SPOOL)),
    ("docs/operate.md", "hookbridge spool retopic", Runs(SPOOL)),
    ("docs/operate.md", "HOOKBRIDGE_USER=video:change-me hookbridge send", Tried(EXAMPLES)),
    ("docs/operate.md", "hookbridge tail --brokers localhost:9092 --against", Tried(EXAMPLES)),
    ("docs/consume.md", "hookbridge tail --brokers localhost:9092 --from", Tried(EXAMPLES)),
    (
        "docs/operate.md",
        "hookbridge redrive",
        Tried("what_passes_by_now_goes_back_and_the_rest_is_left"),
    ),
    (
        "docs/operate.md",
        "docker run ",
        Not("there is no Docker engine where tests run; spool drain is tried without"),
    ),
    (
        "docs/performance.md",
        "cargo bench --bench speed -- --svg",
        Not("five minutes, and its figures are for people"),
    ),
    (
        "docs/performance.md",
        "cargo bench --bench speed -- --round",
        Not("minutes, and its figures are for people"),
    ),
];

#[test]
fn each_command_runs_in_a_test_or_has_a_reason_not_to() {
    let pages = Page::all();
    let shown = pages.iter().flat_map(|page| {
        let commands = page.code().into_iter().filter(|code| code.language == "sh");
        commands.map(|code| (page.path.as_str(), code.text))
    });
    let known = |(page, command): &(&str, String)| {
        COMMANDS.iter().filter(|(of, start, _)| of == page && command.starts_with(start)).count()
    };
    let mut count = 0;
    for command in shown {
        assert_eq!(known(&command), 1, "{}: in the table once?\n{}", command.0, command.1);
        count += 1;
    }
    assert_eq!(count, COMMANDS.len(), "the table has commands that are on no page");
}

#[test]
fn what_tries_a_command_is_there() {
    let mut texts = vec![fs::read_to_string(root(".ci/run")).unwrap()];
    let mut folders = vec![root("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    for (page, command, fate) in COMMANDS {
        match fate {
            Runs(by) | Tried(by) => {
                // A test, or a line of `.ci/run`.
                let is_there = |text: &String| {
                    text.contains(&format!("fn {by}()"))
                        || text.starts_with("#!") && text.contains(&format!("{by}\n"))
                };
                let is_there = texts.iter().any(is_there);
                assert!(is_there, "{page}: {command}: {by} is not there");
            }
            Not(why) => assert!(!why.is_empty()),
        }
    }
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
