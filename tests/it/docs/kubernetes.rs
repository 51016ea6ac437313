//! The files of `config/kubernetes`: valid, and in keeping with the flags and the image.

use crate::docs::file;
use crate::docs::flags::{command, default, environment};
use crate::support::shell::Shell;
use std::collections::BTreeSet;
use testkit::here;
use testkit::jars::is_on_path;
use testkit::say_skipped;

const FILES: [&str; 4] = ["settings", "statefulset", "sidecar", "drain"];
const TOOL: &str = "kubernetes-validate";

/// The oldest release that the page names, and one of its readers' today.
const RELEASES: [&str; 2] = ["1.30.0", "1.37.0"];

/// Memory that the worst case needs with the defaults (`docs/security.md`), in MB.
const WORST: u64 = 400;

fn read(name: &str) -> String {
    file(&path(name))
}

fn path(name: &str) -> String {
    format!("config/kubernetes/{name}.yaml")
}

/// What follows each time that a file has this.
fn behind<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let rest = text.split(key).skip(1);
    rest.map(|rest| rest.split(['\n', ' ', ',', '}']).next().unwrap_or_default()).collect()
}

fn number(text: &str) -> u64 {
    text.trim_end_matches(|unit: char| !unit.is_ascii_digit()).parse().unwrap()
}

#[test]
fn the_files_for_kubernetes_are_valid() {
    if !is_on_path(TOOL) {
        return say_skipped(here!(), "kubernetes-validate is needed, of PyPI");
    }
    for release in RELEASES {
        let files = FILES.map(path).join(" ");
        Shell::new().run(&format!("{TOOL} --strict -k {release} {files}")).well();
    }
}

#[test]
fn what_kubernetes_sets_are_flags_of_the_bridge() {
    let known: BTreeSet<_> = command("serve").get_arguments().map(environment).collect();
    for name in FILES {
        let text = read(name);
        let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
        let named = text.split(|letter| !is_name(letter)).filter(|w| w.starts_with("HOOKBRIDGE_"));
        for variable in named {
            assert!(known.contains(variable), "{name}: {variable}");
        }
    }
}

#[test]
fn what_kubernetes_gives_a_bridge_is_what_it_needs() {
    let serve = command("serve");
    let grace = serve.get_arguments().find(|arg| arg.get_long() == Some("grace")).map(default);
    let grace = number(grace.unwrap().trim_matches('`').trim_end_matches('s'));
    let image = format!("registry.example.com/hookbridge:{}", env!("CARGO_PKG_VERSION"));
    assert!(file("Dockerfile").contains("\nUSER 65532:65532\n"));
    for name in ["statefulset", "sidecar", "drain"] {
        let text = read(name);
        assert_eq!(behind(&text, "image: registry.")[0], &image["registry.".len()..], "{name}");
        assert_eq!(behind(&text, "runAsUser: ")[0], "65532", "{name}");
        for hardened in ["runAsNonRoot: true", "readOnlyRootFilesystem: true", "drop: [ALL]"] {
            assert!(text.contains(hardened), "{name}: {hardened}");
        }
    }
    for name in ["statefulset", "sidecar"] {
        let text = read(name);
        let of = |key: &str| number(behind(&text, key)[0]);
        let pause = of("sleep: { seconds: ");
        assert!(of("terminationGracePeriodSeconds: ") >= pause + grace + 5, "{name}");
    }
    // Mi are more than MB.
    assert!(number(behind(&read("statefulset"), "limits: { memory: ")[0]) > WORST);
}
