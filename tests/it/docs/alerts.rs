//! The alert rules that are shipped: Prometheus takes them, each is tried both ways, and what they
//! wait for exists.

use crate::docs::page::code;
use crate::docs::page::{Page, rows};
use crate::docs::skip;
use crate::docs::{assert_same, assert_series_exist, file};
use crate::support::shell::Shell;
use hookbridge::metrics::Outcome;
use testkit::here;
use testkit::jars::is_on_path;

const RULES: &str = "config/prometheus/hookbridge.rules.yml";
const TESTS: &str = "config/prometheus/hookbridge.test.yml";

#[test]
fn prometheus_takes_the_alert_rules_and_their_unit_tests_pass() {
    if !is_on_path("promtool") {
        return skip(here!(), "promtool is needed, of Debian's package prometheus");
    }
    let commands = code("docs/operate.md", "promtool check", &[]);
    assert!(commands.contains(RULES) && commands.contains(TESTS), "{commands}");
    let shell = Shell::new();
    shell.run(&commands).well();
    // That of the compose file, which has them.
    shell.run("promtool check config config/prometheus/prometheus.yml").well();
}

#[test]
fn each_alert_fires_in_its_unit_test_and_does_not() {
    let rules = file(RULES);
    let alerts: Vec<_> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let tests = file(TESTS);
    let tried: Vec<_> = tests
        .split("alertname: ")
        .skip(1)
        .map(|rest| (rest.split([',', '\n']).next().expect("split gives one at least"), rest))
        .collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        let is_tried = |fires| {
            let fired = |rest: &str| !rest.split("exp_alerts:").nth(1).unwrap().starts_with(" []");
            tried.iter().any(|(name, rest)| *name == alert && fired(rest) == fires)
        };
        assert!(is_tried(true), "{TESTS}: {alert} is never expected");
        assert!(is_tried(false), "{TESTS}: {alert} is always expected");
    }
}

#[test]
fn every_alert_has_one_row_and_every_row_an_alert() {
    let rules = file(RULES);
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<_> = alerts.map(|alert| vec![format!("`{alert}`")]).collect();
    assert_same("alert", &alerts, &rows("alert", 1));
}

#[test]
fn every_alert_names_its_part_of_the_page_which_is_there() {
    let (rules, anchors) = (file(RULES), Page::read("docs/operate.md").anchors());
    for rule in rules.split("- alert: ").skip(1) {
        let alert = rule.lines().next().expect("a rule begins with its name").to_lowercase();
        let runbook = format!("runbook: \"docs/operate.md#{alert}\"");
        assert!(rule.contains(&runbook), "{RULES}: {alert} has no {runbook}");
        assert!(anchors.contains(&alert), "docs/operate.md has no heading {alert}");
    }
}

#[test]
fn every_series_that_an_alert_waits_for_exists() {
    for path in [RULES, TESTS] {
        assert_series_exist(path, &file(path));
    }
}

#[test]
fn every_outcome_that_an_alert_waits_for_exists() {
    let rules = file(RULES);
    let patterns: Vec<_> = ["outcome=~\"", "outcome!~\""]
        .iter()
        .flat_map(|matcher| rules.split(matcher).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!patterns.is_empty());
    for waited in patterns.iter().flat_map(|pattern| pattern.split('|')) {
        let exists = Outcome::ALL.iter().any(|outcome| outcome.as_str() == waited);
        assert!(exists, "{RULES} waits for {waited}, which is no outcome");
    }
}
