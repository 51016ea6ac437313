//! Other hands at the folder itself: gone, another in its place, or without its lock.
//!
//! Promise that is tried: what is answered as stored is there at the next start in that folder. What
//! other hands do to single files is tried in [`super::damage`].

use super::*;

#[test]
fn rows_stored_after_the_folder_was_removed_survive_a_restart() {
    let fixture = Fixture::new();
    let dir = fixture.dir().join("spool");
    let first = open(&dir, AMPLE).unwrap();
    fs::remove_dir_all(&dir).unwrap();

    let stored = stored(&first.append([1, 2]));
    first.close();

    assert_eq!(open(&dir, AMPLE).unwrap().status().rows, stored);
}

#[test]
fn rows_stored_after_the_folder_was_replaced_survive_a_restart() {
    let fixture = Fixture::new();
    let dir = fixture.dir().join("spool");
    let first = open(&dir, AMPLE).unwrap();
    // As when its volume is mounted late.
    fs::rename(&dir, fixture.dir().join("hidden")).unwrap();
    fs::create_dir(&dir).unwrap();

    let stored = stored(&first.append([1, 2]));
    first.close();

    assert_eq!(open(&dir, AMPLE).unwrap().status().rows, stored);
}

#[test]
fn without_its_lock_file_a_spool_still_has_one_owner() {
    let fixture = Fixture::new();
    let first = fixture.open();
    first.store([1]);
    fs::remove_file(fixture.dir().join("lock")).unwrap();
    let second = open(fixture.dir(), AMPLE);

    let by_second = second.as_ref().map_or(0, |second| stored(&second.append([2, 3])));
    let promised = 1 + stored(&first.append([4])) + by_second;
    first.close();
    drop(second);

    assert_eq!(fixture.open().read_all().len() as u64, promised);
}

fn stored(answers: &[Result<RowId, AppendError>]) -> u64 {
    answers.iter().filter(|answer| answer.is_ok()).count() as u64
}
