//! `spool retopic`: records of one topic go to another, and nothing else changes.

use crate::spool_command::{TOPIC, damage, run};
use crate::support::HOOKBRIDGE;
use crate::support::spool::{SpoolFolder, records};

const TYPO: &str = "evnets";

/// Three records of the mistyped topic between four others, and two of it that were quarantined.
fn mixed() -> SpoolFolder {
    let folder = SpoolFolder::new();
    let open = folder.open();
    open.append(records(TOPIC, "app-1", 0..2));
    open.append(records(TYPO, "app-1", 2..5));
    open.append(records(TOPIC, "app-1", 5..7));
    let refused = open.append(records(TYPO, "app-1", 7..9));
    open.quarantine(&refused, "UnknownTopic");
    open.close();
    folder
}

fn topics(folder: &SpoolFolder, flags: &[&str]) -> Vec<(String, String)> {
    let exported = run(folder, "export", flags).well();
    let lines = exported.lines().map(|line| serde_json::from_str(line).unwrap());
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines.map(|line| (text(&line, "topic"), text(&line, "value"))).collect()
}

#[test]
fn records_of_a_mistyped_topic_move_and_keep_their_places() {
    let folder = mixed();
    let values = |part: Vec<(String, String)>| part.into_iter().map(|(_, value)| value);
    let before: Vec<_> = values(topics(&folder, &[])).collect();

    let said = run(&folder, "retopic", &["--from", TYPO, "--to", TOPIC]).well();

    assert_eq!(said, "5 records are now for events\n");
    let after = topics(&folder, &[]);
    assert!(after.iter().all(|(topic, _)| topic == TOPIC), "{after:?}");
    assert_eq!(values(after).collect::<Vec<_>>(), before);
    let quarantined = topics(&folder, &["--quarantined"]);
    assert!(quarantined.iter().all(|(topic, _)| topic == TOPIC), "{quarantined:?}");
    assert!(run(&folder, "list", &["--verify"]).well().contains("\nverified "));
    let said = run(&folder, "retopic", &["--from", TYPO, "--to", TOPIC]).well();
    assert_eq!(said, "no record is for evnets\n");
}

#[test]
fn what_does_not_match_its_checksum_is_not_made_to() {
    let folder = mixed();
    damage(&folder, "\"number\":3}");

    let said = run(&folder, "retopic", &["--from", TYPO, "--to", TOPIC]).well();

    assert_eq!(said, "4 records are now for events\n");
    let found = run(&folder, "list", &["--verify"]).complaint(1);
    assert!(found.contains("record 4 is missing or damaged"), "{found}");
    // Nor is it in the way of a second try.
    let said = run(&folder, "retopic", &["--from", TOPIC, "--to", TYPO]).well();
    assert_eq!(said, "8 records are now for evnets\n");
}

#[test]
fn an_invalid_topic_name_and_a_folder_in_use_are_refused() {
    let folder = mixed();
    let said = run(&folder, "retopic", &["--from", TYPO, "--to", "a b"]).complaint(2);
    assert!(said.starts_with("hookbridge: --to: expected 1 to 249"), "{said}");
    let _bridge = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("--spool", folder.dir()).start();

    let said = run(&folder, "retopic", &["--from", TYPO, "--to", TOPIC]).complaint(1);

    assert!(said.contains("is in use"), "{said}");
}
