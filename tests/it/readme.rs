//! Holds README's tables, and the configuration that is shipped, against the code.
//!
//! Promise: a flag, a refusal, a header or a series without its row fails here, and so does a row
//! without its flag, refusal, header or series. The words of a row are nobody's but its author's.

mod alerts;
mod consumer;
mod spool;

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use hookbridge::args::Cli;
use hookbridge::delivery::record::header_name::HeaderName;
use hookbridge::delivery::undelivered::{LimitSource, Undelivered};
use hookbridge::metrics::exposition::Format;
use hookbridge::metrics::{Build, Metrics, Outcome};
use hookbridge::webhook::http::timeout_stream::Rest;
use hookbridge::webhook::notification::field_error::{FieldErrors, JsonType};
use hookbridge::webhook::notification::invalid::{About, Invalid};
use hookbridge::webhook::rejection::Rejection;
use http::header::RETRY_AFTER;
use prometheus_client::metrics::counter::Counter;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Counters and histograms are exposed under their family's name with one of these behind it.
const SUFFIXES: [&str; 5] = ["_total", "_info", "_bucket", "_sum", "_count"];

#[test]
fn every_flag_of_serve_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `serve`", &flags("serve"), &rows("flag of `serve`", 3));
}

#[test]
fn every_flag_of_dev_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `dev`", &flags("dev"), &rows("flag of `dev`", 3));
}

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
        let told = row.last().expect("a row has cells").contains("`Retry-After`");
        assert_eq!(told, sent, "README, the row of {code}");
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
    assert_series_exist("README", &readme());
}

#[test]
fn the_shipped_configuration_names_every_flag_of_serve_once_and_nothing_else() {
    let configured = configured().into_iter().map(|line| vec![line.name]).collect::<Vec<_>>();
    let serve = command("serve");
    let known = serve.get_arguments().map(|arg| vec![environment(arg)]).collect::<Vec<_>>();
    assert_same("config/bridge.env", &known, &configured);
}

#[test]
fn a_line_of_the_shipped_configuration_that_is_commented_out_shows_the_default() {
    let serve = command("serve");
    for Configured { name, value, .. } in configured().into_iter().filter(|line| line.is_comment) {
        let arg = serve.get_arguments().find(|arg| environment(arg) == name);
        let defaults = arg.map(Arg::get_default_values).unwrap_or_default();
        // Where there is no default, the line is an example.
        assert!(defaults.iter().all(|default| *default == *value), "config/bridge.env: {name}");
    }
}

#[test]
fn the_rust_that_is_needed_is_the_one_of_the_package() {
    let rust = format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"));
    assert!(readme().contains(&rust), "README does not say: {rust}");
}

#[test]
fn files_and_sections_that_are_spoken_of_are_there() {
    let readme = readme();
    let sections = readme
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '))
        .map(|heading| format!("#{}", heading.to_lowercase().replace(' ', "-")))
        .collect::<Vec<_>>();
    let linked = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let quoted = readme
        .split(['`', ' ', '@', '\n'])
        .filter(|word| ["config/", "src/", "tests/"].iter().any(|folder| word.starts_with(folder)));
    for target in linked.chain(quoted) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        let is_there = sections.iter().any(|section| section == target) || path.exists();
        assert!(is_there, "README speaks of {target}, which is not there");
    }
}

/// The refusal that ends in `outcome`, if it is one.
fn refusal(outcome: Outcome) -> Option<Rejection> {
    let rejection = match outcome {
        Outcome::Published | Outcome::Spooled => return None,
        Outcome::NotFound => Rejection::NotFound,
        Outcome::MethodNotAllowed => Rejection::MethodNotAllowed,
        Outcome::Unauthorized => Rejection::Unauthorized,
        Outcome::UnsupportedEncoding => Rejection::UnsupportedEncoding,
        Outcome::TooLarge => Rejection::TooLarge { limit: bytesize::ByteSize(1) },
        Outcome::TooSlow => Rejection::TooSlow,
        Outcome::Overloaded => Rejection::Overloaded,
        Outcome::IncompleteBody => Rejection::IncompleteBody,
        Outcome::MalformedJson => {
            Rejection::Invalid(Invalid::MalformedJson { line: 1, column: 1, detail: String::new() })
        }
        Outcome::NotAnObject => Rejection::Invalid(Invalid::NotAnObject { found: JsonType::Array }),
        Outcome::RepeatedField => {
            Rejection::Invalid(Invalid::RepeatedField { name: "type", about: About::default() })
        }
        Outcome::UnknownEvent => {
            Rejection::Invalid(Invalid::UnknownEvent { about: About::default() })
        }
        Outcome::InvalidNotification => Rejection::Invalid(Invalid::InvalidNotification {
            field_errors: FieldErrors::default(),
            about: About::default(),
        }),
        Outcome::ForbiddenApp => Rejection::ForbiddenApp,
        Outcome::Unavailable => Rejection::Undelivered(Undelivered::Late),
        Outcome::RecordRefused => {
            let (size, limit, whose) = (2, 1, LimitSource::Topic);
            Rejection::Undelivered(Undelivered::TooLarge { size, limit, whose })
        }
    };
    assert_eq!(rejection.outcome(), outcome);
    Some(rejection)
}

