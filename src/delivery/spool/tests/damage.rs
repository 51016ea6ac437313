//! Flipped bits and other damage of the database.

use super::*;
use crate::delivery::spool::reader::{Part, SpoolReader};
use crate::delivery::spool::rescue::{Rescued, Rest};
use crate::delivery::spool::store::Store;
use crate::delivery::spool::wal::PAGE;
use std::os::unix::fs::FileExt as _;

const ROWS: usize = 400;

/// A folder of a bridge that was stopped, with rows of all sizes.
fn stopped() -> (TempDir, BTreeMap<RowId, String>) {
    let fixture = Fixture::new();
    let open = fixture.open();
    let size = |number| match number % 40 {
        7 => 5000,
        13 => 20_000,
        _ => 300,
    };
    for commit in 0..ROWS / 50 {
        open.append_records((0..50).map(|n| commit * 50 + n).map(|n| sized_record(n, size(n))));
    }
    let refused = (1..=5).map(|id| (RowId(id * 10), "refused".to_owned())).collect();
    open.release((1..=5).map(RowId).collect(), refused).unwrap();
    let rows = open.read_all();
    open.close();
    (fixture.temp, rows)
}

fn with_database(from: &Path, change: impl FnOnce(&mut Vec<u8>)) -> TempDir {
    let temp = memory_dir();
    copy(from, temp.path());
    let path = temp.path().join("spool.db");
    let mut db = fs::read(&path).unwrap();
    change(&mut db);
    fs::write(path, db).unwrap();
    temp
}

/// Reads and releases all there is, and checks that nothing is altered, and nothing missing that is
/// not counted. Gives the number of rows that are lost.
fn account(open: &Open, rows: &BTreeMap<RowId, String>, what: &str) -> u64 {
    let found = open.read_all();
    for (id, text) in &found {
        let released = id.0 <= 5 || (id.0 <= 50 && id.0 % 10 == 0);
        assert!(released || rows.get(id) == Some(text), "{what}: row {id} is altered");
    }
    open.drain();
    let (status, totals) = (open.status(), open.status().totals);
    assert_eq!(status.rows, 0, "{what}");
    let missing = rows.keys().filter(|id| !found.contains_key(id)).count() as u64;
    let counted = totals.set_aside_rows + totals.missing_rows;
    assert!(missing <= counted, "{what}: {missing} rows are missing, {totals:?}");
    missing
}

/// Flips a random bit at each place, one at a time, and checks what comes of it.
fn flip(places: impl Fn(usize, &mut fastrand::Rng) -> Vec<usize>, seed: u64) {
    let (stopped, rows) = stopped();
    let len = fs::read(stopped.path().join("spool.db")).unwrap().len();
    let mut random = fastrand::Rng::with_seed(seed);
    for at in places(len, &mut random) {
        let bit = random.u32(0..8);
        let flipped = with_database(stopped.path(), |db| db[at] ^= 1 << bit);
        let what = format!("seed {seed}, bit {bit} of byte {at}");
        let open = open(flipped.path(), AMPLE).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let missing = account(&open, &rows, &what);
        assert!(missing <= 16, "{what} took {missing} rows");
        assert_eq!(open.status().room, Room::HasRoom, "{what}");
        open.store(500..501);
    }
}

#[test]
fn a_bit_that_flips_anywhere_in_the_database_alters_no_row_and_loses_none_silently() {
    // The header, the heads of the first pages, and anywhere.
    let places = |len: usize, random: &mut fastrand::Rng| {
        let heads = (0..6).flat_map(|page| page * PAGE..page * PAGE + 24);
        let header = (16..100).step_by(2);
        header.chain(heads.step_by(3)).chain((0..60).map(|_| random.usize(0..len))).collect()
    };
    flip(places, 11);
}

#[test]
#[ignore = "takes minutes: thousands of bits"]
fn thousands_of_bits_that_flip_in_the_database_alter_no_row_and_lose_none_silently() {
    for seed in 0..40 {
        let anywhere = |len: usize, random: &mut fastrand::Rng| {
            (0..100).map(|_| random.usize(0..len)).collect()
        };
        flip(anywhere, seed);
    }
    let first_pages = |_: usize, _: &mut fastrand::Rng| (0..6 * PAGE).step_by(7).collect();
    flip(first_pages, 100);
}

