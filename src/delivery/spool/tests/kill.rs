//! A process that is killed at any moment.

use super::*;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// How often a process is killed, each time a little later.
const KILLS: u64 = 8;

#[test]
fn a_killed_process_loses_no_reported_row_and_raises_no_alarm() {
    let fixture = Fixture::new();
    let (mut stored, mut released) = (BTreeSet::new(), BTreeSet::new());
    for kill in 0..KILLS {
        let name = "delivery::spool::tests::kill::appends_and_releases_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .current_dir(fixture.dir())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.by_ref().find(|line| line.ends_with("open")).expect("it opens");
        std::thread::sleep(Duration::from_millis(30 + 40 * kill));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            match line.split_once(' ') {
                Some(("+", id)) => stored.extend(id.parse().map(RowId)),
                Some(("-", id)) => released.extend(id.parse().map(RowId)),
                // The last line may be cut off, and the test harness has its own.
                Some(_) | None => {}
            }
        }
        let open = fixture.open();
        let status = open.status();
        assert_eq!((status.quarantined_files, status.totals), (0, Totals::default()));
        let found = open.read_all();
        assert_eq!(found.len() as u64, status.rows);
        let lost: Vec<_> =
            stored.iter().filter(|id| !found.contains_key(id) && !released.contains(id)).collect();
        assert!(lost.is_empty(), "kill {kill}: {lost:?}");
    }
    assert!(stored.len() > 100, "{}", stored.len());
}

#[test]
#[ignore = "a part of the test above, which runs it as a process of its own"]
fn appends_and_releases_until_it_is_killed() {
    let here = Path::new(".");
    // Run with all the others that are ignored it is started in the package, and has nothing to do.
    if here.join("Cargo.toml").exists() {
        return;
    }
    let open = open(here, AMPLE).unwrap();
    std::io::stdout().write_all(b"\nopen\n").unwrap();
    let say = |sign: &'static str, id: RowId| {
        // One write, so that a line is whole or not there.
        std::io::stdout().write_all(format!("{sign} {id}\n").as_bytes()).unwrap();
    };
    let mut number = 0;
    loop {
        for _ in 0..=(number % 17) {
            number += 1;
            let size = if number % 29 == 0 { 9000 } else { 300 };
            let done = move |id: Result<RowId, AppendError>| say("+", id.unwrap());
            // The queue may be full; then this is not one of those that are reported.
            drop(open.spool.append(sized_record(number, size), done));
        }
        if number % 7 == 0 {
            let ids: Vec<_> = open.read(None, 40).unwrap().iter().map(|row| row.id).collect();
            // Out of order, as several partitions ack.
            let some: Vec<_> = ids.iter().copied().filter(|id| id.0 % 3 != 0).collect();
            // Said before, because it may be done and not said when the process dies.
            for id in &some {
                say("-", *id);
            }
            open.release(some, Vec::new()).unwrap();
        }
    }
}