/// Flag, environment and default of each, as a row shows them.
fn flags(subcommand: &str) -> Vec<Vec<String>> {
    command(subcommand)
        .get_arguments()
        .map(|arg| vec![name(arg), format!("`{}`", environment(arg)), default(arg)])
        .collect()
}

fn name(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`--{}`", arg.get_long().expect("each flag has a long name"))
}

fn default(arg: &Arg) -> String {
    match arg.get_default_values() {
        [] if arg.is_required_set() => "required".to_owned(),
        [] if matches!(arg.get_action(), ArgAction::SetTrue) => "off".to_owned(),
        [] => "none".to_owned(),
        [value] => format!("`{}`", value.display()),
        values => panic!("{} has several defaults: {values:?}", arg.get_id()),
    }
}

fn environment(arg: &Arg) -> String {
    let name = arg.get_env().expect("each flag has an environment name");
    name.to_str().expect("the name is ASCII").to_owned()
}

fn command(name: &str) -> Command {
    Cli::command().find_subcommand(name).expect("there is such a command").clone()
}

/// Name and kind of every family of the exposition.
fn families() -> Vec<(String, String)> {
    let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
    let metrics = Metrics::new(&build, Counter::default());
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

/// One variable of `config/bridge.env`.
struct Configured {
    name: String,
    value: String,
    is_comment: bool,
}

fn configured() -> Vec<Configured> {
    let is_words = |line: &str| line.is_empty() || line.trim_start_matches('#').starts_with(' ');
    file("config/bridge.env")
        .lines()
        .filter(|line| !is_words(line))
        .map(|line| {
            let (name, value) = line.split_once('=').expect("words stand behind `# `");
            let is_comment = name.starts_with('#');
            let name = name.trim_start_matches('#').to_owned();
            Configured { name, value: value.to_owned(), is_comment }
        })
        .collect()
}

/// The first cells of a table's rows, those that the code knows; the others are words.
fn rows(first_heading: &str, known: usize) -> Vec<Vec<String>> {
    let rows = table(first_heading);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.is_empty()), "README, an empty cell: {row:?}");
    }
    rows.into_iter().map(|row| row[..known].to_vec()).collect()
}

/// The rows of the one table in README whose first heading this is.
fn table(first_heading: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let heads = |line: &&str| cells(line).first().is_some_and(|cell| cell == first_heading);
    assert_eq!(readme.lines().filter(heads).count(), 1, "README, tables of {first_heading}");
    let lines = readme.lines().skip_while(|line| !heads(line));
    lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The cells of a line of a table; none of another line.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    // A stroke inside a cell is written `\|`.
    let inner = inner.map(|inner| inner.replace("\\|", "\0"));
    let split =
        |inner: String| inner.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
    inner.map(split).unwrap_or_default()
}

fn readme() -> String {
    file("README.md")
}

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Both hold the same rows, each once, in whatever order.
fn assert_same(place: &str, code: &[Vec<String>], text: &[Vec<String>]) {
    let (known, told) =
        (code.iter().collect::<BTreeSet<_>>(), text.iter().collect::<BTreeSet<_>>());
    let missing = known.difference(&told).collect::<Vec<_>>();
    let surplus = told.difference(&known).collect::<Vec<_>>();
    assert!(
        missing.is_empty() && surplus.is_empty() && text.len() == told.len(),
        "{place}: {} rows, of {} different ones\nin the code and not in a row: {missing:#?}\n\
         in a row and not in the code: {surplus:#?}",
        text.len(),
        told.len(),
    );
}
