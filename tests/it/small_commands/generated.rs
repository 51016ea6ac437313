//! `hookbridge completions` and `hookbridge man`: made from the flags, and taken by those who read
//! them.

use crate::small_commands::{hookbridge, run};
use crate::support::HOOKBRIDGE;
use clap::{Command, CommandFactory as _};
use hookbridge::args::Cli;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process;

#[test]
fn bash_completes_commands_flags_and_values() {
    let script = run(&mut hookbridge(&["completions", "bash"]), "").well();
    let completed = |words: &[&str]| {
        let ask = format!(
            "COMP_WORDS=({}); COMP_CWORD={}; _hookbridge hookbridge '{}' '{}'; echo ${{COMPREPLY[@]}}",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let mut bash = process::Command::new("bash");
        run(bash.args(["-euc", &format!("{script}\n{ask}")]), "").well()
    };
    assert_eq!(completed(&["hookbridge", "pro"]), "probe\n");
    assert_eq!(completed(&["hookbridge", "serve", "--ack"]), "--ack-timeout\n");
    assert_eq!(completed(&["hookbridge", "serve", "--validation", "''"]), "documented envelope\n");
}

#[test]
fn each_shell_gets_every_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&mut hookbridge(&["completions", shell]), "").well();
        for flag in long_flags(&Cli::command()) {
            assert!(script.contains(&flag), "{shell}: {flag}");
        }
    }
}

#[test]
fn each_command_has_a_page_with_every_flag() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let said = run(hookbridge(&["man"]).arg(&pages), "").well();
    let written: BTreeSet<_> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();

    let known = page_of(&Cli::command(), "hookbridge", &pages);
    assert_eq!(written, known);
    assert!(said.starts_with(&format!("{} pages written", known.len())), "{said}");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let mut shell = process::Command::new("bash");
    let script = format!("{} completions bash | true; echo ${{PIPESTATUS[0]}}", HOOKBRIDGE.path());
    let said = run(shell.args(["-c", &script]), "");
    assert_eq!((&*said.out, &*said.err), ("0\n", ""));
}

/// The pages of a command and those below it, each of which has its flags.
fn page_of(command: &Command, name: &str, pages: &Path) -> BTreeSet<String> {
    let page = format!("{name}.1");
    let text = fs::read_to_string(pages.join(&page)).unwrap().replace("\\-", "-");
    for arg in command.get_arguments() {
        let flag = arg.get_long().unwrap_or_default();
        assert!(text.contains(flag), "{page}: {flag}");
        let variable = arg.get_env().unwrap_or_default().to_str().unwrap();
        assert!(text.contains(variable), "{page}: {variable}");
    }
    let below = command.get_subcommands();
    let below =
        below.flat_map(|below| page_of(below, &format!("{name}-{}", below.get_name()), pages));
    below.chain([page]).collect()
}

fn long_flags(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned));
    own.chain(command.get_subcommands().flat_map(long_flags)).collect()
}
