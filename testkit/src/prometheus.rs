//! A Prometheus of a test's own, which scrapes one bridge often.
//!
//! Debian's, as `.ci/run` installs it. Dropped, it is gone with what it has stored.

use crate::deadline::eventually;
use crate::http::{Connection, Response};
use crate::jars::is_on_path;
use crate::kafka::REQUIRE;
use crate::leash::Leash;
use crate::port::free_port;
use crate::say_skipped;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// Between two scrapes: often enough that a test need not wait, and little beside a post's own work.
const SCRAPE: Duration = Duration::from_millis(250);
/// A start takes a second.
const START: Duration = Duration::from_secs(30);

/// A running Prometheus.
pub struct Prometheus {
    leash: Leash, // its folder goes with it
    addr: SocketAddr,
    started: SystemTime,
}

impl Prometheus {
    /// Scrapes this admin port under the job `hookbridge`. `None` where there is no Prometheus, said
    /// under the name of `test`, which [`here!`](crate::here) gives.
    #[track_caller]
    pub fn scraping(test: &str, admin: SocketAddr) -> Option<Self> {
        if !is_on_path("prometheus") {
            let required = std::env::var_os(REQUIRE).is_some();
            assert!(!required, "prometheus is needed where nothing may be skipped");
            say_skipped(test, "prometheus is needed, of Debian's package of that name");
            return None;
        }
        let folder = tempfile::tempdir().unwrap().keep();
        let config = folder.join("prometheus.yml");
        let every = SCRAPE.as_millis();
        let jobs =
            format!("[{{job_name: hookbridge, static_configs: [{{targets: ['{admin}']}}]}}]");
        let global = format!("global: {{scrape_interval: {every}ms, scrape_timeout: {every}ms}}\n");
        fs::write(&config, format!("{global}scrape_configs: {jobs}\n")).unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let command = [
            "prometheus".to_owned(),
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.join("data").display()),
            format!("--web.listen-address={addr}"),
            "--log.level=warn".to_owned(),
        ];
        let started = SystemTime::now();
        let leash = Leash::start(&folder, command.iter().map(String::as_str));
        let prometheus = Self { leash, addr, started };
        eventually(START, "Prometheus is ready", || {
            let running = prometheus.leash.is_running();
            assert!(running, "it ended:\n{}", prometheus.leash.log_tail());
            prometheus.get("/-/ready").is_some_and(|answer| answer.status == 200)
        });
        Some(prometheus)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What an expression gives now: a value for each series.
    #[track_caller]
    pub fn values(&self, expression: &str) -> Vec<f64> {
        let result = self.ask(&format!("/api/v1/query?query={}", encoded(expression)));
        result.iter().map(|series| number(&series["value"])).collect()
    }

    /// What it gave at each scrape since the start: the values of each series.
    #[track_caller]
    pub fn history(&self, expression: &str) -> Vec<Vec<f64>> {
        // A step further, so that the newest scrape is behind none of them.
        let [start, end] = [self.started, SystemTime::now() + SCRAPE].map(|time| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
            since.as_secs_f64()
        });
        let (query, step) = (encoded(expression), SCRAPE.as_secs_f64());
        let path = format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}");
        let numbers = |series: &Value| {
            series["values"].as_array().expect("values of a series").iter().map(number).collect()
        };
        self.ask(&path).iter().map(numbers).collect()
    }

    #[track_caller]
    fn ask(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).expect("Prometheus answers");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["data"]["result"].as_array().expect("a list of series").clone()
    }

    /// In HTTP/1.0, to which no answer comes in chunks.
    fn get(&self, path: &str) -> Option<Response> {
        let mut connection = Connection::try_open(self.addr).ok()?;
        connection.send(format!("GET {path} HTTP/1.0\r\nHost: test\r\n\r\n"));
        connection.try_read().ok()
    }
}

/// The value of a pair with its time.
#[track_caller]
fn number(pair: &Value) -> f64 {
    pair[1].as_str().expect("a value is a text").parse().unwrap()
}

/// As a query string holds it (RFC 3986).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").expect("a String takes all text");
        encoded
    })
}
