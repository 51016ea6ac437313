//! A folder that is no place for a spool: refused at once, by its name and its flag.

use crate::disk::posts::Posts;
use crate::disk::small_disk::{Format, SmallDisk};
use crate::disk::{RECORDS, assert_alive, kafka_away, serve, spool_in, wait_for_drain};
use crate::support::rig::SOON;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;
use tempfile::tempdir;
use testkit::bridge::launch::Launch;
use testkit::deadline::eventually;
use testkit::here;

/// Twice the longest pause between two tries of the spool.
const HEALED: Duration = Duration::from_secs(20);

/// Root has to give up the right to pass over all rights.
const AS_ANYBODY: &str = r#"exec setpriv --bounding-set -dac_override,-dac_read_search "$@""#;

#[test]
fn only_the_owner_may_use_folder_and_files_under_any_umask() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = temp.path().join("var/spool");
    let serve = serve(&kafka, &spool);
    let mut bridge = under_shell(&serve, r#"umask 0; exec "$@""#).start();
    assert_eq!(Posts::of_length(0).post(&bridge).status, 200);

    assert_eq!(mode(&spool), 0o700);
    let files: Vec<_> = fs::read_dir(&spool).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    bridge.kill();
}

#[test]
fn a_disk_that_is_read_only_is_named_and_nothing_starts() {
    let Some(disk) = SmallDisk::mount(here!(), Format::Ext4) else { return };
    let kafka = kafka_away();
    let serve = serve(&kafka, &disk.spool());
    let mut bridge = serve.start();
    assert_eq!(Posts::of_length(0).post(&bridge).status, 200);
    bridge.kill();
    disk.make_read_only();

    assert_refused(&serve, 2, &["--spool", disk.spool().to_str().unwrap(), "read-only"]);
}

#[test]
fn an_unwritable_folder_is_named_and_nothing_starts() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    fs::create_dir(&spool).unwrap();
    fs::set_permissions(&spool, fs::Permissions::from_mode(0o555)).unwrap();
    let mut serve = serve(&kafka, &spool);
    if rustix::process::geteuid().is_root() {
        serve = under_shell(&serve, AS_ANYBODY);
    }

    assert_refused(&serve, 2, &["--spool", spool.to_str().unwrap(), "Permission denied"]);
}

#[test]
fn a_file_in_place_of_the_folder_is_named_and_left_as_it_is() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    fs::write(&spool, "somebody's").unwrap();

    let serve = serve(&kafka, &spool);

    assert_refused(&serve, 2, &["--spool", spool.to_str().unwrap(), "Not a directory"]);
    assert_eq!(fs::read_to_string(&spool).unwrap(), "somebody's");
}

#[test]
fn a_limit_that_leaves_no_room_names_its_flag_and_the_least() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, &spool_in(&temp));

    let small = serve.clone().arg("--spool-max-bytes", "15MiB");
    assert_refused(&small, 2, &["--spool-max-bytes", "15.0 MiB", "16.0 MiB"]);

    assert!(!spool_in(&temp).exists());
    serve.arg("--spool-max-bytes", "16MiB").start();
}

#[test]
fn a_second_bridge_on_a_folder_ends_and_the_first_goes_on() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    let serve = serve(&kafka, &spool);
    let mut bridge = serve.start();
    let mut posts = Posts::of_length(0);
    posts.post(&bridge);

    assert_refused(&serve, 1, &["--spool", spool.to_str().unwrap(), "in use by another bridge"]);

    posts.post(&bridge);
    assert_eq!(posts.accepted(), 2);
    // However the first one ends, the folder is free.
    bridge.kill();
    assert_eq!(serve.start().metric(RECORDS), 2.0);
}

#[test]
fn without_its_lock_file_a_folder_still_has_one_bridge() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let spool = spool_in(&temp);
    let serve = serve(&kafka, &spool);
    let _bridge = serve.start();
    fs::remove_file(spool.join("lock")).unwrap();

    assert_refused(&serve, 1, &["--spool", spool.to_str().unwrap(), "in use by another bridge"]);
}

#[test]
fn no_post_is_kept_in_a_folder_that_has_lost_its_name() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let (spool, elsewhere) = (spool_in(&temp), temp.path().join("elsewhere"));
    let bridge = serve(&kafka, &spool).start();
    let mut posts = Posts::of_length(0);
    assert_eq!(posts.post(&bridge).status, 200);

    fs::rename(&spool, &elsewhere).unwrap();
    for other in [false, true] {
        if other {
            // As when its volume is mounted late.
            fs::create_dir(&spool).unwrap();
        }
        assert_eq!(posts.post(&bridge).status, 503);
        assert_eq!(bridge.readyz().0, 503);
        assert_alive(&bridge);
    }

    fs::remove_dir(&spool).unwrap();
    fs::rename(&elsewhere, &spool).unwrap();
    eventually(HEALED, "the spool takes posts again", || posts.post(&bridge).status == 200);
    kafka.broker_up();
    wait_for_drain(&bridge);
    posts.assert_on_topic(&kafka);
}

#[test]
fn a_limit_of_file_sizes_breaks_the_spool_and_ends_no_bridge() {
    let (kafka, temp) = (kafka_away(), tempdir().unwrap());
    let serve = serve(&kafka, &spool_in(&temp));

    let bridge = under_shell(&serve, r#"ulimit -f 2048; exec "$@""#).start();

    assert_eq!(Posts::of_length(0).post(&bridge).status, 503);
    assert_eq!(bridge.readyz().0, 503);
    assert_alive(&bridge);
    assert!(bridge.log().contains("File too large"), "{}", bridge.log());
}

#[track_caller]
fn assert_refused(serve: &Launch, code: i32, words: &[&str]) {
    let (status, log) = serve.run(SOON);
    assert_eq!(status.code(), Some(code), "{log}");
    let error = log.lines().last().unwrap();
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    assert!(!log.contains("hookbridge starts"), "{log}");
}

/// Runs it at the end of a line of a shell.
fn under_shell(serve: &Launch, line: &str) -> Launch {
    serve.clone().under("sh", ["-c", line, "sh"])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}
