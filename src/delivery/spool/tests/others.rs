//! Others at the same folder, a thread that does not do as it should, and what a start costs.

use super::*;
use crate::delivery::spool::format::HEADER;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::store::Store;
use std::sync::Barrier;

#[test]
fn a_second_bridge_names_the_folder_that_is_taken() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let error = open(fixture.dir(), AMPLE).err().unwrap();
    assert!(matches!(error, SpoolError::Locked { .. }));
    assert!(error.to_string().contains(fixture.dir().to_str().unwrap()));
    first.close();
    fixture.open();
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
fn a_done_that_panics_ends_the_thread_and_all_learn_of_it() {
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

#[test]
fn a_start_reads_a_page_of_each_segment_and_the_last_one_only() {
    let fixture = Fixture::new();
    let small = Sizes { queue: 64 << 10, quarantine: 64 << 10, limit: AMPLE };
    let open = || {
        let mut store = Store::open(&disk(fixture.dir()), small).unwrap();
        store.make_room().unwrap();
        store
    };
    let mut store = open();
    for number in 0..40 {
        store.append(&[&sized_record(number, 10_000)]).unwrap();
    }
    drop(store);
    let mut segments = files(fixture.dir(), "0");
    segments.retain(|name| matches!(Part::of(name), Some((Part::Queue, _))));
    assert!(segments.len() > 5);
    segments.pop();
    // Whatever is read of these pages is damage.
    for name in segments {
        let mut bytes = fs::read(fixture.dir().join(&name)).unwrap();
        bytes[HEADER..].fill(0xff);
        fs::write(fixture.dir().join(&name), bytes).unwrap();
    }
    let mut store = open();
    let status = store.status(Room::HasRoom);
    assert_eq!((status.rows, status.totals), (40, Totals::default()));
    let all = Limit { rows: NonZeroUsize::new(100).unwrap(), bytes: u64::MAX };
    let found = store.read(None, all).unwrap().rows.len() as u64;
    let missing = store.status(Room::HasRoom).totals.missing_rows;
    assert!(missing > 20 && found + missing == 40, "{found} and {missing}");
}
