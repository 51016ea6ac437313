//! Rows in, rows out.

use super::*;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::reader::stored_row::StoredRow;
use crate::delivery::spool::requeue::{Requeued, requeue};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Barrier};

#[test]
fn records_come_back_in_order_of_appends_also_after_a_restart() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let expected: Vec<_> = (0..300).map(record).collect();
    let texts: Vec<_> = expected.iter().map(text).collect();
    let ids: Vec<_> = open.append_records(expected).into_iter().map(Result::unwrap).collect();
    assert!(ids.is_sorted());
    let as_stored = |open: &Open| {
        let all = open.read_all();
        assert!(all.keys().eq(&ids) && all.values().eq(&texts));
        assert_eq!((open.status().rows, open.status().room), (300, Room::HasRoom));
    };
    as_stored(&open);
    open.close();
    as_stored(&fixture.open());
}

#[test]
fn a_batch_is_bounded_by_rows_and_bytes_and_never_empty() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let ids = open.store(0..20);
    assert_eq!(open.read(None, 3).unwrap().len(), 3);
    assert_eq!(open.read(Some(ids[17]), 100).unwrap().len(), 2);
    let (done, answer) = mpsc::channel();
    let limit = Limit { rows: NonZeroUsize::MAX, bytes: 1 };
    open.spool.read(None, limit, move |rows| done.send(rows).unwrap()).unwrap();
    assert_eq!(answer.recv_timeout(PATIENCE).unwrap().unwrap().len(), 1);
    assert!(open.read(Some(ids[19]), 100).unwrap().is_empty());
}

fn pass(barrier: &Arc<Barrier>) {
    barrier.wait();
}

#[test]
fn what_waits_together_is_committed_together() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.store(0..1);
    let before = open.status().totals.commits;
    // The thread is held by a `done`, so that the others gather.
    let (gathered, wait) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let held = [gathered.clone(), wait.clone()];
    let stop = move |_| held.iter().for_each(pass);
    open.spool.append(record(1), stop).unwrap();
    gathered.wait();
    let (done, answers) = mpsc::channel();
    for number in 2..502 {
        let done = done.clone();
        open.spool.append(record(number), move |id| done.send(id.unwrap()).unwrap()).unwrap();
    }
    let is_done = done.clone();
    let on_release = move |result: Result<(), AccessError>| {
        result.unwrap();
        is_done.send(RowId(0)).unwrap();
    };
    open.spool.release(vec![RowId(1)], Vec::new(), on_release).unwrap();
    wait.wait();
    for _ in 0..501 {
        answers.recv_timeout(PATIENCE).unwrap();
    }
    let totals = open.status().totals;
    assert_eq!(totals.commits - before, 2, "the first record, and all the others");
    assert_eq!((totals.appended, totals.drained), (502, 1));
}

#[test]
fn the_queue_is_bounded_by_records_and_by_bytes() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let (gathered, wait) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let held = [gathered.clone(), wait.clone()];
    open.spool.append(record(1), move |_| held.iter().for_each(pass)).unwrap();
    gathered.wait();
    let fill = |size: usize| {
        let full = |number| open.spool.append(sized_record(number, size), |_| {}).err();
        (0..100_000).find_map(|number| Some((number, full(number)?))).unwrap()
    };
    let (large, error) = fill(1 << 20);
    assert!(matches!(error, AppendError::QueueFull));
    assert_eq!(large, 63, "64 MiB with their headers");
    let (small, error) = fill(300);
    assert!(matches!(error, AppendError::QueueFull) && small < 8192, "{small}");
    wait.wait();
    open.wait_for("the end of the queue", |status| status.rows == 1 + 63 + small as u64);
    assert!(open.append([1])[0].is_ok());
}

#[test]
fn acked_rows_are_released_and_refused_ones_quarantined() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let ids = open.store(0..10);
    let refused = vec![(ids[3], "the topic is compacted".to_owned())];
    open.release(vec![ids[0], ids[1], ids[7]], refused).unwrap();
    let status = open.status();
    assert_eq!((status.rows, status.quarantined_rows), (6, 1));
    assert_eq!((status.totals.drained, status.totals.quarantined_rows), (3, 1));
    let left: Vec<_> = open.read_all().into_keys().collect();
    assert_eq!(left, [2, 4, 5, 6, 8, 9].map(|at| ids[at]));
    let reader = SpoolReader::open(fixture.dir()).unwrap();
    let quarantined = stored(&reader, Part::Quarantine);
    assert_eq!(quarantined.len(), 1);
    let (_, reason) = quarantined[0].quarantined.clone().unwrap();
    assert_eq!((quarantined[0].id, reason.as_str()), (ids[3].0, "the topic is compacted"));
}

#[test]
fn a_row_that_is_released_twice_or_never_was_changes_nothing() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let ids = open.store(0..5);
    for _ in 0..2 {
        open.release(vec![ids[0], ids[2], RowId(99)], vec![(RowId(98), String::new())]).unwrap();
    }
    let status = open.status();
    assert_eq!((status.rows, status.quarantined_rows, status.totals.drained), (3, 0, 2));
    assert_eq!(open.read_all().len(), 3);
}

