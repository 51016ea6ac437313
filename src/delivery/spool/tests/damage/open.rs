//! Damage that comes while the spool is open: it is met in passing, counted, and the drain goes on.

use super::*;

#[test]
fn a_byte_changed_in_an_open_spool_costs_the_record_around_it() {
    let sound = Sound::new();
    for place in sound.frames.iter().filter(|place| place.part == Part::Queue) {
        let what = format!("{place:?}");
        let temp = sound.with(&BTreeMap::new());
        let mut store = open_store(temp.path()).unwrap();
        let mut bytes = sound.files[&place.file].clone();
        bytes[place.bytes.end - 1] ^= 0x10;
        fs::write(temp.path().join(&place.file), bytes).unwrap();
        let hit = sound.hit(Part::Queue, &place.file, &place.bytes);
        assert_goes_on(&sound, &mut store, &hit, &what);
    }
}

#[test]
fn a_segment_deleted_from_an_open_spool_costs_its_records() {
    let sound = Sound::new();
    for name in &sound.segments(Part::Queue) {
        let temp = sound.with(&BTreeMap::new());
        let mut store = open_store(temp.path()).unwrap();
        fs::remove_file(temp.path().join(name)).unwrap();
        let hit = sound.hit(Part::Queue, name, &(0..usize::MAX));
        assert_goes_on(&sound, &mut store, &hit, name);
    }
}

#[test]
fn a_damaged_segment_is_kept_when_its_finder_ends_undrained() {
    let sound = Sound::new();
    let place = sound.frames.iter().find(|place| place.row == Some(10)).unwrap();
    let temp = sound.with(&BTreeMap::new());
    let mut bytes = sound.files[&place.file].clone();
    bytes[place.bytes.end - 1] ^= 0x10;
    fs::write(temp.path().join(&place.file), &bytes).unwrap();
    let mut store = open_store(temp.path()).unwrap();
    let all = Limit { rows: NonZeroUsize::new(100).unwrap(), bytes: u64::MAX };
    let rows: Vec<_> = store.read(None, all).unwrap().rows.iter().map(|row| row.id).collect();
    let (seen, others) = rows.split_at(rows.iter().position(|row| row.0 > 10).unwrap());
    store.release(seen, &[]).unwrap();
    store.sync_cursor().unwrap();
    drop(store);

    let mut store = open_store(temp.path()).unwrap();
    store.release(others, &[]).unwrap();
    store.maintain().unwrap();

    let kept = fs::read(temp.path().join(format!("{}.damaged", place.file))).unwrap();
    assert_eq!(kept, bytes);
    assert_eq!(store.status(Room::HasRoom).quarantined_files, 1);
}

#[test]
fn appends_after_the_last_segment_was_deleted_are_not_lost() {
    let temp = tempfile::tempdir().unwrap();
    let mut store = open_store(temp.path()).unwrap();
    store.append(&[&record(1)]).unwrap();
    let last = Part::Queue.name(1);
    fs::remove_file(temp.path().join(&last)).unwrap();

    store.look_around().unwrap();
    store.append(&[&record(2)]).unwrap();
    drop(store);

    let mut store = open_store(temp.path()).unwrap();
    let all = Limit { rows: NonZeroUsize::new(100).unwrap(), bytes: u64::MAX };
    let rows = store.read(None, all).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [RowId(2)]);
    assert_eq!(store.status(Room::HasRoom).totals.missing_rows, 1);
}

#[test]
fn a_refused_row_that_changed_since_its_read_counts_as_missing() {
    let sound = Sound::new();
    let place = sound.frames.iter().find(|place| place.row == Some(10)).unwrap();
    let temp = sound.with(&BTreeMap::new());
    let mut store = open_store(temp.path()).unwrap();
    let all = Limit { rows: NonZeroUsize::new(100).unwrap(), bytes: u64::MAX };
    assert_eq!(store.read(None, all).unwrap().rows.len(), sound.waiting.len());
    let mut bytes = sound.files[&place.file].clone();
    bytes[place.bytes.end - 1] ^= 0x10;
    fs::write(temp.path().join(&place.file), bytes).unwrap();

    store.release(&[], &[(RowId(9), "no".to_owned()), (RowId(10), "no".to_owned())]).unwrap();

    let status = store.status(Room::HasRoom);
    assert_eq!((status.totals.missing_rows, status.totals.quarantined_rows), (1, 1));
    assert_eq!(status.rows, sound.waiting.len() as u64 - 2);
}

/// All but these rows are given, these are counted, and what is appended comes back.
#[track_caller]
fn assert_goes_on(sound: &Sound, store: &mut Store, hit: &BTreeSet<u64>, what: &str) {
    let mut given = Texts::new();
    take(store, &mut given, what);
    let missing = store.status(Room::HasRoom).totals.missing_rows;
    let drained = Drained { given, missing, kept: Vec::new() };
    sound.assert_unaltered(&drained, what);
    assert_eq!((&sound.lost(&drained), missing), (hit, hit.len() as u64), "{what}");
    let (mut appended, mut behind) = (Texts::new(), Texts::new());
    append(store, (100..112).map(|n| sized_record(n, 300)), &mut appended);
    take(store, &mut behind, what);
    assert!(behind == appended, "{what}: what is appended afterwards comes back");
}
