//! `hookbridge contract`: its documents say what the validator, the answers and the records do.
//!
//! Another's library judges: Python's `jsonschema`, as Debian has it.

mod bodies;
mod long;

use crate::docs::page::table;
use crate::docs::skip;
use crate::support::HOOKBRIDGE;
use hookbridge::webhook::documents::json_schema;
use hookbridge::webhook::notification::Notification;
use hookbridge::webhook::notification::contract::{Contract, UnknownEvents, Validation};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use testkit::children;
use testkit::here;

const PYTHON: &str = "/usr/bin/python3";

/// Reads a schema and then bodies, a line each; says of each body whether it fits.
const JUDGE: &str = "
import json, sys
from jsonschema import Draft202012Validator
schema = json.loads(sys.stdin.readline())
Draft202012Validator.check_schema(schema)
judge = Draft202012Validator(schema)
for body in sys.stdin:
    print('fits' if judge.is_valid(json.loads(body)) else 'fits not')
";

/// Of each contract.
const BODIES: u64 = 400;

const CONTRACTS: [(Validation, UnknownEvents); 4] = [
    (Validation::Documented, UnknownEvents::Reject),
    (Validation::Documented, UnknownEvents::Forward),
    (Validation::Envelope, UnknownEvents::Reject),
    (Validation::Envelope, UnknownEvents::Forward),
];

#[test]
fn schema_and_validator_agree_on_samples_and_made_up_bodies() {
    let known =
        Command::new(PYTHON).args(["-c", "import jsonschema"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|known| known.success()) {
        return skip(here!(), "jsonschema is needed, of Debian's package python3-jsonschema");
    }
    for (validation, unknown_events) in CONTRACTS {
        let contract = Contract { validation, unknown_events };
        let bodies: Vec<_> = bodies::SAMPLES
            .iter()
            .map(|sample| serde_json::from_str(sample).unwrap())
            .chain((0..BODIES).map(bodies::made_up))
            .collect();
        let fits = judged(&json_schema::document(contract), &bodies);
        for (body, fits) in bodies.iter().zip(&fits) {
            let text = body.to_string();
            let judged = Notification::parse(text.as_bytes(), contract);
            assert_eq!(judged.is_ok(), *fits, "{contract:?}: {text}: {judged:?}");
        }
        // Else they would agree on nothing.
        let share = fits.iter().filter(|fits| **fits).count() * 10 / fits.len();
        assert!((1..10).contains(&share), "{share} of ten fit {contract:?}");
    }
}

#[test]
fn openapi_has_the_statuses_and_codes_of_the_page() {
    let document = printed(&["openapi", "--path", "/hook"]);
    let responses = &document["paths"]["/hook"]["post"]["responses"];
    let mut known = BTreeSet::new();
    for (status, response) in
        responses.as_object().unwrap().iter().filter(|(status, _)| *status != "200")
    {
        let examples = &response["content"]["application/problem+json"]["examples"];
        for (code, example) in examples.as_object().unwrap() {
            assert_eq!(example["value"]["status"].to_string(), *status);
            known.insert([format!("`{status}`"), format!("`{code}`")].to_vec());
        }
    }
    let rows = table("status").into_iter().map(|row| row[..2].to_vec());
    assert_eq!(known, rows.collect());
    assert!(responses["503"]["headers"]["Retry-After"].is_object());
}

#[test]
fn asyncapi_has_the_headers_of_the_page_and_says_which_are_always_there() {
    let document = printed(&["asyncapi", "--topic", "hooks", "--dead-letter-topic", "dead"]);
    assert_eq!(document["channels"]["events"]["address"], "hooks");
    assert_eq!(document["channels"]["deadLetters"]["address"], "dead");
    let schemas = &document["components"]["schemas"];
    let (usual, dead) = (&schemas["headers"], &schemas["dead-letter-headers"]);
    let requires = |schema: &Value, name: &str| {
        schema["required"].as_array().unwrap().iter().any(|required| required == name)
    };
    let said = dead["properties"].as_object().unwrap().keys().map(|name| {
        let is_usual = usual["properties"].get(name).is_some();
        let always = match (is_usual, requires(usual, name), requires(dead, name)) {
            (true, true, _) => "yes",
            (true, false, _) => "no",
            (false, _, true) => "in dead letters",
            (false, _, false) => "in some dead letters",
        };
        [format!("`{name}`"), always.to_owned()].to_vec()
    });
    let rows = table("header").into_iter().map(|row| row[..2].to_vec());
    assert_eq!(said.collect::<BTreeSet<_>>(), rows.collect());
}

#[test]
fn a_contract_is_printed_as_the_flags_say_and_to_whoever_reads() {
    let strict = printed(&["json-schema"]);
    assert_eq!(strict["$defs"].as_object().unwrap().len(), 4);
    let loose = printed(&["json-schema", "--unknown-events", "forward"]);
    assert_eq!(loose["$defs"].as_object().unwrap().len(), 5);
    let closed = format!("{} contract openapi | true", HOOKBRIDGE.path());
    let ended = children::output(Command::new("bash").args(["-o", "pipefail", "-c", &closed]));
    assert!(ended.unwrap().status.success());
}

/// What the command prints.
#[track_caller]
fn printed(args: &[&str]) -> Value {
    let output = children::output(Command::new(HOOKBRIDGE.path()).arg("contract").args(args));
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it is one JSON document")
}

/// Whether each body fits, by another's library.
#[track_caller]
fn judged(schema: &Value, bodies: &[Value]) -> Vec<bool> {
    let mut judge = Command::new(PYTHON);
    judge.args(["-W", "ignore", "-c", JUDGE]);
    judge.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut judge = children::spawn(&mut judge).unwrap();
    let mut input = judge.stdin.take().expect("stdin is a pipe");
    let lines: Vec<_> = std::iter::once(schema).chain(bodies).map(Value::to_string).collect();
    let writing =
        thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let mut said = String::new();
    judge.stdout.take().expect("stdout is a pipe").read_to_string(&mut said).unwrap();
    writing.join().unwrap().unwrap();
    assert!(judge.wait().unwrap().success(), "{said}");
    let fits: Vec<_> = said.lines().map(|line| line == "fits").collect();
    assert_eq!(fits.len(), bodies.len());
    fits
}
