//! What a start finds, and what it costs.

use super::*;
use crate::delivery::spool::connection::{Purpose, connect};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::wal::PAGE;
use rusqlite::Connection;
use std::os::unix::fs::FileExt as _;

#[test]
fn a_second_bridge_is_told_which_folder_is_taken() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let error = open(fixture.dir(), AMPLE).err().unwrap();
    assert!(matches!(error, SpoolError::Locked { .. }));
    assert!(error.to_string().contains(fixture.dir().to_str().unwrap()));
    first.close();
    fixture.open();
}

#[test]
fn a_limit_without_room_for_rows_is_refused() {
    let fixture = Fixture::new();
    let error = open(fixture.dir(), (16 << 20) - 1).err().unwrap();
    assert!(matches!(error, SpoolError::LimitTooSmall { .. }));
    let open = open(fixture.dir(), 16 << 20).unwrap();
    assert_eq!(open.status().room, Room::HasRoom);
}

#[test]
fn a_newer_format_is_refused_and_not_touched() {
    let fixture = Fixture::new();
    fixture.open().close();
    // As a newer version would leave it: another number, and a state of its own.
    let conn = Connection::open(fixture.dir().join("spool.db")).unwrap();
    conn.execute_batch("PRAGMA user_version = 2; DROP TABLE state;").unwrap();
    conn.close().unwrap();
    let content = || -> Vec<_> {
        let names = files(fixture.dir(), "spool");
        names
            .iter()
            .map(|name| (name.clone(), fs::read(fixture.dir().join(name)).unwrap()))
            .collect()
    };
    let before = content();
    let Err(SpoolError::Files { fault, .. }) = open(fixture.dir(), AMPLE) else {
        panic!("the file is of no version that this one knows");
    };
    assert!(matches!(fault, Fault::UnknownFormat(2)), "{fault}");
    assert_eq!(content(), before);
}

#[test]
fn another_setting_of_the_live_connection_is_an_error() {
    let fixture = Fixture::new();
    fixture.open().close();
    let folder = Folder::at(fixture.dir());
    let conn = connect(&folder, Purpose::Write).unwrap();
    let setting = |name| {
        let value =
            conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", value.unwrap())
    };
    assert_eq!(setting("journal_mode"), "Text(\"wal\")");
    assert_eq!(setting("synchronous"), "Integer(2)");
    drop(conn);
    // A file that somebody has turned into another mode still says so in its header.
    let conn = Connection::open(folder.db()).unwrap();
    conn.pragma_update(None, "journal_mode", "delete").unwrap();
    drop(conn);
    assert!(matches!(connect(&folder, Purpose::Write), Err(Fault::Setting { .. })));
}

#[test]
fn a_start_reads_no_rows_but_the_first() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.store(0..8000);
    let before = open.status();
    open.close();
    // Whatever is read of these pages would be damage.
    let db = fs::OpenOptions::new().write(true).open(fixture.dir().join("spool.db")).unwrap();
    let pages = usize::try_from(db.metadata().unwrap().len()).unwrap() / PAGE;
    assert!(pages > 1000);
    let mut leaves = 0;
    let bytes = fs::read(fixture.dir().join("spool.db")).unwrap();
    let leaf = |page: usize| bytes[page * PAGE] == 0x0d;
    for page in (10..pages).filter(|page| leaf(*page)) {
        db.write_all_at(&[0xff; PAGE], (page * PAGE) as u64).unwrap();
        leaves += 1;
    }
    drop(db);
    assert!(leaves > 1000);
    let open = fixture.open();
    let after = open.status();
    assert_eq!((after.rows, after.bytes_of_rows), (before.rows, before.bytes_of_rows));
    assert_eq!((after.oldest, after.set_aside_files), (before.oldest, 0));
}

#[test]
fn no_statement_of_the_spool_scans_a_table() {
    let fixture = Fixture::new();
    fixture.open().close();
    let conn = connect(&Folder::at(fixture.dir()), Purpose::Write).unwrap();
    let plan = |sql: &str| {
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = explain.parameter_count();
        let parameters = rusqlite::params_from_iter((0..count).map(|_| 1));
        let lines = explain.query_map(parameters, |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    for sql in store::LOOK_FOR_ROWS {
        let plan = plan(sql);
        assert!(plan.contains("USING INTEGER PRIMARY KEY"), "{sql}: {plan}");
    }
}

#[test]
fn a_file_that_was_half_made_when_the_process_died_is_made_anew() {
    let fixture = Fixture::new();
    fs::write(fixture.dir().join("spool.db.new"), "half").unwrap();
    fs::write(fixture.dir().join("spool.db.new-journal"), "half").unwrap();
    let open = fixture.open();
    open.store(0..1);
    assert!(files(fixture.dir(), "spool.db.new").is_empty());
    assert_eq!(open.status().set_aside_files, 0);
}
