//! Who may post: the credentials file as its users write it, with Apache's `htpasswd`.
//!
//! Where there is no `htpasswd`, the tests of its lines say so by name and are skipped; they fail
//! where nothing may be skipped, as in CI.

mod floods;

use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::{Rig, SOON};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hookbridge::metrics::Outcome;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use testkit::children;
use testkit::deadline::eventually;
use testkit::here;
use testkit::http::{Connection, Response, basic, request};
use testkit::notification::{APP_ID, PATH, ROOMDROP, numbered};
use testkit::port::NOBODY;
use testkit::say_skipped;

const UNAUTHORIZED: (u16, Outcome) = (401, Outcome::Unauthorized);

/// bcrypt's cost where a test wants hashes to be quick, and where it wants to notice them.
const QUICK: &str = "5";
const SLOW: &str = "9";

/// What `htpasswd`, PHP and others write of any password that begins with 72 times `x`.
const CUT: &str = "$2y$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";

/// More than could wait each by itself.
const AT_ONCE: usize = 1000;

const CPU: &str = "process_cpu_seconds_total";

#[test]
fn a_line_written_by_htpasswd_admits_its_password_alone() {
    let Some(given) = htpasswd(here!(), &["-nbB", "video", "pass word:☃"]) else { return };
    let Some(typed) = htpasswd(here!(), &["-niB", "-C", QUICK, "typed"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(format!("# by htpasswd\n{given}{typed}")));

    for (user, password) in [("video", "pass word:☃"), ("typed", "from stdin")] {
        // The second time it is known.
        for _ in 0..2 {
            assert_eq!(post_as(&rig, user, password).status, 200);
        }
        for wrong in ["", "pass word", "PASS WORD:☃", "from stdin\n"] {
            assert_eq!(refusal(&post_as(&rig, user, wrong)), UNAUTHORIZED);
        }
    }
    assert_eq!(refusal(&post_as(&rig, "nobody", "from stdin")), UNAUTHORIZED);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_user() {
    let rig = Rig::on_mock(|serve| serve.credentials("\u{feff}video:plain:secret\r\n"));

    assert_eq!(post_as(&rig, "video", "secret").status, 200);
}

#[test]
fn the_first_post_costs_the_hash_and_later_ones_do_not() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", SLOW, "video", "secret"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));
    let spent = |post: &dyn Fn()| {
        let before = rig.bridge().metric(CPU);
        post();
        rig.bridge().metric(CPU) - before
    };

    let first = spent(&|| assert_eq!(post_as(&rig, "video", "secret").status, 200));
    let fifty = spent(&|| {
        for _ in 0..50 {
            assert_eq!(post_as(&rig, "video", "secret").status, 200);
        }
    });

    // Fifty hashes would be fifty times the first; a post without one is hardly to be seen.
    assert!(fifty < 5.0 * first, "{fifty} {first}");
}

#[test]
fn first_posts_on_many_connections_at_once_need_one_hash() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", SLOW, "video", "secret"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));
    let mut senders = Connection::open_many(rig.addr(), AT_ONCE);
    let authorization = basic("video", "secret");
    for (session, sender) in senders.iter_mut().enumerate() {
        let headers = [("Authorization", authorization.as_str())];
        sender.send(request("POST", PATH, &headers, numbered(session)));
    }

    let refused: Vec<_> =
        senders.iter_mut().map(Connection::read).filter(|answer| answer.status != 200).collect();

    assert!(refused.is_empty(), "{}, such as {:?}", refused.len(), refused[0]);
    assert_eq!(rig.outcomes(), [("published".to_owned(), AT_ONCE as u64)].into());
}

