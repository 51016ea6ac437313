//! Settings that cannot be meant: names that mean nothing, quotes, relative paths, one flag without
//! the other.

use crate::life::PROGRAM;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use clap::{Arg, Command, CommandFactory as _};
use hookbridge::args::Cli;
use testkit::bridge::launch::Launch;
use testkit::port::NOBODY;
use testkit::{here, say_skipped};

/// Where posts are kept while Kafka is away.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    Folder,
}

/// `serve` without the flags that other launches have.
fn bare() -> Launch {
    Launch::stand_in(&format!("exec {PROGRAM} serve"))
}

/// What `serve` says, when it is refused with these words.
#[track_caller]
fn refused(serve: &Launch, words: &[&str]) {
    let (status, said) = serve.run(SOON);
    assert_eq!(status.code(), Some(2), "{serve:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

/// The variables of `serve`, without their prefix.
fn variables() -> Vec<String> {
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let name = |arg: &Arg| arg.get_env().unwrap().to_str().unwrap().to_owned();
    let names = Command::get_arguments(serve).map(name);
    names.map(|name| name.strip_prefix("HOOKBRIDGE_").unwrap().to_owned()).collect()
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
    for (unknown, near) in [("SPOOOL", "SPOOL"), ("BROKER", "BROKERS"), ("TOPICS", "TOPIC")] {
        let said = format!("HOOKBRIDGE_{unknown}: no setting has this name, HOOKBRIDGE_{near} is");
        refused(&bare().env("BROKERS", NOBODY).env(unknown, "/x"), &[&said]);
        for command in ["dev --once", "spool list", "spool drain"] {
            let launch = Launch::stand_in(&format!("exec {PROGRAM} {command}"));
            refused(&launch.env(unknown, "/x"), &[&said]);
        }
    }
    for (port, near) in [("LISTEN_PORT", "LISTEN"), ("ADMIN_PORT", "ADMIN_LISTEN")] {
        let said = format!("HOOKBRIDGE_{port}: no setting has this name, HOOKBRIDGE_{near} is");
        refused(&bare().env(port, "9000"), &[&said]);
    }
    refused(&bare().env("PORT", "9000"), &["HOOKBRIDGE_PORT: no setting has this name"]);
    refused(&bare().env("QUUX", "1"), &["HOOKBRIDGE_QUUX: no setting has this name\n"]);
}

#[test]
fn what_others_make_under_our_name_is_left_alone() {
    let mut serve = HOOKBRIDGE.serve(NOBODY).no_auth().env("ONCE", "true").env("COMMIT", "abc");
    // Of the Services `hookbridge` and `hookbridge-admin`.
    for (name, value) in [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT", "8080"),
        ("SERVICE_PORT_WEBHOOK", "8080"),
        ("PORT", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("ADMIN_SERVICE_HOST", "10.0.0.2"),
        ("ADMIN_PORT_9090_TCP_PROTO", "tcp"),
    ] {
        serve = serve.env(name, value);
    }

    serve.start();
}

#[test]
fn a_quoted_value_is_refused_for_every_setting_and_not_shown() {
    let variables = variables();
    assert!(variables.len() > 20, "{variables:?}");
    for name in &variables {
        let place = format!("HOOKBRIDGE_{name}: the value begins and ends with quotes");
        for value in ["\"/hush\"", "'hush=1'"] {
            refused(&bare().env(name, value), &[&place]);
        }
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        let place = format!("{flag}: the value begins and ends with quotes");
        for typed in [vec![flag.clone(), "\"hush\"".to_owned()], vec![format!("{flag}='hush'")]] {
            let script = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
            let serve = Launch::stand_in(&script).args(&typed);
            let (status, said) = serve.run(SOON);
            assert_eq!(status.code(), Some(2), "{serve:?}: {said}");
            assert!(said.contains(&place) && !said.contains("hush"), "{said}");
        }
    }
}

#[test]
fn a_relative_path_is_taken_on_the_command_line_alone() {
    for name in ["SPOOL", "CREDENTIALS", "KAFKA_CONFIG"] {
        for value in ["spool", "./spool", "../spool"] {
            let place = format!("HOOKBRIDGE_{name}: the path is relative");
            refused(&bare().env(name, value), &[&place]);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!("cd {}; exec {PROGRAM} serve \"$0\" \"$@\"", folder.path().display());
    let serve = Launch::stand_in(&script).arg("--brokers", NOBODY).no_auth();

    let bridge = serve.arg("--spool", "here/spool").start();

    let absolute = folder.path().join("here/spool").display().to_string();
    bridge.wait_for_log(&format!("\"folder\":\"{absolute}\""), SOON);
}

#[test]
fn the_line_about_the_spool_names_its_folder_and_file_system() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        return say_skipped(here!(), "a folder in /dev/shm is needed");
    };
    let spool = folder.path().join("spool").display().to_string();

    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--spool", &spool).start();

    let said = format!("\"folder\":\"{spool}\",\"file_system\":\"tmpfs\"");
    bridge.wait_for_log("posts are kept on disk while Kafka is away", SOON);
    bridge.wait_for_log(&said, SOON);
}

#[test]
fn a_bound_on_a_spool_that_is_not_there_is_refused() {
    let serve = HOOKBRIDGE.serve(NOBODY).no_auth();
    for serve in
        [serve.clone().arg("--spool-max-bytes", "1GiB"), serve.env("SPOOL_MAX_BYTES", "1GiB")]
    {
        let (status, said) = serve.run(SOON);

        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains("--spool <DIR>") && said.contains("--spool-max-bytes"), "{said}");
    }
}

#[test]
fn an_ack_timeout_over_the_grace_is_refused_with_the_longest() {
    for (place, grace, longest) in [
        (Place::Nowhere, "20s", 19_300),
        (Place::Folder, "20s", 17_300),
        (Place::Nowhere, "3s", 2500),
        (Place::Folder, "4s", 2500),
        (Place::Folder, "1s", 475),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let serve = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--grace", grace);
        let serve = match place {
            Place::Nowhere => serve,
            Place::Folder => serve.arg("--spool", folder.path().to_str().unwrap()),
        };
        let ack = |millis: u32| serve.clone().arg("--ack-timeout", format!("{millis}ms"));

        let said = format!("--ack-timeout: is over {longest}ms, which is what --grace {grace}");
        refused(&ack(longest + 1), &[&said]);
        ack(longest).start();
    }
    let none = HOOKBRIDGE.serve(NOBODY).no_auth().env("GRACE", "0s");
    refused(&none, &["--ack-timeout: is over 0ms, which is what --grace 0s"]);
}
