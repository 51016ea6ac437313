//! The flags, in the tables of `docs/reference.md` and in `config/bridge.env`.
//!
//! Promise: a flag without its row or its line fails here, and so does a row or a line without its flag.

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use hookbridge::args::Cli;

use crate::docs::page::rows;
use crate::docs::{assert_same, file};

#[test]
fn every_flag_of_serve_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `serve`", &flags("serve"), &rows("flag of `serve`", 3));
}

#[test]
fn every_flag_of_dev_has_one_row_and_every_row_a_flag() {
    assert_same("flag of `dev`", &flags("dev"), &rows("flag of `dev`", 3));
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

/// Flag, environment and default of each, as a row shows them.
fn flags(subcommand: &str) -> Vec<Vec<String>> {
    command(subcommand)
        .get_arguments()
        .map(|arg| vec![name(arg), format!("`{}`", environment(arg)), default(arg)])
        .collect()
}

pub(super) fn name(arg: &Arg) -> String {
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
            let (name, value) = line.split_once('=').expect("words stand behind `# `");
            let is_comment = name.starts_with('#');
            let name = name.trim_start_matches('#').to_owned();
            Configured { name, value: value.to_owned(), is_comment }
        })
        .collect()
}
