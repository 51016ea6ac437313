//! A ledger of `send`, held against the topic.

use crate::support::rig::Rig;
use crate::support::tool::Tool;
use crate::tail::tail;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// Posts, and gives the ledger.
#[track_caller]
fn sent(rig: &Rig, folder: &TempDir, flags: &[&str]) -> String {
    let ledger = folder.path().join("posts.jsonl").to_str().unwrap().to_owned();
    let url = format!("http://{}/webhook", rig.addr());
    let flags = [&["send", "--url", &url, "--ledger", &ledger], flags].concat();
    Tool::new(&flags).run().well();
    ledger
}

#[test]
fn a_ledger_whose_posts_are_all_there_is_kept() {
    let rig = Rig::open();
    let folder = TempDir::new().unwrap();
    let ledger = sent(&rig, &folder, &["--count=40", "--app-id=a,b,c", "--connections=4"]);

    let out = tail(&rig, &["--against", &ledger]).run().well();

    let lines = [
        "ledger     40 posts, 40 accepted",
        "topic      events: 40 records, 3 partitions",
        "lost       0",
        "repeated   0",
        "overtaken  0",
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), lines);

    let whole = fs::read_to_string(&ledger).unwrap();
    fs::write(&ledger, &whole[..whole.len() - 20]).unwrap();
    let (out, err) = tail(&rig, &["--against", &ledger]).run().badly(0);
    assert!(out.starts_with("ledger     39 posts, 39 accepted\n"), "{out}");
    assert!(err.ends_with("posts.jsonl:40: the last line is cut, and is passed over\n"), "{err}");

    fs::write(&ledger, "").unwrap();
    let (_, err) = tail(&rig, &["--against", &ledger]).run().badly(0);
    assert!(err.contains("no accepted post: nothing was held against the topic"), "{err}");
}

#[test]
fn what_is_lost_repeated_or_overtaken_is_named_by_its_id() {
    let rig = Rig::open();
    let folder = TempDir::new().unwrap();
    let ledger = sent(&rig, &folder, &["--count=6"]);
    let text = fs::read_to_string(&ledger).unwrap();
    let mut posts: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = |post: &Value| post["id"].as_str().unwrap().to_owned();
    // The third is not on the topic, the fourth twice, and the fifth and the sixth change places.
    posts[2]["id"] = "0".repeat(64).into();
    let record = rig.records().into_iter().find(|it| it.header("ce_id") == Some(&id(&posts[3])));
    assert_eq!(rig.post(&[], record.unwrap().value).status, 200);
    let (fifth, sixth) = (posts[4]["id"].clone(), posts[5]["id"].clone());
    (posts[4]["id"], posts[5]["id"]) = (sixth.clone(), fifth.clone());
    let lines: Vec<_> = posts.iter().map(|post| format!("{post}\n")).collect();
    fs::write(&ledger, lines.concat()).unwrap();

    let (out, err) = tail(&rig, &["--against", &ledger]).run().badly(1);
    let (json, _) = tail(&rig, &["--against", &ledger, "--output=json"]).run().badly(1);

    assert!(err.starts_with("hookbridge: 1 of 6 accepted posts are not on the topic"), "{err}");
    assert!(out.contains(&format!("\n{}  5f3a", "0".repeat(64))), "{out}");
    let said: Value = serde_json::from_str(&json).unwrap();
    let named =
        |what: &str| -> Vec<String> { said[what].as_array().unwrap().iter().map(id).collect() };
    assert_eq!(named("lost"), ["0".repeat(64)]);
    assert_eq!(named("repeated"), [id(&posts[3])]);
    assert_eq!(named("overtaken"), [sixth.as_str().unwrap()]);
    assert_eq!(said["records"], 7);
}
