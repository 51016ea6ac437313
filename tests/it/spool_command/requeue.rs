//! `spool requeue`: what was quarantined waits again, and nothing else changes.

use crate::spool_command::{TOPIC, damage, run};
use crate::support::HOOKBRIDGE;
use crate::support::spool::{SpoolFolder, records};

/// A spool of five records, two of which were quarantined.
fn two_quarantined() -> SpoolFolder {
    let folder = SpoolFolder::new();
    let open = folder.open();
    let rows = open.append(records(TOPIC, "app-1", 0..5));
    open.quarantine(&rows[1..3], "InvalidRecord");
    open.close();
    folder
}

#[test]
fn what_was_quarantined_waits_again_behind_all_others() {
    let folder = two_quarantined();

    let said = run(&folder, "requeue", &[]).well();

    assert_eq!(said, "2 records wait again, behind all others\n");
    let exported = run(&folder, "export", &[]).well();
    let numbers: Vec<_> = exported
        .lines()
        .map(|line| line.split("number\\\":").nth(1).unwrap().split('}').next().unwrap())
        .collect();
    assert_eq!(numbers, ["0", "3", "4", "1", "2"]);
    assert_eq!(run(&folder, "requeue", &[]).well(), "nothing was quarantined\n");
}

#[test]
fn a_row_with_a_bad_checksum_is_reported_and_stays_quarantined() {
    let folder = two_quarantined();
    damage(&folder, "\"number\":2}");

    let ran = run(&folder, "requeue", &[]);

    assert_eq!(ran.out, "1 record waits again, behind all others\n");
    let said = ran.complaint(1);
    assert!(said.contains("1 record stays quarantined: "), "{said}");
}

#[test]
fn it_is_refused_with_the_folder_s_name_while_a_bridge_runs() {
    let folder = two_quarantined();
    let _bridge = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("--spool", folder.dir()).start();

    let said = run(&folder, "requeue", &[]).complaint(1);

    let in_use = format!("hookbridge: the spool folder {} is in use", folder.dir());
    assert!(said.starts_with(&in_use), "{said}");
    assert!(run(&folder, "list", &[]).well().contains("\nquarantined  2 records\n"));
}
