//! Holds what the pages say against the code: tables, links, commands, and the configuration that
//! is shipped.
//!
//! Promise: a flag, a refusal, a header or a series without its row fails here, and so does a row
//! without its flag, refusal, header or series. The words of a row are nobody's but its author's.

mod alerts;
mod commands;
mod consumers;
mod dashboard;
mod deploy;
mod first_day;
mod flags;
mod kubernetes;
mod links;
mod log;
mod openings;
pub(crate) mod page;
mod samples;
mod spool;
mod tls;
mod topic;

use crate::docs::page::{Page, rows, table};
use hookbridge::delivery::record::header_name::HeaderName;
use hookbridge::metrics::build::Build;
use hookbridge::metrics::exposition::Format;
use hookbridge::metrics::{Metrics, Outcome};
use hookbridge::webhook::documents::example_refusal::refusal;
use hookbridge::webhook::http::connection_phase::Rest;
use http::header::RETRY_AFTER;
use prometheus_client::metrics::counter::Counter;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use testkit::kafka::REQUIRE;
use testkit::say_skipped;

/// Counters and histograms are exposed under their family's name with one of these behind it.
const SUFFIXES: [&str; 5] = ["_total", "_info", "_bucket", "_sum", "_count"];

#[test]
fn every_refusal_has_one_row_and_every_row_a_refusal() {
    let refusals = Outcome::ALL.iter().copied().filter_map(refusal).map(|rejection| {
        let status = rejection.response(Rest::Read).status();
        vec![format!("`{}`", status.as_u16()), format!("`{}`", rejection.outcome().as_str())]
    });
    assert_same("status", &refusals.collect::<Vec<_>>(), &rows("status", 2));
}

#[test]
fn a_row_speaks_of_retry_after_where_the_answer_has_it() {
    let rows = table("status");
    for rejection in Outcome::ALL.iter().copied().filter_map(refusal) {
        let code = format!("`{}`", rejection.outcome().as_str());
        let row = rows.iter().find(|row| row[1] == code).expect("each refusal has its row");
        let sent = rejection.response(Rest::Read).headers().contains_key(RETRY_AFTER);
        let said = row.last().expect("a row has cells").contains("`Retry-After`");
        assert_eq!(said, sent, "the row of {code}");
    }
}

#[test]
fn every_header_of_a_record_has_one_row_and_every_row_a_header() {
    let headers = HeaderName::ALL.map(|name| vec![format!("`{}`", name.as_str())]);
    assert_same("header", &headers, &rows("header", 1));
}

#[test]
fn every_series_has_one_row_and_every_row_a_series() {
    let series = families().into_iter().map(|(name, kind)| {
        let suffix = match kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        vec![format!("`{name}{suffix}`"), kind]
    });
    assert_same("series", &series.collect::<Vec<_>>(), &rows("series", 2));
}

#[test]
fn every_series_that_is_spoken_of_anywhere_exists() {
    // The changelog names series as they were called.
    for page in Page::all().iter().filter(|page| page.path != "CHANGELOG.md") {
        assert_series_exist(&page.path, &page.text);
    }
}

#[test]
fn the_rust_that_is_needed_is_the_one_of_the_package() {
    let rust = format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"));
    assert!(file("README.md").contains(&rust), "README does not say: {rust}");
}

/// Name and kind of every family of the exposition.
fn families() -> Vec<(String, String)> {
    let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
    let metrics = Metrics::new(&build, Counter::default());
    metrics.reloads.show_passwords(vec![("video".into(), 1, None)]);
    let text = metrics.exposition(Format::OpenMetrics).expect("a String takes all text");
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    described
        .map(|family| family.split_once(' ').expect("a name and a kind"))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Each series that `text` names is one of the exposition's.
fn assert_series_exist(place: &str, text: &str) {
    let families = families();
    let named = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("hookbridge_") || word.starts_with("process_"));
    for name in named {
        let is_exposed = |(family, _): &(String, String)| {
            name == family || SUFFIXES.iter().any(|suffix| *name == format!("{family}{suffix}"))
        };
        assert!(families.iter().any(is_exposed), "{place} speaks of {name}, which is no series");
    }
}

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Both hold the same rows, each once, in whatever order.
fn assert_same(place: &str, code: &[Vec<String>], text: &[Vec<String>]) {
    let (known, written) =
        (code.iter().collect::<BTreeSet<_>>(), text.iter().collect::<BTreeSet<_>>());
    let missing = known.difference(&written).collect::<Vec<_>>();
    let surplus = written.difference(&known).collect::<Vec<_>>();
    assert!(
        missing.is_empty() && surplus.is_empty() && text.len() == written.len(),
        "{place}: {} rows, of {} different ones\nin the code and not in a row: {missing:#?}\n\
         in a row and not in the code: {surplus:#?}",
        text.len(),
        written.len(),
    );
}

/// Says what is missing for `test`, or fails it where nothing may be skipped.
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var_os(REQUIRE).is_none(), "nothing may be skipped here: {why}");
    say_skipped(test, why);
}
