//! `hookbridge send`: what it posts, what it says of the answers, and its exit codes.

mod stand_in;
mod timing;

use crate::send::stand_in::{Reply, StandIn};
use crate::support::rig::{PASSWORD, Rig, USER};
use crate::support::tool::{Ran, Tool};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;
use testkit::port::NOBODY;
use testkit::tls::Authority;

/// The command that posts there.
fn send(to: SocketAddr, flags: &[&str]) -> Tool {
    Tool::new(&[&["send"], flags].concat()).env("HOOKBRIDGE_URL", &format!("http://{to}/webhook"))
}

/// A summary as JSON, of a run that ended with this code.
#[track_caller]
fn summary(ran: Ran, code: i32) -> Value {
    let (out, _) = ran.badly(code);
    serde_json::from_str(&out).unwrap()
}

#[test]
fn samples_are_published_and_noted_by_the_ids_of_their_records() {
    let rig = Rig::restricted();
    let folder = TempDir::new().unwrap();
    let ledger = folder.path().join("posts.jsonl");
    let flags = ["--app-id=one", "--app-id=two", "--count=16", "--connections=3", "--ledger"];
    let flags = [&flags[..], &[ledger.to_str().unwrap()]].concat();

    let pair = format!("{USER}:{PASSWORD}");
    let out = send(rig.addr(), &flags).env("HOOKBRIDGE_USER", &pair).run().well();

    assert!(out.starts_with("posts    16 in "), "{out}");
    assert!(out.ends_with("200     accepted     16\n16 of 16 accepted\n"), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours in a pipe");
    let lines = fs::read_to_string(ledger).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records = rig.records();
    let ids = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let noted = ids(lines.iter().map(|line| line["id"].as_str().unwrap()).collect());
    assert_eq!(noted.len(), 16, "no two are one event");
    assert_eq!(noted, ids(records.iter().map(|record| record.header("ce_id").unwrap()).collect()));
    let mut of_type = BTreeMap::new();
    for record in &records {
        let app_id = String::from_utf8(record.key.clone().unwrap()).unwrap();
        *of_type.entry((app_id, record.header("ce_type").unwrap())).or_insert(0) += 1;
    }
    assert_eq!(of_type.len(), 8, "{of_type:?}");
    assert!(of_type.values().all(|count| *count == 2), "{of_type:?}");
    for line in &lines {
        assert_eq!((&line["status"], &line["code"]), (&200.into(), &"accepted".into()));
        assert!(line["posted"].as_str() < line["answered"].as_str(), "{line}");
    }
    let posts: BTreeSet<_> = lines.iter().map(|line| line["post"].as_u64().unwrap()).collect();
    assert_eq!(posts, (1..=16).collect());
}

#[test]
fn whatever_is_not_accepted_is_told_by_code_with_exit_code_1() {
    let rig = Rig::restricted();
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let secret = |name: &str, text: &str| {
        let file = file(name, text);
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file
    };
    let wrong = secret("wrong", &format!("{USER}:guessed\n"));
    let right = secret("right", &format!("{USER}:{PASSWORD}\n"));
    file("bodies/1.json", testkit::notification::ROOMDROP);
    file("bodies/2.json", "{\"app_id\":\"mine\"}");
    let bodies = folder.path().join("bodies");
    let ledger = folder.path().join("posts.jsonl");

    let ran = send(rig.addr(), &["--user-file", &wrong, "--type=roomdrop"]).run();
    let (out, err) = ran.badly(1);
    assert!(out.contains("\n401     unauthorized      1  send a user and password"), "{out}");
    assert_eq!(err, "hookbridge: not accepted: 1 of 1 posts\n");

    let (bodies, ledger_flag) = (bodies.to_str().unwrap(), ledger.to_str().unwrap());
    let flags = ["--user-file", &right, "--file", bodies, "--output=json", "--ledger", ledger_flag];
    let said = summary(send(rig.addr(), &flags).run(), 1);
    assert_eq!((&said["posts"], &said["accepted"]), (&2.into(), &1.into()));
    let answers = said["answers"].as_array().unwrap();
    let codes: Vec<_> = answers.iter().map(|row| (&row["status"], &row["code"])).collect();
    let [accepted, invalid] = [(200, "accepted"), (422, "invalid_notification")]
        .map(|(status, code)| (Value::from(status), Value::from(code)));
    assert_eq!(codes, [(&accepted.0, &accepted.1), (&invalid.0, &invalid.1)]);
    let lines = fs::read_to_string(ledger).unwrap();
    let second: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["app_id"], &second["status"]), (&"mine".into(), &422.into()));
    assert_eq!(second["id"].as_str().unwrap().len(), 64, "it could be there nevertheless");
    assert_eq!(rig.records().len(), 1);

    let ran = send(rig.addr(), &["--user-file", &right, "--file=-", "--output=json"]);
    let said = summary(ran.run_with("no JSON"), 1);
    assert_eq!(said["answers"][0]["code"], "malformed_json");
}

