//! The -wal: torn tails, flipped bits, and what stands behind them.

use super::*;
use crate::delivery::spool::wal::{FRAME, HEADER, Walk, walk};

/// A folder as a killed bridge leaves it: rows in the log alone, several commits of several rows,
/// some rows released.
fn killed() -> (TempDir, BTreeMap<RowId, String>) {
    let fixture = Fixture::new();
    let open = fixture.open();
    for commit in 0..12 {
        open.store(commit * 4..commit * 4 + 4);
    }
    open.release(vec![RowId(1), RowId(2), RowId(3)], Vec::new()).unwrap();
    let rows = open.read_all();
    assert_eq!(rows.len(), 45);
    let killed = tempfile::tempdir().unwrap();
    copy(fixture.dir(), killed.path());
    (killed, rows)
}

fn with_log(from: &Path, change: impl FnOnce(&mut Vec<u8>)) -> TempDir {
    let temp = memory_dir();
    copy(from, temp.path());
    // The index does not survive a crash of the machine.
    fs::remove_file(temp.path().join("spool.db-shm")).unwrap();
    let path = temp.path().join("spool.db-wal");
    let mut log = fs::read(&path).unwrap();
    change(&mut log);
    fs::write(path, log).unwrap();
    temp
}

#[test]
fn the_log_of_a_killed_bridge_is_sound_and_its_rows_are_all_there() {
    let (killed, rows) = killed();
    let log = killed.path().join("spool.db-wal");
    let frames = (fs::metadata(&log).unwrap().len() - HEADER as u64) / FRAME as u64;
    assert_eq!(walk(&log).unwrap(), Walk::Sound { frames });
    let open = open(killed.path(), AMPLE).unwrap();
    assert_eq!(open.read_all(), rows);
    assert_eq!(open.status().totals, Totals::default());
}

#[test]
fn the_last_commit_has_a_frame_behind_it_that_repeats_its_last() {
    let (killed, _) = killed();
    let log = fs::read(killed.path().join("spool.db-wal")).unwrap();
    let frames: Vec<_> = log[HEADER..].chunks_exact(FRAME).collect();
    let [.., last, repeated] = frames.as_slice() else { panic!("there are more frames") };
    assert_eq!(last[..8], repeated[..8], "page and size after the commit");
    assert_eq!(last[24..], repeated[24..]);
}

#[test]
fn a_tail_that_is_torn_anywhere_takes_whole_commits_and_is_no_damage() {
    let (killed, rows) = killed();
    let len = fs::read(killed.path().join("spool.db-wal")).unwrap().len();
    let near_frames = (0..len / FRAME).flat_map(|frame| {
        let end = HEADER + frame * FRAME;
        [end.saturating_sub(1), end, end + 1, end + 24, end + 25]
    });
    let mut cuts: Vec<_> = (0..len).step_by(len / 40).chain(near_frames).collect();
    cuts.extend([0, 1, HEADER - 1, HEADER, len - 1, len]);
    let mut fewest = usize::MAX;
    for cut in cuts {
        let torn = with_log(killed.path(), |log| log.truncate(cut));
        assert!(!matches!(walk(&torn.path().join("spool.db-wal")).unwrap(), Walk::Damaged { .. }));
        let open = open(torn.path(), AMPLE).unwrap();
        let status = open.status();
        assert_eq!((status.totals, status.set_aside_files), (Totals::default(), 0), "cut at {cut}");
        let found = open.read_all();
        assert_eq!(found.len() as u64, status.rows);
        // The first rows were released by the last commit, so they may be there again.
        assert!(found.iter().all(|(id, text)| id.0 <= 3 || rows.get(id) == Some(text)));
        let ids: Vec<_> = found.keys().map(|id| id.0).collect();
        assert!(ids.windows(2).all(|pair| pair[0] + 1 == pair[1]), "cut at {cut}: {ids:?}");
        assert!(ids.first().is_none_or(|first| [1, 4].contains(first)));
        fewest = fewest.min(found.len());
    }
    assert_eq!(fewest, 0);
}

