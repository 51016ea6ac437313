//! Others at the same files, and a thread that does not do as it should.

use super::*;
use rusqlite::Connection;
use std::sync::{Arc, Barrier};

fn connect(fixture: &Fixture) -> Connection {
    Connection::open(fixture.dir().join("spool.db")).unwrap()
}

#[test]
fn a_reader_that_stays_fails_no_commit_and_only_keeps_the_log_long() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.store(0..10);
    let reader = connect(&fixture);
    let snapshot = reader.unchecked_transaction().unwrap();
    let count = || snapshot.query_row("SELECT count(*) FROM rows", [], |row| row.get(0));
    assert_eq!(count(), Ok(10));
    for _ in 0..12 {
        let stored = open.append_records((0..8).map(|n| sized_record(n, 64 << 10)));
        assert!(stored.iter().all(Result::is_ok));
    }
    open.release(open.read_all().into_keys().take(50).collect(), Vec::new()).unwrap();
    assert_eq!(count(), Ok(10), "its own snapshot");
    assert!(fs::metadata(fixture.dir().join("spool.db-wal")).unwrap().len() > 6 << 20);
    drop(snapshot);
    for _ in 0..2 {
        open.store(0..1);
    }
    assert_eq!((open.status().rows, open.status().room), (58, Room::HasRoom));
}

#[test]
fn another_writer_delays_a_commit_and_one_that_stays_fails_it_until_it_leaves() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let before = open.store(0..3);
    let writer = connect(&fixture);
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers = open.append(3..6);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(AppendError::Failed(_) | AppendError::Broken)))
    );
    assert!(matches!(open.status().room, Room::Broken { .. }));
    writer.execute_batch("ROLLBACK").unwrap();
    open.wait_for("room", |status| status.room == Room::HasRoom);
    let after = open.store(6..9);
    assert!(open.read_all().keys().eq(before.iter().chain(&after)));
    assert_eq!(open.status().set_aside_files, 0);
}

#[test]
fn rows_that_other_hands_delete_are_missed_before_a_later_one_is_given_out() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let ids = open.store(0..50);
    connect(&fixture).execute("DELETE FROM rows WHERE id = ?1", [ids[20].0]).unwrap();
    let found = open.read_all();
    // The page still holds what was deleted, or it is counted.
    let totals = open.status().totals;
    assert_eq!(found.len() as u64 + totals.missing_rows, 50, "{totals:?}");
    assert_eq!(totals.set_aside_files, 1);
}

#[test]
fn a_thread_that_hangs_is_not_waited_for_longer_than_was_said() {
    let fixture = Fixture::new();
    let mut open = fixture.open();
    let barrier = Arc::new(Barrier::new(2));
    let other = barrier.clone();
    let wait = move |_| {
        other.wait();
    };
    open.spool.append(record(1), wait).unwrap();
    let thread = open.thread.take().unwrap();
    assert_eq!(thread.close(Duration::from_millis(50)), Err(CloseError::Late));
    barrier.wait();
}

#[test]
fn a_done_that_panics_ends_the_thread_and_everybody_is_told() {
    let fixture = Fixture::new();
    let mut open = fixture.open();
    open.spool.append(record(1), |_| panic!("as a test")).unwrap();
    let thread = open.thread.take().unwrap();
    open.wait_for("the end", |_| open.spool.is_closed());
    assert!(matches!(open.status().room, Room::Broken { .. }));
    let errors = open.append([2]);
    assert!(matches!(errors[0], Err(AppendError::Closed | AppendError::Broken)));
    assert_eq!(thread.close(PATIENCE), Err(CloseError::Panicked));
    assert_eq!(fixture.open().status().rows, 1, "it had been committed");
}
