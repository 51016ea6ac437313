//! The layers and walls of `src/`, held to the text: imports go down, and what a crate is for stays
//! in its place.
//!
//! The tables below are the architecture; a fault names the file, the line and the rule. It reads
//! text (see [`source`]), so it can be deceived by a name that is imported under another. Unit
//! tests (`mod tests`, `tests.rs`) are not held to it.

mod source;

use source::{Found, Source};
use std::fs;
use std::path::Path;

/// The modules of the crate; each may name those of a lower rank.
const RANKS: &[(&str, u8)] = &[
    ("args", 0),
    ("error_chain", 0),
    ("lock", 0),
    ("rare_line", 1),
    ("timestamp", 0),
    ("clock", 0),
    ("metrics", 1),
    ("spans", 1),
    ("post", 2),
    ("delivery", 3),
    ("webhook", 4),
    ("admin", 4),
    ("redrive", 5),
    ("config", 6),
    ("bridge", 7),
    ("cli", 8),
    ("main", 9),
];

/// The root that lists the modules.
const UNRANKED: &[&str] = &["lib"];

/// Where something may be named: files or folders of `src/`, without `.rs`.
enum Places {
    Only(&'static [&'static str]),
    Never(&'static [&'static str]),
}
use Places::{Never, Only};

/// Paths that begin so, or so behind one of [`OUTSIDE`], are named in these places.
const WALLS: &[(&[&str], Places)] = &[
    (&["rdkafka", "rdkafka_sys"], Only(&["delivery/kafka", "cli/dev"])),
    (
        &["hyper", "hyper_util", "http", "http_body", "http_body_util"],
        Only(&["webhook", "admin", "cli/http_client", "cli/otlp", "cli/dev", "cli/send"]),
    ),
    (&["serde_json"], Never(&["delivery"])),
    (&["clap", "clap_complete", "clap_mangen"], Only(&["args", "main", "cli"])),
    (&["indicatif"], Only(&["cli"])),
    (
        &["std::fs", "tokio::fs"],
        Only(&["delivery/spool", "delivery/kafka/key_files", "config", "cli"]),
    ),
    // A series gets its name where it is registered.
    (&["prometheus_client::registry"], Only(&["metrics"])),
    (&["process::exit"], Only(&["main", "cli"])),
    (&["env::var", "env::var_os", "env::vars"], Only(&["main", "cli"])),
    (&["println!", "print!"], Only(&["main", "cli"])),
];

/// Crates that are named or not, as the file imports.
const OUTSIDE: [&str; 2] = ["std::", "anstream::"];

/// What a name in `/metrics` begins with.
const METRIC: &str = "hookbridge_";

/// A file is read in one go, or it is two.
const LINES: usize = 300;

