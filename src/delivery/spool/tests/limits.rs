//! The limit: what it holds back, and the way back.

use super::*;
use crate::delivery::spool::status::FullBecause;

const BY_LIMIT: Room = Room::Full { why: FullBecause::Limit };

fn folder_bytes(dir: &Path) -> u64 {
    // A file that vanishes meanwhile takes no room.
    let sizes = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata());
    sizes.map(|metadata| metadata.map_or(0, |metadata| metadata.len())).sum()
}

#[test]
fn the_folder_keeps_its_limit_and_has_room_after_releases() {
    let fixture = Fixture::new();
    let open = open(fixture.dir(), LEAST_LIMIT).unwrap();
    for size in [300, 3000, 30_000] {
        let mut stored = Vec::new();
        while open.status().room == Room::HasRoom {
            stored.extend(open.append_records((0..200).map(|n| sized_record(n, size))));
            assert!(folder_bytes(fixture.dir()) <= LEAST_LIMIT);
        }
        let (stored, errors): (Vec<_>, Vec<_>) = stored.into_iter().partition(Result::is_ok);
        let full = |error| matches!(error, Err(AppendError::Full(FullBecause::Limit)));
        assert!(errors.into_iter().all(full));
        assert!(stored.len() * size > 4 << 20, "{} rows of {size}", stored.len());
        assert_eq!(open.status().room, BY_LIMIT);
        assert!(full(open.append([1]).remove(0)));
        while open.status().rows > 0 {
            let ids = open.read(None, 100).unwrap().iter().map(|row| row.id).collect();
            open.release(ids, Vec::new()).unwrap();
            let bytes = folder_bytes(fixture.dir());
            assert!(bytes <= LEAST_LIMIT, "{bytes}");
        }
        open.wait_for("room", |status| status.room == Room::HasRoom);
    }
}

#[test]
fn a_record_that_does_not_fit_is_refused_alone() {
    let fixture = Fixture::new();
    let open = open(fixture.dir(), LEAST_LIMIT).unwrap();
    let answers = open.append_records([record(1), sized_record(2, 15 << 20), record(3)]);
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(answers[1], Err(AppendError::Full(FullBecause::Limit))));
    assert_eq!(open.status().room, Room::HasRoom);
}

#[test]
fn what_is_quarantined_while_the_limit_is_reached_is_kept() {
    let fixture = Fixture::new();
    let open = open(fixture.dir(), LEAST_LIMIT).unwrap();
    let mut ids = Vec::new();
    while open.status().room == Room::HasRoom {
        let answers = open.append_records((0..50).map(|n| sized_record(n, 30_000)));
        ids.extend(answers.into_iter().flatten());
    }
    let refused: Vec<_> = ids[..60].iter().map(|id| (*id, "refused".to_owned())).collect();
    open.release(Vec::new(), refused).unwrap();
    let status = open.status();
    assert_eq!((status.quarantined_rows, status.rows), (60, ids.len() as u64 - 60));
    assert_eq!(status.totals.missing_rows, 0);
}

#[test]
fn the_disk_gets_its_room_back_when_the_spool_is_drained() {
    let fixture = Fixture::new();
    let open = fixture.open();
    let rows = open.append_records((0..400).map(|n| sized_record(n, 40_000)));
    assert!(rows.iter().all(Result::is_ok));
    assert!(open.status().file_bytes > 16 << 20);
    open.drain();
    open.wait_for("the room", |status| status.file_bytes < SEGMENT + (2 << 20));
    assert_eq!(folder_bytes(fixture.dir()), open.status().file_bytes);
    assert_eq!(open.store(0..3).len(), 3);
}

#[test]
fn an_emptied_spool_uses_half_a_segment_at_most() {
    let (fixture, half) = (Fixture::new(), SEGMENT / 2);
    let open = fixture.open();
    let empty = open.status().used_bytes;
    open.append_records((0..19).map(|n| sized_record(n, 100_000)));
    open.drain();
    let used = open.status().used_bytes - empty;
    assert!((1_900_000..half).contains(&used), "{used}");
    open.append_records((19..22).map(|n| sized_record(n, 100_000)));
    open.drain();
    open.wait_for("the room", |status| status.used_bytes == empty);
}

#[test]
fn a_limit_without_room_for_rows_is_refused() {
    let fixture = Fixture::new();
    let error = open(fixture.dir(), LEAST_LIMIT - 1).err().unwrap();
    assert!(matches!(error, SpoolError::LimitTooSmall { .. }));
    let open = open(fixture.dir(), LEAST_LIMIT).unwrap();
    assert_eq!(open.status().room, Room::HasRoom);
}
