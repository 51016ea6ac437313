//! The one table of the flags of `spool`: each row says which of its commands have the flag.

use std::collections::BTreeMap;

use clap::Command;

use crate::docs::flags::{command, default, environment, name};
use crate::docs::page::rows;
use crate::docs::{assert_same, file};

#[test]
fn every_flag_of_spool_has_one_row_that_names_its_commands_and_every_row_a_flag() {
    let spool = command("spool");
    let mut flags: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for command in spool.get_subcommands() {
        for arg in command.get_arguments() {
            let row = vec![name(arg), format!("`{}`", environment(arg)), default(arg)];
            flags.entry(row).or_default().push(format!("`{}`", command.get_name()));
        }
    }
    let all = spool.get_subcommands().count();
    let known = flags.into_iter().map(|(mut row, of)| {
        row.push(if of.len() == all { "all".to_owned() } else { of.join(", ") });
        row
    });
    assert_same("flag of `spool`", &known.collect::<Vec<_>>(), &rows("flag of `spool`", 4));
}

#[test]
fn every_command_of_spool_is_told_of() {
    let told = file("docs/operate.md");
    for command in command("spool").get_subcommands().map(Command::get_name) {
        assert!(
            told.contains(&format!("`spool {command}`")),
            "docs/operate.md does not tell of {command}"
        );
    }
}
