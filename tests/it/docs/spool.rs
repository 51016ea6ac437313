//! `spool` on the pages: the one table of its flags, each row of which says which of its commands
//! have the flag, and the commands of `docs/operate.md` with what they print.

use crate::docs::flags::{command, default, environment, name};
use crate::docs::page::{code, rows};
use crate::docs::skip;
use crate::docs::{assert_same, file};
use crate::support::shell::Shell;
use crate::support::spool::{SpoolFolder, records};
use clap::Command;
use std::collections::BTreeMap;
use testkit::here;
use testkit::jars::is_on_path;
use testkit::port::NOBODY;

const PAGE: &str = "docs/operate.md";

/// The spool of the page.
const SHOWN: &str = "/var/lib/hookbridge/spool";

const MISTYPED: &str = "video.event";

#[test]
fn every_spool_flag_has_a_row_of_its_commands_and_vice_versa() {
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
fn every_command_of_spool_is_on_the_page() {
    let page = file(PAGE);
    for command in command("spool").get_subcommands().map(Command::get_name) {
        assert!(page.contains(&format!("`spool {command}`")), "{PAGE} does not name {command}");
    }
}

#[test]
fn the_commands_of_the_page_look_after_a_spool() {
    if !is_on_path("jq") {
        return skip(here!(), "jq is needed");
    }
    let folder = SpoolFolder::new();
    let open = folder.open();
    open.append(records(MISTYPED, "app-1", 0..23));
    let refused = open.append(records(MISTYPED, "app-2", 23..24));
    open.quarantine(&refused, "MessageSizeTooLarge");
    let shell = Shell::new();
    let on_page = |beginning: &str| code(PAGE, beginning, &[(SHOWN, folder.dir())]);
    let run = |beginning: &str| shell.run(&on_page(beginning));

    let listed = run("hookbridge spool list").well();
    // Each line begins as one of the page.
    let beginnings = |text: &str| -> Vec<String> {
        let words = |line: &str| line.split("  ").next().unwrap_or_default().to_owned();
        text.lines().map(words).filter(|word| !word.contains('.')).collect()
    };
    let shown = on_page("spool        ");
    assert_eq!(beginnings(&listed), beginnings(&shown), "{listed}");
    assert_eq!(run("hookbridge spool export").well().trim(), "23 video.roomdrop");

    let (requeue, said) =
        on_page("$ ").split_once('\n').map(|(a, b)| (a[2..].to_owned(), b.to_owned())).unwrap();
    assert_eq!(shell.run(&requeue).err, said);
    open.close();
    assert_eq!(shell.run(&requeue).well(), "1 record waits again, behind all others\n");

    run("hookbridge spool retopic").well();
    let listed = run("hookbridge spool list").well();
    assert!(
        listed.contains("\nvideo.events  app-1") && !listed.contains("video.event "),
        "{listed}"
    );

    let drain = format!(
        "hookbridge spool drain --spool {} --brokers {NOBODY} --timeout 2s --log off",
        folder.dir()
    );
    let said = shell.run(&drain);
    let written = [said.out, said.err].concat();
    let shown = on_page("0 records went").replace("23 records", "24 records").replace("5m", "2s");
    let (shown, _) = shown.rsplit_once(": ").expect("a reason comes last");
    assert!(written.starts_with(shown), "{written}, as on the page: {shown}");
}
