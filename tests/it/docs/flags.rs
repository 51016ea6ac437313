//! The flags, in the tables of `docs/reference.md` and in `config/bridge.env`.
//!
//! Promise: a flag without its row or its line fails here, and so does a row or a line without its
//! flag.

use crate::docs::page::rows;
use crate::docs::{assert_same, file};
use crate::support::HOOKBRIDGE;
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use hookbridge::args::Cli;
use std::process;
use testkit::children;

#[test]
fn every_flag_of_serve_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `serve`", &flags("serve"), &rows("flag of `serve`", 3));
}

#[test]
fn every_flag_of_dev_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `dev`", &flags("dev"), &rows("flag of `dev`", 3));
}

#[test]
fn every_flag_of_the_small_commands_has_a_row_and_vice_versa() {
    let known = ["probe", "credential", "completions", "man"].iter().flat_map(|of| {
        let command = command(of);
        let rows = command.get_arguments().map(|arg| {
            let variable = arg.get_env().map(|_| format!("`{}`", environment(arg)));
            vec![name(arg), variable.unwrap_or("none".to_owned()), default(arg), format!("`{of}`")]
        });
        rows.collect::<Vec<_>>()
    });
    let heading = "flag of the small commands";
    assert_same(heading, &known.collect::<Vec<_>>(), &rows(heading, 4));
}

#[test]
fn every_flag_of_send_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `send`", &flags("send"), &rows("flag of `send`", 3));
}

#[test]
fn every_flag_of_contract_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `contract`", &flags("contract"), &rows("flag of `contract`", 3));
}

#[test]
fn check_takes_the_flags_of_serve_and_one_of_its_own() {
    let mut flags = flags("check");
    assert_eq!(flags.pop().unwrap(), ["`--output`", "`HOOKBRIDGE_OUTPUT`", "`text`"]);
    assert_eq!(flags, self::flags("serve"));
    assert!(
        file("docs/reference.md").contains("`check` takes the flags of `serve`, and `--output`")
    );
}

#[test]
fn every_flag_of_redrive_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `redrive`", &flags("redrive"), &rows("flag of `redrive`", 3));
}

#[test]
fn every_flag_of_tail_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `tail`", &flags("tail"), &rows("flag of `tail`", 3));
}

#[test]
fn the_shipped_configuration_names_each_flag_of_serve_once() {
    let configured = configured().into_iter().map(|line| vec![line.name]).collect::<Vec<_>>();
    let serve = command("serve");
    let known = always(&serve).map(|arg| vec![environment(arg)]).collect::<Vec<_>>();
    assert_same("config/bridge.env", &known, &configured);
}

#[test]
fn a_commented_line_of_the_configuration_shows_the_default() {
    let serve = command("serve");
    for Configured { name, value, .. } in configured().into_iter().filter(|line| line.is_comment) {
        let arg = serve.get_arguments().find(|arg| environment(arg) == name);
        let defaults = arg.map(Arg::get_default_values).unwrap_or_default();
        // Where there is no default, the line is an example.
        assert!(defaults.iter().all(|default| *default == *value), "config/bridge.env: {name}");
    }
}

#[test]
fn the_help_has_the_groups_of_the_shipped_configuration() {
    let mut group = "";
    let text = file("config/bridge.env");
    let mut configured = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            group = heading;
        } else if let Some((name, _)) = line.trim_start_matches('#').split_once('=')
            && name.starts_with("HOOKBRIDGE_")
        {
            configured.push(vec![group.to_owned(), name.to_owned()]);
        }
    }
    let serve = command("serve");
    let group = |arg: &Arg| arg.get_help_heading().expect("each flag is in a group").to_owned();
    let known = always(&serve).map(|arg| vec![group(arg), environment(arg)]);
    assert_same("config/bridge.env", &known.collect::<Vec<_>>(), &configured);
}

#[test]
fn each_flag_has_a_line_of_short_help_and_a_variable_in_long() {
    let serve = command("serve");
    let [short, long] = ["-h", "--help"].map(|flag| {
        let mut asked = process::Command::new(HOOKBRIDGE.path());
        let said = children::output(asked.args(["serve", flag])).unwrap();
        assert!(said.status.success());
        String::from_utf8(said.stdout).unwrap()
    });
    let lines = short.lines().filter(|line| line.starts_with("  "));
    // And the line of `-h` itself.
    assert_eq!(lines.count(), serve.get_arguments().count() + 1, "{short}");
    for arg in serve.get_arguments() {
        let flag = format!("--{} ", arg.get_long().expect("each flag has a long name"));
        let line = short.lines().find(|line| line.contains(&flag)).unwrap();
        let [value] = arg.get_default_values() else { continue };
        assert!(line.ends_with(&format!(" [default: {}]", value.display())), "{line}");
    }
    for name in serve.get_arguments().map(environment) {
        assert!(long.contains(&format!("[env: {name}")), "{name}");
    }
}

/// Flag, environment and default of each, as a row shows them.
fn flags(subcommand: &str) -> Vec<Vec<String>> {
    always(&command(subcommand))
        .filter(|arg| !arg.is_positional())
        .map(|arg| vec![name(arg), format!("`{}`", environment(arg)), default(arg)])
        .collect()
}

/// The flags of every build: those of traces are in one of its own, and held by its own tests.
fn always(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_help_heading() != Some("Traces"))
}

pub(super) fn name(arg: &Arg) -> String {
    if let (true, Some([value])) = (arg.is_positional(), arg.get_value_names()) {
        return format!("`{value}`");
    }
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`--{}`", arg.get_long().expect("each flag has a long name"))
}

pub(super) fn default(arg: &Arg) -> String {
    match arg.get_default_values() {
        [] if arg.is_required_set() => "required".to_owned(),
        [] if matches!(arg.get_action(), ArgAction::SetTrue) => "off".to_owned(),
        [] => "none".to_owned(),
        [value] => format!("`{}`", value.display()),
        values => panic!("{} has several defaults: {values:?}", arg.get_id()),
    }
}

pub(super) fn environment(arg: &Arg) -> String {
    let name = arg.get_env().expect("each flag has an environment name");
    name.to_str().expect("the name is ASCII").to_owned()
}

pub(super) fn command(name: &str) -> Command {
    Cli::command().find_subcommand(name).expect("there is such a command").clone()
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
            let (name, value) = line.split_once('=').expect("words come behind `# `");
            let is_comment = name.starts_with('#');
            let name = name.trim_start_matches('#').to_owned();
            Configured { name, value: value.to_owned(), is_comment }
        })
        .collect()
}
