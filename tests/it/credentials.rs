//! Who may post: lines as the real `htpasswd` writes them, rotation, projects, and floods.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::here;
use crate::support::http::basic;
use crate::support::notification::numbered;
use crate::support::rig::Rig;

/// A line of `htpasswd -nbB`, or none where it is not installed, which is said by the test's name.
fn htpasswd(test: &str, user: &str, password: &str) -> Option<String> {
    match Command::new("htpasswd").args(["-nbBC", "5", user, password]).output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
        }
        Err(error) => {
            let required = std::env::var_os("HOOKBRIDGE_REQUIRE_KAFKA").is_some();
            assert!(!required, "htpasswd is needed where nothing may be skipped: {error}");
            eprintln!("SKIPPED {test}: htpasswd is needed");
            None
        }
    }
}

fn status(rig: &Rig, user: &str, password: &str) -> u16 {
    rig.post(&[("Authorization", &basic(user, password))], numbered(1)).status
}

#[test]
fn what_htpasswd_writes_lets_its_user_in_and_nobody_else() {
    let Some(line) = htpasswd(here!(), "video", "päss:word") else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));

    assert_eq!(status(&rig, "video", "päss:word"), 200);
    assert_eq!(status(&rig, "video", "päss:word"), 200);
    assert_eq!(status(&rig, "video", "other"), 401);
    assert_eq!(status(&rig, "other", "päss:word"), 401);
    let users = rig.records();
    assert!(users.iter().all(|record| record.header("hookbridge-user") == Some("video")));
}

#[test]
fn a_user_that_stands_twice_has_two_live_passwords() {
    let Some(old) = htpasswd(here!(), "video", "old") else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(format!("{old}\nvideo:plain:new\n")));

    assert_eq!(status(&rig, "video", "old"), 200);
    assert_eq!(status(&rig, "video", "new"), 200);
}

#[test]
fn a_user_speaks_for_its_own_projects_alone() {
    let file = "mine:plain:one 5f3a9c1e7d2b4a0012c4e8f1,another\nhers:plain:two another\n";
    let rig = Rig::on_mock(|serve| serve.credentials(file));

    assert_eq!(status(&rig, "mine", "one"), 200);
    let answer = rig.post(&[("Authorization", &basic("hers", "two"))], numbered(1));

    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("forbidden_app")));
    assert_eq!(rig.outcomes()["forbidden_app"], 1);
}

#[test]
fn a_flood_of_wrong_passwords_does_not_keep_a_known_sender_out() {
    let Some(line) = htpasswd(here!(), "video", "right") else { return };
    let rig = Rig::on_mock(|serve| serve.credentials(line));
    assert_eq!(status(&rig, "video", "right"), 200);
    let over = AtomicBool::new(false);

    thread::scope(|scope| {
        for flood in 0..8 {
            let (rig, over) = (&rig, &over);
            scope.spawn(move || {
                for guess in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let refused = status(rig, "video", &format!("{flood}-{guess}"));
                    assert!([401, 503].contains(&refused), "{refused}");
                }
            });
        }
        let statuses: Vec<u16> = (0..50).map(|_| status(&rig, "video", "right")).collect();
        over.store(true, Ordering::Relaxed);
        assert_eq!(statuses, [200; 50]);
    });
}