#[test]
fn a_server_is_trusted_by_cacert_and_not_by_the_system() {
    let authority = Authority::new();
    let folder = TempDir::new().unwrap();
    let identity = authority.issue_to("bridge", &["localhost"], 30);
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("cert.pem", &identity.cert), file("key.pem", &identity.key));
    let cacert = file("ca.pem", &authority.certificate());
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--tls-cert", cert).arg("--tls-key", key));
    let url = format!("https://localhost:{}/webhook", rig.addr().port());
    let to = |flags: &[&str]| Tool::new(&[&["send", "--url", &url], flags].concat()).run();

    to(&["--cacert", &cacert, "--new-connections"]).well();
    let (out, err) = to(&[]).badly(1);
    let clear = Rig::open();
    let url = format!("https://localhost:{}/webhook", clear.addr().port());
    let of_clear = Tool::new(&["send", "--url", &url, "--cacert", &cacert]).run().badly(1).1;

    assert!(
        of_clear.starts_with("hookbridge: no TLS on this port: give --url http://"),
        "{of_clear}"
    );
    assert_eq!(rig.records().len(), 4);
    assert_eq!(out, "", "nothing was posted");
    assert!(err.starts_with("hookbridge: no TLS: does --cacert name"), "{err}");
}

#[test]
fn whoever_is_not_reached_is_named_and_no_ledger_is_begun() {
    let folder = TempDir::new().unwrap();
    let ledger = folder.path().join("posts.jsonl");
    fs::write(&ledger, "of the last run").unwrap();
    let flags = ["--ledger", ledger.to_str().unwrap()];

    let (_, err) = send(NOBODY.parse().unwrap(), &flags).run().badly(1);

    assert!(err.contains("is the bridge up, and is --url its --listen and --path?"), "{err}");
    assert!(err.contains(&format!("cannot connect to {NOBODY}: Connection refused")), "{err}");
    assert_eq!(fs::read_to_string(ledger).unwrap(), "of the last run");
}

#[test]
fn ctrl_c_on_a_terminal_shows_what_came_of_it_so_far() {
    let server = StandIn::start(|_| Reply::Accept);
    let run = send(server.addr(), &["--rate=50", "--duration=1h"]).on_terminal();

    run.wait_for("of 180,000 posts, 5");
    run.interrupt();
    let (code, shown) = run.end();

    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("latency"), "{shown}");
    assert!(shown.contains("\u{1b}[1mSTATUS"), "colours on a terminal: {shown}");
    assert!(shown.trim_end().ends_with("hookbridge: ended by a signal"), "{shown}");
}

#[test]
fn a_reader_that_has_gone_changes_nothing() {
    let server = StandIn::start(|_| Reply::Accept);

    let ran = send(server.addr(), &["--count=20"]).run_unread();

    assert_eq!(ran.well(), "");
    assert_eq!(server.posts(), 20);
}