#[test]
fn a_flood_of_wrong_passwords_does_not_stop_a_known_sender() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", SLOW, "video", "secret"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));
    assert_eq!(post_as(&rig, "video", "secret").status, 200);

    let flooding = thread::scope(|scope| {
        let floods: Vec<_> = (0..16)
            .map(|flood| {
                scope.spawn({
                    let rig = &rig;
                    move || (0..4).map(|n| wrong(rig, flood, n)).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut known = rig.connect();
        let authorization = basic("video", "secret");
        for session in 0..200 {
            let headers = [("Authorization", authorization.as_str())];
            known.send(request("POST", PATH, &headers, numbered(session)));
            assert_eq!(known.read().status, 200);
        }
        floods.into_iter().flat_map(|flood| flood.join().unwrap()).collect::<Vec<_>>()
    });

    // Bounded, and the answer says so: whoever finds the queue full may come again.
    let expected = [UNAUTHORIZED, (503, Outcome::Overloaded)];
    assert!(flooding.iter().all(|answer| expected.contains(&refusal(answer))));
    assert_eq!(rig.outcomes()["published"], 201);
}

#[test]
fn both_passwords_of_a_rotation_work_each_by_its_own_line() {
    let apps = format!("{APP_ID},other");
    let lines = format!("video:plain:old 555\nvideo:plain:new {apps}\nall:plain:secret\n");
    let rig = Rig::on_mock(|serve| serve.credentials(lines));

    assert_eq!(post_as(&rig, "video", "new").status, 200);
    assert_eq!(post_as(&rig, "all", "secret").status, 200);
    assert_eq!(refusal(&post_as(&rig, "video", "old")), (403, Outcome::ForbiddenApp));
    assert_eq!(refusal(&post_as(&rig, "video", "older")), UNAUTHORIZED);

    let expected = [("forbidden_app", 1), ("published", 2), ("unauthorized", 1)];
    let expected = expected.map(|(outcome, count)| (outcome.to_owned(), count));
    assert_eq!(rig.outcomes(), expected.into());
    assert_eq!(rig.records().len(), 2);
}

#[test]
fn a_password_over_72_bytes_is_refused_and_logged_once_a_user() {
    let rig = Rig::on_mock(|serve| serve.credentials(format!("video:{CUT}\nother:plain:x\n")));
    assert_eq!(post_as(&rig, "video", &"x".repeat(72)).status, 200);

    for length in [73, 80, 500, 5000] {
        assert_eq!(refusal(&post_as(&rig, "video", &"x".repeat(length))), UNAUTHORIZED);
    }
    assert_eq!(refusal(&post_as(&rig, "hush-7f", &"x".repeat(80))), UNAUTHORIZED);
    assert_eq!(refusal(&post_as(&rig, "video", "x")), UNAUTHORIZED);

    assert_eq!(rig.count("hookbridge_long_passwords_total"), 5);
    let warning =
        "a password of over 72 bytes was posted and is refused: if the user's hash was made of it";
    rig.bridge().wait_for_log(warning, SOON);
    assert_eq!(refusal(&post_as(&rig, "other", &"x".repeat(80))), UNAUTHORIZED);
    eventually(SOON, "the other user is logged", || {
        rig.bridge().log().matches(warning).count() == 2
    });
    let log = rig.bridge().log();
    let of_video = |line: &&str| line.contains(warning) && line.contains("\"user\":\"video\"");
    assert_eq!(log.lines().filter(of_video).count(), 1);
    assert!(log.contains("the password is over 72 bytes") && !log.contains("hush"), "{log}");
}

#[test]
fn a_line_in_the_form_of_another_file_is_named_and_not_shown() {
    for (line, reason) in [
        (format!("video:\"{CUT}\""), "it is in quotes"),
        (format!("'video:{CUT}'"), "it is in quotes"),
        (format!("video:{}", CUT.replace('$', "$$")), "is doubled, as in a Compose file"),
        (format!("video:{}", CUT.replace('$', "\\$")), "has a backslash, as for a shell"),
        (format!("video:{}", BASE64_STANDARD.encode(CUT)), "the base64 of a bcrypt hash"),
        (format!("the video:{CUT}"), "has white space in it"),
        ("video:hush-7f".to_owned(), "write the line anew with `htpasswd -nBC 10 user`"),
    ] {
        let file = format!("# a comment\n{line}\n");
        let (status, said) = HOOKBRIDGE.serve(NOBODY).credentials(file).run(SOON);
        assert_eq!(status.code(), Some(2), "{line}");
        assert!(said.contains("line 2: ") && said.contains(reason), "{reason}: {said}");
        assert!(!said.contains("abcdef") && !said.contains("hush"), "{said}");
    }
}

#[test]
fn the_password_of_the_shipped_file_is_warned_about_and_taken() {
    let warning = "the one of the shipped example";
    let shipped = include_str!("../../config/credentials");
    let rig = Rig::on_mock(|serve| serve.credentials(shipped));
    assert_eq!(post_as(&rig, "video", "change-me").status, 200);
    assert!(rig.bridge().log().contains(warning), "{}", rig.bridge().log());
    let other = HOOKBRIDGE.serve(NOBODY).credentials("video:plain:changed").start();
    assert!(!other.log().contains(warning));
}

#[test]
fn two_hashed_passwords_of_one_user_are_both_live() {
    let line = |password| htpasswd(here!(), &["-nbB", "-C", QUICK, "video", password]);
    let Some((old, new)) = line("old").zip(line("new")) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(format!("{old}{new}")));

    for password in ["old", "new", "old"] {
        assert_eq!(post_as(&rig, "video", password).status, 200);
    }
    assert_eq!(refusal(&post_as(&rig, "video", "other")), UNAUTHORIZED);
}

#[test]
fn a_record_names_the_user_that_posted_it_if_there_is_one() {
    let rig = Rig::on_mock(|serve| serve.credentials("Zoë-from-ops:plain:secret\n"));
    assert_eq!(post_as(&rig, "Zoë-from-ops", "secret").status, 200);
    assert_eq!(rig.records()[0].header("hookbridge-user"), Some("Zoë-from-ops"));

    let open = Rig::open();
    assert_eq!(post_as(&open, "video", "secret").status, 200);
    assert_eq!(open.records()[0].header("hookbridge-user"), None);
}

#[test]
fn a_sender_that_hangs_up_on_its_hash_is_counted_once() {
    let Some(line) = htpasswd(here!(), &["-nbB", "-C", SLOW, "video", "secret"]) else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));
    let senders: Vec<_> = (0..8).map(|session| send(&rig, &session.to_string(), "x")).collect();
    rig.wait_for_count("hookbridge_received_total", 8);

    senders.into_iter().for_each(Connection::reset);

    assert_eq!(rig.outcomes().values().sum::<u64>(), 8);
    assert_eq!(post_as(&rig, "video", "secret").status, 200);
}

fn post_as(rig: &Rig, user: &str, password: &str) -> Response {
    send(rig, user, password).read()
}

fn send(rig: &Rig, user: &str, password: &str) -> Connection {
    let mut connection = rig.connect();
    let authorization = basic(user, password);
    connection.send(request("POST", PATH, &[("Authorization", &authorization)], ROOMDROP));
    connection
}

/// A password that was never tried before.
fn wrong(rig: &Rig, flood: usize, n: usize) -> Response {
    post_as(rig, "video", &format!("{flood}-{n}"))
}

/// What `htpasswd` prints: a line, and an empty one. Passwords that are not among its arguments it
/// reads from its stdin.
fn htpasswd(test: &str, args: &[&str]) -> Option<String> {
    let mut htpasswd = Command::new("htpasswd");
    htpasswd.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match children::spawn(&mut htpasswd) {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var_os("HOOKBRIDGE_REQUIRE_KAFKA").is_some();
            assert!(!required, "htpasswd is needed where nothing may be skipped: {error}");
            say_skipped(test, "htpasswd is needed");
            return None;
        }
    };
    // Fails where it had no need to read and has ended.
    drop(child.stdin.take().unwrap().write_all(b"from stdin"));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}