#[test]
fn numbers_are_never_reused_even_after_the_spool_was_empty() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let first = open.store(0..3);
    open.drain();
    open.close();
    let second = fixture.open().store(0..1);
    assert!(second[0] > first[2]);
}

#[test]
fn the_status_knows_rows_and_age_without_a_scan() {
    let fixture = Fixture::new();
    let open = fixture.open();
    assert_eq!((open.status().rows, open.status().oldest), (0, None));
    let records: Vec<_> = (0..3).map(record).collect();
    let bytes: u64 = records.iter().map(row::size_of).sum();
    let oldest = records[0].received();
    let ids: Vec<_> = open.append_records(records).into_iter().map(Result::unwrap).collect();
    let status = open.status();
    assert_eq!((status.rows, status.oldest), (3, Some(oldest)));
    assert!(status.file_bytes > bytes);
    open.release(ids, Vec::new()).unwrap();
    let status = open.status();
    assert_eq!((status.rows, status.oldest), (0, None));
}

#[test]
fn another_process_reads_counts_and_rows_of_a_running_bridge() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.store(0..12);
    let reader = SpoolReader::open(fixture.dir()).unwrap();
    let summary = reader.summary().unwrap();
    let millis = |time: Option<SystemTime>| time.map(|time| Timestamp::from(time).unix_millis());
    assert_eq!((summary.rows, millis(summary.oldest)), (12, millis(open.status().oldest)));
    let counts: Vec<_> = summary.keys.iter().map(|key| (key.key.as_str(), key.rows)).collect();
    assert_eq!(counts, [("app-0", 3), ("app-1", 3), ("app-2", 2), ("app-3", 2), ("app-4", 2)]);
    assert_eq!(summary.keys.iter().map(|key| key.bytes).sum::<u64>(), summary.bytes_of_rows);
    let rows = stored(&reader, Part::Queue);
    assert_eq!(rows.len(), 12);
    assert_eq!((rows[0].topic.as_str(), rows[0].key.as_str()), ("video.events", "app-0"));
    assert!(rows[0].headers.contains(&("ce_type".to_owned(), "video.recording".to_owned())));
    assert_eq!(rows[0].fault, None);
    open.store(12..14);
    assert_eq!(reader.summary().unwrap().rows, 14);
    assert_eq!(reader.verify().unwrap(), Vec::<String>::new());
}

/// What a reader is given.
fn stored(reader: &SpoolReader, part: Part) -> Vec<StoredRow> {
    let mut rows = reader.rows(part).unwrap();
    std::iter::from_fn(|| rows.read().unwrap()).collect()
}

#[test]
fn a_folder_without_a_spool_is_named_to_its_reader() {
    let fixture = Fixture::new();
    let error = SpoolReader::open(fixture.dir()).unwrap_err();
    assert!(matches!(error, SpoolError::Missing { .. }));
    assert!(error.to_string().contains(fixture.dir().to_str().unwrap()));
}

#[test]
fn quarantined_rows_go_to_the_end_of_a_stopped_spool_alone() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let ids = open.store(0..600);
    let before = open.read_all();
    let refused = ids[..300].iter().map(|id| (*id, "refused".to_owned())).collect();
    open.release(Vec::new(), refused).unwrap();
    assert!(matches!(requeue(fixture.dir()), Err(SpoolError::Locked { .. })));
    open.close();
    assert_eq!(requeue(fixture.dir()).unwrap(), Requeued { rows: 300, left: 0 });
    let open = fixture.open();
    assert_eq!((open.status().rows, open.status().quarantined_rows), (600, 0));
    let after = open.read_all();
    let order: Vec<_> = after.values().collect();
    let expected: Vec<_> = before.values().skip(300).chain(before.values().take(300)).collect();
    assert_eq!(order, expected);
    assert!(after.keys().skip(300).all(|id| *id > ids[599]));
}

#[test]
fn closing_finishes_what_waits_and_takes_nothing_more() {
    let fixture = Fixture::new();
    let mut open = fixture.open();
    let (done, answers) = mpsc::channel();
    for number in 0..3000 {
        let done = done.clone();
        open.spool.append(record(number), move |id| done.send(id).unwrap()).unwrap();
    }
    open.thread.take().unwrap().close(PATIENCE).unwrap();
    drop(done);
    assert!(answers.iter().map(Result::unwrap).count() == 3000);
    assert!(matches!(open.append([1])[0], Err(AppendError::Closed | AppendError::Broken)));
    assert!(matches!(open.read(None, 1), Err(AccessError::Closed)));
    assert_eq!(fixture.open().status().rows, 3000);
}

#[test]
fn the_files_are_for_their_owner_alone() {
    let fixture = Fixture::new();
    let dir = fixture.dir().join("spool");
    let open = open(&dir, AMPLE).unwrap();
    open.store(0..3);
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    let names = files(&dir, "");
    assert_eq!(
        names,
        ["00000000000000000001.log", "00000000000000000001.quarantine", "cursor", "lock"]
    );
}
