//! The log's page: each line of `serve` at info and above has its row, with its level and its fields,
//! and the way of one event is found as the page says.
//!
//! The source is read as text: a call of a macro of `tracing` by its path, up to the bracket that
//! closes it. What is in `mod tests` or in a file of tests is not the product's.

use crate::docs::page::code;
use crate::docs::page::{Page, rows_of};
use crate::docs::{assert_same, skip};
use crate::layers::files_below;
use crate::support::HOOKBRIDGE;
use crate::support::rig::{Rig, SOON};
use crate::support::shell::Shell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use testkit::bridge::Bridge;
use testkit::here;
use testkit::http::post;
use testkit::jars::is_on_path;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

const PAGE: &str = "docs/log.md";
const LEVELS: [&str; 3] = ["info", "warn", "error"];
/// A macro of the source's own that is given the level.
const GIVEN: &str = "$level";

/// What is said under one message.
#[derive(Debug, Default)]
struct Line {
    levels: BTreeSet<String>,
    fields: BTreeSet<String>,
}

#[test]
fn every_line_of_the_log_has_one_row_and_every_row_a_line() {
    let said = said().into_iter().map(|(message, line)| {
        let in_order = LEVELS.iter().copied().filter(|level| line.levels.contains(*level));
        let levels = in_order.collect::<Vec<_>>().join(", ");
        vec![message, levels, format!("{:?}", line.fields)]
    });
    let rows = rows_of(&Page::read(PAGE), "line").into_iter().map(|row| {
        let fields = row[2].split('`').skip(1).step_by(2).collect::<BTreeSet<_>>();
        vec![row[0].trim_matches('`').to_owned(), row[1].clone(), format!("{fields:?}")]
    });
    assert_same("line", &said.collect::<Vec<_>>(), &rows.collect::<Vec<_>>());
}

#[test]
fn a_call_is_read_as_it_is_written() {
    let text = r#"
        fn f() { tracing::info!(%error, r#type = a.b(1, "x, y"), "it is \
                 so"); line!(warn); line!(info) }
        macro_rules! line { ($level:ident) => { tracing::$level!(left_out, "more") } }
        mod tests { fn g() { tracing::warn!("of a test"); } }
    "#;
    let mut lines = BTreeMap::new();

    read(text, &mut lines);

    let set = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(lines.keys().collect::<Vec<_>>(), ["it is so", "more"]);
    assert_eq!(lines["it is so"].fields, set(&["error", "type"]));
    assert_eq!(lines["it is so"].levels, set(&["info"]));
    assert_eq!(lines["more"].levels, set(&["info", "warn"]));
}

#[test]
fn an_event_is_found_by_its_id_as_the_page_says() {
    if !is_on_path("jq") {
        return skip(here!(), "jq is needed");
    }
    let logged = |serve: testkit::bridge::launch::Launch| serve.arg("--log", "info,post=debug");
    let rig = Rig::on_mock(|serve| logged(serve).no_auth());
    let id = accepted(rig.bridge());
    let line = found(rig.bridge(), &id);
    assert_eq!((&line["message"], &line["outcome"]), (&"post".into(), &"published".into()));
    let record = &rig.records()[0];
    let place = (line["partition"].as_i64(), line["offset"].as_i64());
    assert_eq!(place, (Some(record.partition.into()), Some(record.offset)));

    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool").display().to_string();
    let away = logged(HOOKBRIDGE.serve(NOBODY).no_auth()).arg("--spool", &spool).start();
    let id = accepted(&away);
    assert_eq!(found(&away, &id)["outcome"], "spooled");
    let names = [("/var/lib/hookbridge/spool", &*spool), ("9b8b", &id[..8])];
    let exported = Shell::new().run(&code(PAGE, "hookbridge spool export", &names)).well();
    assert!(exported.contains(&id), "{exported}");
}

/// Posts, and gives the id of the answer.
#[track_caller]
fn accepted(bridge: &Bridge) -> String {
    let answer = post(bridge.webhook(), PATH, &[], ROOMDROP);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The line that the page's command finds.
#[track_caller]
fn found(bridge: &Bridge, id: &str) -> serde_json::Value {
    bridge.wait_for_log(id, SOON);
    let shell = Shell::new();
    fs::write(shell.path("log"), bridge.log()).unwrap();
    shell.program("docker", &format!("cat {} >&2", shell.path("log")));
    let command = code(PAGE, "docker logs hookbridge", &[]);
    let shown = command.split_whitespace().last().expect("an id comes last");
    let line = shell.run(&command.replace(shown, id)).well();
    serde_json::from_str(&line).expect("it finds one line")
}

/// All that `serve` may say, by message.
fn said() -> BTreeMap<String, Line> {
    let mut lines = BTreeMap::new();
    // What `dev` says of its own consumer is not of `serve`.
    let product = |file: &str| !file.starts_with("cli/dev") && !file.ends_with("/tests.rs");
    for (file, text) in files_below("src") {
        if product(&file) && !file.contains("/tests/") {
            read(&text, &mut lines);
        }
    }
    lines
}

/// Adds the lines of one file.
fn read(text: &str, lines: &mut BTreeMap<String, Line>) {
    let product = text.split("mod tests {").next().expect("split gives one at least");
    for (call, level) in calls(product) {
        let fields = split_outside(call);
        let names = || fields.iter().filter_map(|field| name(field));
        for (level, message) in messages(product, call, level) {
            assert!(!message.contains('{'), "the message is constant: {message}");
            let line = lines.entry(constant(message)).or_default();
            line.levels.insert(level.to_owned());
            line.fields.extend(names());
        }
    }
}

/// The levels and messages of a call: one of each, unless a macro, `line!(LEVEL, "MESSAGE")`, gives them.
fn messages<'a>(product: &'a str, call: &'a str, level: &'a str) -> Vec<(&'a str, &'a str)> {
    let quoted = |text: &'a str| {
        let (before, _) = text.rsplit_once('"')?;
        before.rsplit_once('"').map(|(_, message)| message)
    };
    let own = call.trim_end().trim_end_matches(',').ends_with('"').then(|| quoted(call)).flatten();
    let given = product.split("line!(").skip(1).map(|rest| &rest[..end(rest)]);
    match (own, level) {
        (Some(message), level) if level != GIVEN => vec![(level, message)],
        (own, _) => {
            let line = |given: &'a str| {
                let (level, rest) = given.split_once(',').unwrap_or((given, ""));
                Some((level, own.or_else(|| quoted(rest))?))
            };
            given.filter_map(line).collect()
        }
    }
}

