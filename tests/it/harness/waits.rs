//! Waits end at their deadline; a process on a leash ends with whoever holds it.

use std::io::{BufRead, BufReader, Read};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::children;
use testkit::deadline::{eventually, wait_exit, wait_for};
use testkit::leash::Leash;

const SOON: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(50);

/// The test below that only holds a leash.
/// Set for the test that is started by another.
const HOLDS: &str = "HOOKBRIDGE_TEST_HOLDS";
const HOLDER: &str = "harness::waits::holds_a_leash_until_it_is_killed";

#[test]
fn a_condition_is_looked_at_until_it_holds() {
    let mut looks = 0;

    eventually(SOON, "the third look", || {
        looks += 1;
        looks == 3
    });

    assert_eq!(looks, 3);
}

#[test]
fn a_condition_that_never_holds_fails_by_name_at_the_deadline() {
    let begin = Instant::now();

    let panic = catch_unwind(|| wait_for(SHORT, "what never comes", || None::<()>)).err().unwrap();

    assert_eq!(panic.downcast_ref::<String>().unwrap(), "not within 50ms: what never comes");
    assert!((SHORT..SOON).contains(&begin.elapsed()));
}

#[test]
fn a_process_that_does_not_end_is_killed_at_the_deadline() {
    let mut child = children::spawn(Command::new("sleep").arg("60")).unwrap();

    let panic =
        catch_unwind(std::panic::AssertUnwindSafe(|| wait_exit(&mut child, SHORT, "sleep")));

    assert!(panic.is_err());
    assert!(child.try_wait().unwrap().is_some());
}

#[test]
fn a_dropped_leash_leaves_neither_process_nor_folder() {
    let folder = tempfile::tempdir().unwrap();
    let leash = Leash::start(folder.path(), ["sleep", "60"]);
    assert!(leash.is_running());

    drop(leash);

    assert!(!folder.path().exists());
}

#[test]
fn a_process_that_ended_by_itself_is_named_and_its_log_kept() {
    let folder = tempfile::tempdir().unwrap();
    let leash = Leash::start(folder.path(), ["sh", "-c", "echo out; echo err >&2"]);

    eventually(SOON, "the process has ended", || !leash.is_running());

    assert_eq!(leash.log_tail(), "out\nerr\n");
    leash.kill();
    assert!(folder.path().join("log").exists());
}

#[test]
fn a_leash_lets_nothing_live_when_its_holder_is_killed() {
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder.args(["--exact", HOLDER, "--nocapture"]).env(HOLDS, "1");
    holder.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = children::spawn(&mut holder).unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let folder =
        lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("holds ")?.to_owned()));
    let folder = folder.unwrap();
    assert!(Path::new(&folder).exists());

    holder.kill().unwrap();
    holder.wait().unwrap();

    // The folder goes last.
    eventually(SOON, "the folder is gone", || !Path::new(&folder).exists());
}

#[test]
fn holds_a_leash_until_it_is_killed() {
    // Not a test by itself: started and killed by the one above.
    if std::env::var_os(HOLDS).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let _leash = Leash::start(folder.path(), ["sleep", "60"]);
    println!("\nholds {}", folder.path().display());
    // Ends when the other test does.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