#[test]
fn leftovers_of_an_earlier_generation_are_no_damage() {
    let fixture = Fixture::new();
    let open = fixture.open();
    // Over the length at which the log is moved into the database and written from its beginning.
    for commit in 0..12 {
        open.append_records((0..4).map(|n| sized_record(commit * 4 + n, 128 << 10)));
    }
    open.store(100..104);
    let killed = tempfile::tempdir().unwrap();
    copy(fixture.dir(), killed.path());
    let log = killed.path().join("spool.db-wal");
    let frames = (fs::metadata(&log).unwrap().len() - HEADER as u64) / FRAME as u64;
    let Walk::Sound { frames: sound } = walk(&log).unwrap() else { panic!("no damage was done") };
    assert!(sound < frames, "{sound} of {frames}");
    let reopened = super::open(killed.path(), AMPLE).unwrap();
    assert_eq!(reopened.read_all(), open.read_all());
    assert_eq!(reopened.status().set_aside_files, 0);
}

#[test]
fn a_bit_that_flips_anywhere_in_the_log_takes_no_row_and_is_reported() {
    let (killed, rows) = killed();
    let len = fs::read(killed.path().join("spool.db-wal")).unwrap().len();
    let mut random = fastrand::Rng::with_seed(7);
    let heads = (0..HEADER).step_by(3).chain((0..6).flat_map(|frame| {
        let start = HEADER + frame * FRAME;
        (start..start + 24).step_by(4)
    }));
    let spots: Vec<_> = heads.chain((0..60).map(|_| random.usize(HEADER..len))).collect();
    let last_frame = len - FRAME;
    for at in spots {
        let flipped = with_log(killed.path(), |log| log[at] ^= 1 << random.u32(0..8));
        let open = open(flipped.path(), AMPLE).unwrap();
        let totals = open.status().totals;
        let found = open.read_all();
        if at >= last_frame {
            // The repeated frame: the commit it repeats is whole.
            assert_eq!((&found, totals), (&rows, Totals::default()), "byte {at}");
            continue;
        }
        assert_eq!((totals.set_aside_files, open.status().set_aside_files), (1, 1), "byte {at}");
        let missing = rows.iter().filter(|(id, text)| found.get(*id) != Some(*text)).count() as u64;
        assert!(missing <= totals.missing_rows, "byte {at}: {missing} of {totals:?}");
        // A row lies in several frames, or behind the damage, or in the database.
        assert!(missing <= 1, "byte {at}: {missing} rows are lost");
        let strange = found.keys().filter(|id| !rows.contains_key(id));
        assert!(strange.into_iter().all(|id| id.0 <= 3), "only released rows may come back");
        assert_eq!(open.status().room, Room::HasRoom);
        open.store(500..501);
    }
}

#[test]
fn a_damaged_log_is_kept_as_it_was() {
    let (killed, _) = killed();
    let flipped = with_log(killed.path(), |log| log[HEADER + 2 * FRAME + 1000] ^= 1);
    let log = fs::read(flipped.path().join("spool.db-wal")).unwrap();
    let db = fs::read(flipped.path().join("spool.db")).unwrap();
    drop(open(flipped.path(), AMPLE).unwrap());
    let kept = files(flipped.path(), "spool.db.damaged-");
    assert_eq!(kept.len(), 2);
    assert_eq!(fs::read(flipped.path().join(&kept[0])).unwrap(), db);
    assert_eq!(kept[1], format!("{}-wal", kept[0]));
    assert_eq!(fs::read(flipped.path().join(&kept[1])).unwrap(), log);
    // It is not taken over a second time.
    let again = open(flipped.path(), AMPLE).unwrap().status();
    assert_eq!((again.set_aside_files, again.totals), (1, Totals::default()));
}

#[test]
fn a_log_without_its_database_is_damage_and_gives_its_rows() {
    let (killed, rows) = killed();
    for change in [fs::remove_file, |path: PathBuf| fs::write(path, "")] {
        let alone = with_log(killed.path(), |_| {});
        change(alone.path().join("spool.db")).unwrap();
        let open = open(alone.path(), AMPLE).unwrap();
        assert_eq!(open.status().totals.set_aside_files, 1);
        assert_eq!(open.read_all(), rows);
    }
}