#[test]
fn a_damaged_row_is_set_aside_with_the_reason_and_never_given_out() {
    let (stopped, rows) = stopped();
    let flipped = with_database(stopped.path(), |db| {
        let text = b"{\"number\":77,";
        let at = db.windows(text.len()).position(|window| window == text).unwrap();
        db[at + 20] ^= 4;
    });
    let open = open(flipped.path(), AMPLE).unwrap();
    let found = open.read_all();
    assert_eq!(found.len(), rows.len() - 1);
    let status = open.status();
    assert_eq!((status.set_aside_rows, status.totals.set_aside_rows), (6, 1));
    assert_eq!(status.totals.set_aside_files, 0);
    let reader = SpoolReader::open(flipped.path()).unwrap();
    let aside = reader.rows(Part::SetAside, None, NonZeroUsize::MAX).unwrap();
    let damaged = aside.last().unwrap();
    assert_eq!(damaged.id, 78);
    assert!(damaged.fault.is_some() && damaged.value.starts_with(b"{\"number\":77,"));
    assert_eq!(damaged.set_aside.as_ref().unwrap().1, "the row does not match its checksum");
}

#[test]
fn verify_names_what_is_wrong_and_changes_nothing() {
    let (stopped, _) = stopped();
    let verify = |dir: &Path| SpoolReader::open(dir).unwrap().verify().unwrap();
    assert_eq!(verify(stopped.path()), Vec::<String>::new());
    let flipped = with_database(stopped.path(), |db| {
        let text = b"{\"number\":77,";
        let at = db.windows(text.len()).position(|window| window == text).unwrap();
        db[at + 20] ^= 4;
    });
    assert_eq!(verify(flipped.path()), ["row 78: the row does not match its checksum"]);
    let torn = with_database(stopped.path(), |db| {
        let pages = db.len() / PAGE;
        db[pages / 2 * PAGE..(pages / 2 + 4) * PAGE].fill(0xa5);
    });
    let before = fs::read(torn.path().join("spool.db")).unwrap();
    assert!(!verify(torn.path()).is_empty());
    assert_eq!(fs::read(torn.path().join("spool.db")).unwrap(), before);
}

#[test]
fn damaged_rows_stay_aside_when_the_others_go_back() {
    let (stopped, _) = stopped();
    let flipped = with_database(stopped.path(), |db| {
        let text = b"{\"number\":9,";
        // As a row that was set aside: the first rows were moved there.
        for at in 0..db.len() - text.len() {
            if db[at..].starts_with(text) {
                db[at + 20] ^= 4;
            }
        }
    });
    let requeued = requeue::requeue(flipped.path()).unwrap();
    assert_eq!((requeued.rows, requeued.left), (4, 1));
}

#[test]
fn a_file_that_is_no_database_is_moved_aside_and_the_spool_goes_on() {
    let (stopped, rows) = stopped();
    let broken = with_database(stopped.path(), |db| db[..16].copy_from_slice(b"not a database!!"));
    let bytes = fs::read(broken.path().join("spool.db")).unwrap();
    let open = open(broken.path(), AMPLE).unwrap();
    assert_eq!((open.status().set_aside_files, open.status().totals.set_aside_files), (1, 1));
    assert_eq!(open.read_all(), rows);
    assert_eq!(open.status().totals.taken_over, rows.len() as u64);
    assert_eq!(open.status().set_aside_rows, 5, "those are taken over as well");
    let kept = files(broken.path(), "spool.db.damaged-");
    assert_eq!(fs::read(broken.path().join(&kept[0])).unwrap(), bytes);
    let new = open.store(500..501);
    assert!(new.iter().all(|id| rows.keys().all(|old| id > old)), "numbers go on");
}

#[test]
fn pages_that_are_overwritten_cost_their_rows_and_are_counted() {
    let (stopped, rows) = stopped();
    let torn = with_database(stopped.path(), |db| {
        let pages = db.len() / PAGE;
        db[pages / 2 * PAGE..(pages / 2 + 4) * PAGE].fill(0xa5);
    });
    let open = open(torn.path(), AMPLE).unwrap();
    let missing = account(&open, &rows, "four pages");
    assert!((1..40).contains(&missing), "{missing}");
    assert!(open.status().totals.missing_rows >= missing);
    open.store(500..501);
}

