//! The dashboard of `config/grafana`: what it asks exists, a Prometheus that scrapes a bridge under load
//! and in an outage has an answer to each query, and the picture on the page is drawn of it.
//!
//! Grafana itself is not tried here: the file is read as what it is, panels with queries.

use crate::docs::page::code;
use crate::docs::{assert_series_exist, file};
use crate::support::rig::{PASSWORD, Rig, SOON, USER, authorization};
use crate::support::shell::Shell;
use rustix::process::Signal;
use rustls::version::TLS13;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use testkit::deadline::eventually;
use testkit::here;
use testkit::http::{basic, request};
use testkit::notification::{PATH, ROOMDROP};
use testkit::prometheus::Prometheus;
use testkit::tls::{Authority, Client, TlsConnection};

const DASHBOARD: &str = "config/grafana/dashboards/hookbridge.json";
const PAGE: &str = "docs/operate.md";
const PICTURE: &str = "docs/dashboard.svg";

/// Grafana's variables, and what a Prometheus is asked in their place: several scrapes of a test.
const VARIABLES: [(&str, &str); 3] =
    [("$job", "hookbridge"), ("$instance", ".*"), ("$__rate_interval", "2s")];

/// A scrape or two of load, so that rates have what they need.
const SCRAPES: f64 = 6.0;

/// Seen of an outage: how old the oldest record is, is shown a second later than that it waits.
const OUTAGE: &str = "hookbridge_kafka_up == 0 and hookbridge_spool_oldest_timestamp_seconds > 0";

#[test]
fn every_series_that_the_dashboard_asks_for_exists() {
    assert_series_exist(DASHBOARD, &file(DASHBOARD));
}

#[test]
fn panels_of_the_dashboard_have_titles_and_places_of_their_own() {
    let mut places = BTreeSet::new();
    let panels = panels();
    let titles: BTreeSet<_> = panels.iter().map(title).collect();
    assert_eq!(titles.len(), panels.len());
    for panel in &panels {
        let grid = |name: &str| panel["gridPos"][name].as_u64().expect("a place in the grid");
        assert!(grid("x") + grid("w") <= 24, "{}", title(panel));
        for x in grid("x")..grid("x") + grid("w") {
            for y in grid("y")..grid("y") + grid("h") {
                assert!(places.insert((x, y)), "{} covers another", title(panel));
            }
        }
    }
}

#[test]
fn the_picture_on_the_page_has_every_panel() {
    assert_has_every_panel(&file(PICTURE));
}

#[test]
fn every_query_of_the_dashboard_is_answered_by_prometheus() {
    let (authority, files) = (Authority::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    let identity = authority.issue(30);
    fs::write(path("cert.pem"), identity.cert).unwrap();
    fs::write(path("key.pem"), identity.key).unwrap();
    let rig = Rig::on_mock(|serve| {
        let serve = serve.credentials(format!("{USER}:plain:{PASSWORD}"));
        let serve = serve.arg("--tls-cert", path("cert.pem")).arg("--tls-key", path("key.pem"));
        serve.arg("--spool", path("spool")).arg("--ack-timeout", "500ms")
    });
    let Some(prometheus) = Prometheus::scraping(here!(), rig.bridge().admin()) else { return };
    let mut sender = Sender::of(&rig, authority.client(&TLS13));

    rig.bridge().signal(Signal::HUP);
    eventually(SOON, "load is scraped", || {
        sender.post();
        prometheus.values("count_over_time(hookbridge_kafka_up[1m])").contains(&SCRAPES)
    });
    rig.mock().broker_down();
    eventually(SOON, "the outage is scraped", || {
        sender.post();
        prometheus.values(OUTAGE).len() == 1
    });

    for panel in &panels() {
        for target in panel["targets"].as_array().expect("queries") {
            let query = target["expr"].as_str().expect("a query is a text").to_owned();
            let query =
                VARIABLES.iter().fold(query, |query, (name, value)| query.replace(name, value));
            let answer = prometheus.history(&query);
            let has_numbers = answer.iter().flatten().any(|value| value.is_finite());
            assert!(has_numbers, "{}: {query} gives {answer:?}", title(panel));
        }
    }
    let up = prometheus.history("hookbridge_kafka_up");
    assert!(up[0].contains(&1.0) && up[0].last() == Some(&0.0), "{up:?}");
    let url = prometheus.url();
    let draw = code(
        PAGE,
        "docs/dashboard.py",
        &[("http://127.0.0.1:9090 15", &format!("{url} 0.5 0.25"))],
    );
    let shell = Shell::new();
    let drawn = shell.path("dashboard.svg");
    shell.run(&draw.replace(PICTURE, &drawn)).well();
    let drawn = fs::read_to_string(drawn).unwrap();
    assert_has_every_panel(&drawn);
    assert!(!drawn.contains("no data"), "{drawn}");
}

/// Whoever posts what is accepted, and what is not.
struct Sender<'a> {
    rig: &'a Rig,
    client: Client,
    connection: TlsConnection,
}

impl<'a> Sender<'a> {
    fn of(rig: &'a Rig, client: Client) -> Self {
        Self { rig, connection: client.connect(rig.addr()).unwrap(), client }
    }

    /// One of each.
    fn post(&mut self) {
        for (authorization, body, status) in [
            (authorization(), ROOMDROP, 200),
            (authorization(), "{}", 422),
            (basic(USER, "wrong"), ROOMDROP, 401),
        ] {
            let headers = [("Authorization", authorization.as_str())];
            self.connection.send(request("POST", PATH, &headers, body));
            let answer = self.connection.read();
            assert_eq!(answer.status, status, "{}", answer.text());
            if answer.header("connection") == Some("close") {
                self.connection = self.client.connect(self.rig.addr()).unwrap();
            }
        }
    }
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&file(DASHBOARD)).expect("it is JSON");
    dashboard["panels"].as_array().expect("a list of panels").clone()
}

fn title(panel: &Value) -> &str {
    panel["title"].as_str().expect("a panel has a title")
}

#[track_caller]
fn assert_has_every_panel(svg: &str) {
    for panel in &panels() {
        let title = title(panel);
        assert!(svg.contains(&format!(">{title}</text>")), "{title} is not in the picture");
    }
}