#[test]
fn the_source_keeps_its_layers_and_walls() {
    let faults: Vec<_> = files().iter().flat_map(|(file, text)| faults(file, text)).collect();

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_source_file_is_over_three_hundred_lines() {
    let lines = files().into_iter().map(|(file, text)| (file, text.lines().count()));
    let long: Vec<_> = lines.filter(|(_, lines)| *lines > LINES).collect();

    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn every_source_file_opens_with_its_job() {
    let is_silent = |(_, text): &(String, String)| !text.starts_with("//! ");
    let silent: Vec<_> = files().into_iter().filter(is_silent).map(|(file, _)| file).collect();

    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn imports_are_one_block_which_rustfmt_sorts() {
    let is_parted = |(_, text): &(String, String)| {
        let imports = |paragraph: &str| {
            ["use ", "pub use "].iter().any(|item| paragraph.trim_start().starts_with(item))
        };
        let blocks: Vec<_> = text.split("\n\n").map(imports).collect();
        blocks.windows(2).any(|two| two == [true, true])
    };
    let files =
        ["src", "tests", "testkit/src", "fuzz/src", "benches"].into_iter().flat_map(files_below);
    let parted: Vec<_> = files.filter(is_parted).map(|(file, _)| file).collect();

    assert!(parted.is_empty(), "{parted:?}");
}

#[test]
fn a_planted_fault_is_found_with_its_file_and_line() {
    for (file, text, fault) in [
        ("delivery/record.rs", "use crate::webhook::X;", "crate::webhook::X is not below delivery"),
        ("delivery/gate.rs", "fn f(x: crate::config::X) {}", "crate::config::X is not below"),
        (
            "webhook/http/tls.rs",
            "use crate::{metrics::M, admin::A};",
            "crate::admin::A is not below",
        ),
        ("admin.rs", "use crate::{delivery::{a, b::{C}}, cli::{d}};", "crate::cli::d is not below"),
        ("admin.rs", "use super::bridge;", "super::bridge is not below admin"),
        ("metrics.rs", "use hookbridge::post::P;", "hookbridge::post::P is not below metrics"),
        ("webhook/ingest.rs", "use rdkafka as r;", "rdkafka belongs in delivery/kafka,"),
        ("delivery/record.rs", "use ::http::HeaderMap;", "http::HeaderMap belongs in webhook"),
        ("delivery/record.rs", "let a = b::<hyper::C>();", "hyper::C belongs in webhook"),
        (
            "delivery/spool/row.rs",
            "serde_json::json!()",
            "serde_json::json! does not belong in delivery",
        ),
        ("config.rs", "#[derive(clap::Parser)]", "clap::Parser belongs in args"),
        ("bridge.rs", "use std::{io, fs::{self as f}};", "std::fs::self belongs in delivery/spool"),
        ("delivery/drain.rs", "std::fs::read(x)", "std::fs::read belongs in delivery/spool"),
        (
            "admin.rs",
            "use prometheus_client::registry::*;",
            "prometheus_client::registry::* belongs in metrics",
        ),
        ("admin.rs", "r#\"hookbridge_kafka_up\"#", "\"hookbridge_kafka_up\" belongs in metrics"),
        ("bridge.rs", "std::process::exit(1)", "std::process::exit belongs in main"),
        ("config.rs", "env::var(\"A\")", "env::var belongs in main"),
        ("bridge.rs", "anstream::println!(\"{x}\")", "anstream::println! belongs in main"),
        ("post.rs", "use crate::helpers;", "the module helpers has no rank"),
    ] {
        // What comes before it must not hide it, nor move its line.
        let before =
            "/* a /* b */ \n */ fn f<'a>(c: char) { '\"'; '\\''; b\"\\\"\"; r#\"\"\n\"#; }\n";
        let found = faults(file, &format!("{before}{text}"));
        let expected = format!("{file}:4: {fault}");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{expected}: {found:?}");
    }
}

#[test]
fn a_module_without_a_rank_is_a_fault_whatever_it_holds() {
    assert_eq!(faults("helpers/io.rs", ""), ["helpers/io.rs:1: the module helpers has no rank"]);
}

#[test]
fn what_is_lawful_is_not_a_fault() {
    for (file, text) in [
        ("webhook/ingest.rs", "use crate::delivery::Publisher;\nuse crate::webhook::rejection;"),
        ("config.rs", "use crate::{args::Args, webhook, admin, delivery};\nuse std::fs;"),
        ("admin.rs", "// println!, see crate::bridge\n/// [`crate::cli`]\nfn f() {}"),
        (
            "bridge.rs",
            "let a = \"println! std::fs \\\" rdkafka::X\"; let b = '\"'; let c = \"http::X\";",
        ),
        ("delivery/kafka/report.rs", "use rdkafka::types::RDKafkaErrorCode;"),
        ("delivery/spool.rs", "use std::fs::File;"),
        ("delivery/record.rs", "pub(crate) fn f(http: u8) -> self::http::X { std::process::id() }"),
        ("metrics.rs", "#[cfg(test)]\nmod tests { fn f() { { println!(\"}\") } } }"),
        ("cli/http_client.rs", "use hyper::Request; use crate::config::Config; println!();"),
        ("main.rs", "use hookbridge::{args, bridge, cli}; std::process::exit(2)"),
        ("lib.rs", "pub mod args;"),
        ("delivery/gate/tests.rs", "use crate::webhook::X;"),
    ] {
        assert_eq!(faults(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}

#[test]
fn what_follows_the_unit_tests_is_held_to_the_rules_again() {
    let text = "mod tests { fn f() { { println!() } } }\nfn f() { println!() }";

    assert_eq!(faults("bridge.rs", text), ["bridge.rs:2: println! belongs in main, cli"]);
}

/// Every file of `src/`: its path below it, and its text.
fn files() -> Vec<(String, String)> {
    let files = files_below("src");
    assert!(files.iter().any(|(file, _)| file == "lib.rs"), "this is the source: {files:?}");
    files
}

/// The same of a folder of the package.
pub(crate) fn files_below(folder: &str) -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![top.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(&top).unwrap().to_str().unwrap().to_owned();
                files.push((file, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

fn faults(file: &str, text: &str) -> Vec<String> {
    let source = Source::parse(text);
    let place = file.strip_suffix(".rs").expect("a Rust file");
    if place.ends_with("/tests") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut fault = |line: usize, text: String| faults.push(format!("{file}:{line}: {text}"));
    if let Err(unranked) = rank(room(place)) {
        fault(1, unranked);
    }
    for Found { text, line } in source.paths {
        if let Some(text) = layer_fault(place, &text).or_else(|| wall_fault(place, &text)) {
            fault(line, text);
        }
    }
    for Found { text, line } in source.strings {
        if text.contains(METRIC) && !is_in(place, &["metrics"]) {
            fault(line, format!("{text:?} belongs in metrics"));
        }
    }
    faults
}

/// The module that a file belongs to: the first part of its path.
fn room(place: &str) -> &str {
    place.split('/').next().expect("split gives one at least")
}

fn rank(module: &str) -> Result<Option<u8>, String> {
    if UNRANKED.contains(&module) {
        return Ok(None);
    }
    let found = RANKS.iter().find(|(ranked, _)| *ranked == module);
    let (_, rank) = found.ok_or_else(|| format!("the module {module} has no rank"))?;
    Ok(Some(*rank))
}

fn layer_fault(place: &str, path: &str) -> Option<String> {
    let (root, rest) = path.split_once("::")?;
    let module = rest.split("::").next().expect("split gives one at least");
    let from_root =
        matches!(root, "crate" | "hookbridge") || (root == "super" && place == room(place));
    let own = rank(room(place)).ok()??;
    if !from_root || module == room(place) {
        return None;
    }
    match rank(module) {
        Ok(below) if below < Some(own) => None,
        Ok(_) => Some(format!("{path} is not below {}", room(place))),
        Err(unranked) => Some(unranked),
    }
}

fn wall_fault(place: &str, path: &str) -> Option<String> {
    let short = OUTSIDE.iter().find_map(|outside| path.strip_prefix(outside)).unwrap_or(path);
    let walled = |with: &&str| begins(path, with) || begins(short, with);
    let (_, places) = WALLS.iter().find(|(paths, _)| paths.iter().any(walled))?;
    match places {
        Only(places) if !is_in(place, places) => {
            Some(format!("{path} belongs in {}", places.join(", ")))
        }
        Never(places) if is_in(place, places) => {
            Some(format!("{path} does not belong in {}", places.join(", ")))
        }
        Only(_) | Never(_) => None,
    }
}

fn begins(path: &str, with: &str) -> bool {
    path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether a file is one of these places or below one.
fn is_in(place: &str, places: &[&str]) -> bool {
    places.iter().any(|allowed| {
        place.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