/// What is in the brackets of each call at one of the levels, and the level.
fn calls(text: &str) -> Vec<(&str, &str)> {
    let behind = text.split("tracing::").skip(1);
    let calls = behind.filter_map(|rest| rest.split_once("!("));
    calls
        .filter(|(level, _)| LEVELS.contains(level) || *level == GIVEN)
        .map(|(level, rest)| (&rest[..end(rest)], level))
        .collect()
}

/// Where the bracket closes that is open before the text.
fn end(text: &str) -> usize {
    let mut depth = 1_usize;
    outside(text)
        .find(|(_, sign)| {
            match sign {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .map_or(text.len(), |(at, _)| at)
}

/// The parts between commas that are in no bracket.
fn split_outside(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, sign) in outside(text) {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

/// The characters of code that are in no string, with their places.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut is_inside, mut is_escaped) = (false, false);
    text.char_indices().filter(move |(_, sign)| {
        let is_quote = *sign == '"' && !is_escaped;
        is_escaped = is_inside && *sign == '\\' && !is_escaped;
        is_inside ^= is_quote;
        !is_inside && !is_quote
    })
}

/// The name of a field as a line shows it; none of the line's target, which is no field.
fn name(field: &str) -> Option<String> {
    let (name, _) = field.split_once('=').unwrap_or((field, ""));
    let name = name.trim().trim_start_matches(['%', '?']);
    let code = |line: &&str| !line.trim_start().starts_with("//");
    let name = name.lines().rfind(code).unwrap_or_default().trim();
    let is_message = name.starts_with(['"', '$']);
    let is_field = !name.is_empty() && !name.starts_with("target:") && !is_message;
    is_field.then(|| name.trim_start_matches("r#").to_owned())
}

/// A message without the line ends of its source.
fn constant(message: &str) -> String {
    let mut lines = message.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}