#[test]
fn a_file_that_is_cut_off_keeps_the_rows_in_front_of_the_cut() {
    let (stopped, rows) = stopped();
    let len = fs::metadata(stopped.path().join("spool.db")).unwrap().len();
    for cut in [0, 1, 99, 4095, 4096, 12_288, len / 2, len - 4096, len - 1] {
        let cut_off =
            with_database(stopped.path(), |db| db.truncate(usize::try_from(cut).unwrap()));
        let open = open(cut_off.path(), AMPLE).unwrap();
        assert!(cut > len / 2 || open.status().totals.set_aside_files == 1, "cut at {cut}");
        if cut < 12_288 {
            // Nothing says how many rows there were; the file is counted, and the log says so.
            continue;
        }
        let missing = account(&open, &rows, &format!("cut at {cut}"));
        if cut >= len - 4096 {
            assert!(missing < 20, "cut at {cut}: {missing}");
        }
    }
}

#[test]
fn damage_that_shows_while_the_bridge_runs_is_repaired_in_passing() {
    let fixture = Fixture::new();
    let open = fixture.open();
    // More than the cache holds, so that pages are read again, and moved out of the log.
    for commit in 0..20 {
        open.append_records((0..8).map(|n| sized_record(commit * 8 + n, 64 << 10)));
    }
    open.store(1000..1500);
    open.wait_for("the rows", |status| status.rows == 660);
    let db = fs::OpenOptions::new().read(true).write(true).open(fixture.dir().join("spool.db"));
    let db = db.unwrap();
    let pages = usize::try_from(db.metadata().unwrap().len()).unwrap() / PAGE;
    for page in (5..pages).step_by(7) {
        db.write_all_at(&[0xff; 64], (page * PAGE) as u64).unwrap();
    }
    // The descriptor stays open: to close it would drop SQLite's locks in this process.
    let found = open.read_all();
    let status = open.status();
    assert_eq!((status.totals.set_aside_files, &status.room), (1, &Room::HasRoom));
    let lost = 660 - found.len() as u64;
    assert!(lost <= status.totals.missing_rows + status.totals.set_aside_rows, "{status:?}");
    assert!(found.len() > 100, "{}", found.len());
    let new = open.store(2000..2001);
    assert!(found.keys().all(|id| *id < new[0]));
    drop(db);
}

#[test]
fn a_rescue_ends_when_its_time_is_up_and_goes_on_at_the_next_opening() {
    let (stopped, rows) = stopped();
    let folder = Folder::at(stopped.path());
    let unread = aside::move_aside(&folder).unwrap();
    connection::create(&folder, 0).unwrap();
    let mut store = Store::open(&folder).unwrap();
    let now = Instant::now();
    let rescued = rescue::take_over(&mut store, &unread, None, now).unwrap();
    assert_eq!(rescued, Rescued { rows: 0, rest: Rest::NoTime });
    assert_eq!(store.state().rows, 0);
    store.give_up();
    let open = open(stopped.path(), AMPLE).unwrap();
    assert_eq!(open.read_all(), rows);
    assert!(files(stopped.path(), "spool.db.unread-").is_empty());
    assert_eq!((open.status().set_aside_files, open.status().totals.missing_rows), (1, 0));
}

#[test]
fn files_that_other_hands_remove_are_noticed() {
    let fixture = Fixture::new();
    let open = fixture.open();
    open.store(0..10);
    fs::remove_file(fixture.dir().join("spool.db-wal")).unwrap();
    // Told before it is noticed, and saved when it is.
    open.store(10..20);
    open.wait_for("the spool", |status| status.room == Room::HasRoom);
    assert_eq!((open.read_all().len(), open.status().totals.missing_rows), (20, 0));
    open.store(20..25);
    for name in files(fixture.dir(), "spool.db") {
        fs::remove_file(fixture.dir().join(name)).unwrap();
    }
    open.append(25..26);
    open.wait_for("the count", |status| status.totals.missing_rows >= 25);
    open.wait_for("the spool", |status| status.room == Room::HasRoom);
    open.store(30..31);
    assert!(fixture.dir().join("spool.db").exists());
}
