//! What `spool list` shows, to people and to scripts, and what it verifies.

use crate::spool_command::{TOPIC, damage, run};
use crate::support::spool::{SpoolFolder, record, records};

#[test]
fn it_lists_waiting_and_quarantined_rows_despite_the_lock() {
    let folder = SpoolFolder::new();
    let open = folder.open();
    open.append(records(TOPIC, "app-1", 0..3));
    open.append(records(TOPIC, "a-longer-app", 3..15));
    let refused = open.append(records(TOPIC, "app-1", 15..17));
    open.quarantine(&refused, "MessageSizeTooLarge");

    let shown = run(&folder, "list", &["--verify"]).well();

    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], format!("spool        {}", folder.dir()));
    let waiting = lines[1].strip_prefix("waiting      15 records, ").unwrap();
    assert!(waiting.contains(" KiB, the oldest since 2023-07-03T08:48:43.456Z ("), "{waiting}");
    assert_eq!(lines[2], "quarantined  2 records");
    assert!(lines[3].starts_with("on disk      5.") && lines[3].ends_with(" MiB"), "{}", lines[3]);
    assert_eq!(lines[4], "verified     every record is sound");
    assert!(lines[6].starts_with("TOPIC   APP_ID        WAITING    BYTES  OLDEST"), "{shown}");
    assert!(lines[7].starts_with("events  a-longer-app       12  "), "{shown}");
    assert!(lines[8].starts_with("events  app-1               3  "), "{shown}");
    assert!(lines[10].starts_with("TOPIC   APP_ID  QUARANTINED  LATEST"), "{shown}");
    assert!(lines[11].starts_with("events  app-1             2  "), "{shown}");
    assert!(lines[11].ends_with("Z  MessageSizeTooLarge  16 17"), "{shown}");
    assert_eq!(lines.len(), 12);
    open.close();
}

#[test]
fn an_empty_spool_is_a_few_lines() {
    let folder = SpoolFolder::new();

    let shown = run(&folder, "list", &[]).well();

    let expected = [&format!("spool        {}", folder.dir()), "waiting      nothing"];
    assert_eq!(shown.lines().take(2).collect::<Vec<_>>(), expected);
    assert_eq!(shown.lines().count(), 4);
}

#[test]
fn a_script_gets_the_same_as_json() {
    let folder = SpoolFolder::new();
    let open = folder.open();
    open.append(records(TOPIC, "app-1", 0..3));
    open.append([record("others", "app-1", 3, "{}")]);
    let refused = open.append(records(TOPIC, "app-3", 4..5));
    open.quarantine(&refused, "InvalidRecord");
    open.close();

    let shown = run(&folder, "list", &["--output", "json"]).well();

    let listing: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(listing["waiting"]["records"], 4);
    assert_eq!(listing["waiting"]["oldest"], "2023-07-03T08:48:43.456Z");
    let apps = listing["waiting"]["by_app_id"].as_array().unwrap();
    let apps: Vec<_> =
        apps.iter().map(|app| (&app["topic"], &app["app_id"], &app["records"])).collect();
    let app = serde_json::Value::from("app-1");
    let expected = [(&TOPIC.into(), &app, &3.into()), (&"others".into(), &app, &1.into())];
    assert_eq!(apps, expected);
    assert_eq!(listing["quarantine"]["records"], 1);
    let reason = &listing["quarantine"]["by_reason"][0];
    assert_eq!((&reason["app_id"], &reason["reason"]), (&"app-3".into(), &"InvalidRecord".into()));
    assert_eq!(reason["topic"], TOPIC);
    assert_eq!(reason["rows"], serde_json::json!([5]));
    assert_eq!(listing["quarantine"]["files"], serde_json::json!([]));
    assert!(listing["file_bytes"].as_u64().unwrap() > 5 << 20);
    assert!(listing.get("faults").is_none(), "nobody asked");
}

#[test]
fn a_flipped_bit_is_found_by_verify_and_named() {
    let folder = SpoolFolder::of(records(TOPIC, "app-1", 0..20));
    damage(&folder, "\"number\":7}");

    let ran = run(&folder, "list", &["--verify"]);

    assert!(ran.out.contains("\nfault        record 8 is missing or damaged\n"), "{}", ran.out);
    let said = ran.complaint(1);
    let fault = "1 fault was found in the spool: record 8 is missing or damaged";
    assert_eq!(said, format!("hookbridge: {fault}\n"));
    run(&folder, "list", &[]).well();
}

#[test]
fn a_damaged_segment_that_is_kept_is_named() {
    let folder = SpoolFolder::of(records(TOPIC, "app-1", 0..20));
    let file = folder.path().join("00000000000000000001.log");
    let mut bytes = std::fs::read(&file).unwrap();
    for header in [0, 4096] {
        bytes[header..header + 16].copy_from_slice(b"not a segment!!!");
    }
    std::fs::write(&file, bytes).unwrap();
    folder.open().close();

    let shown = run(&folder, "list", &[]).well();

    assert!(shown.contains("\nquarantined  1 damaged file\n"), "{shown}");
    assert!(shown.contains("\nDAMAGED FILE"), "{shown}");
    assert!(shown.contains("\n00000000000000000001.log.damaged  4.0 MiB\n"), "{shown}");
}
