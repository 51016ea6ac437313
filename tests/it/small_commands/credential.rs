//! `hookbridge credential`: the lines that it makes, held against Apache's `htpasswd` and a bridge.

use crate::small_commands::{hookbridge, run};
use crate::support::HOOKBRIDGE;
use crate::support::rig::Rig;
use crate::support::tool::Ran;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use testkit::children;
use testkit::deadline::{wait_exit, wait_for};
use testkit::here;
use testkit::http::basic;
use testkit::jars::is_on_path;
use testkit::kafka::REQUIRE;
use testkit::notification::{APP_ID, ROOMDROP};
use testkit::say_skipped;

const PASSWORD: &str = "pass word:☃";

fn credential(args: &[&str], input: &str) -> Ran {
    run(&mut hookbridge(&[&["credential"], args].concat()), input)
}

/// What a command takes that waits for nobody; tests share the machine.
const SOON: Duration = Duration::from_secs(30);

/// A shell command on a terminal of its own, with this typed on it once it has asked so.
#[track_caller]
fn on_a_terminal(command: &str, answers: &[(&str, &str)]) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = children::spawn(&mut script).unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let shown = Arc::<Mutex<String>>::default();
    let into = shown.clone();
    let reader = thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = screen.read(&mut bytes) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    });
    for (asks, typed) in answers {
        wait_for(SOON, asks, || shown.lock().unwrap().contains(asks).then_some(()));
        keys.write_all(typed.as_bytes()).unwrap();
    }
    wait_exit(&mut child, SOON, "a command on a terminal");
    reader.join().unwrap();
    shown.lock().unwrap().replace('\r', "")
}

#[test]
fn htpasswd_accepts_the_line_of_a_piped_password() {
    let line = credential(&["video"], &format!("{PASSWORD}\n")).well();
    assert!(line.starts_with("video:$2y$10$") && line.ends_with('\n'), "{line}");
    if !is_on_path("htpasswd") {
        assert!(std::env::var_os(REQUIRE).is_none(), "htpasswd is needed");
        return say_skipped(here!(), "htpasswd is needed");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, line).unwrap();
    let verify = |password: &str| {
        let mut htpasswd = Command::new("htpasswd");
        let htpasswd = htpasswd.arg("-vb").arg(&file).args(["video", password]);
        children::output(htpasswd).unwrap().status.success()
    };
    assert!(verify(PASSWORD) && !verify("pass word"));
}

#[test]
fn a_generated_password_is_told_on_stderr_and_bound_to_apps() {
    let Ran { code, out, err } =
        credential(&["video", "--generate", "--app-ids", &format!("555,{APP_ID}")], "");
    assert_eq!(code, 0, "{err}");
    assert!(out.ends_with(&format!(" 555,{APP_ID}\n")) && out.lines().count() == 1, "{out}");
    let password = err.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(err, format!("the password of video is {password}\n"));

    let rig = Rig::on_mock(|serve| serve.credentials(out));
    let authorization = basic("video", password);
    let headers = [("authorization", authorization.as_str())];
    assert_eq!(rig.post(&headers, ROOMDROP).status, 200);
    assert_eq!(rig.post(&headers, ROOMDROP.replace(APP_ID, "another")).status, 403);
}

#[test]
fn a_password_on_a_terminal_is_asked_for_twice_and_not_shown() {
    let program = HOOKBRIDGE.path();
    let (first, second) = ("Password for video: ", "The same again: ");
    let command = format!("{program} credential video");
    let twice = on_a_terminal(&command, &[(first, "hush\n"), (second, "hush\n")]);
    let (prompts, line) = twice.split_once("video:$2y$").unwrap_or_else(|| panic!("{twice}"));
    assert_eq!((prompts, line.len()), ("Password for video: \nThe same again: \n", 57), "{twice}");

    let differ = on_a_terminal(&command, &[(first, "hush\n"), (second, "hash\n")]);
    assert!(differ.ends_with("hookbridge: the two are not the same, and no line was made\n"));

    let and_then = format!("bash -c '{program} credential video; stty -a'");
    let interrupted = on_a_terminal(&and_then, &[(first, "hu\x03")]);
    assert!(interrupted.contains("ended before a password was there\n"), "{interrupted}");
    assert!(interrupted.contains(" echo "), "the terminal is as before: {interrupted}");
}

#[test]
fn what_is_no_password_or_no_user_makes_no_line() {
    for (user, input, code, said) in [
        ("video", String::new(), 1, "the password is empty"),
        ("video", "x".repeat(73), 1, "has 73 bytes"),
        ("video", "a\tb\n".to_owned(), 1, "control character"),
        ("a:b", "x\n".to_owned(), 2, "holds a colon"),
        ("a b", "x\n".to_owned(), 2, "white space"),
    ] {
        let Ran { code: ended, out, err } = credential(&[user], &input);
        assert_eq!((ended, &*out), (code, ""), "{err}");
        assert!(err.contains(said) && err.lines().count() == 1, "{err}");
    }
}
