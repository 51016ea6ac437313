//! What operators do to a folder: files copied, left over, or put where they do not belong.

use super::*;
use crate::delivery::spool::format::{HEADER_MAGIC, VERSION};

const FIRST: &str = "00000000000000000001.log";

#[test]
fn a_copy_of_a_segment_by_another_name_is_kept_apart() {
    let sound = Sound::new();
    for name in ["00000000000000000005.log", "00000000000000000016.log.copy", "copy of 1.log"] {
        let temp = sound.with(&BTreeMap::new());
        fs::copy(temp.path().join(FIRST), temp.path().join(name)).unwrap();
        let drained = drain(temp.path(), name);
        sound.assert_unaltered(&drained, name);
        assert_eq!((sound.lost(&drained), drained.missing), (BTreeSet::new(), 0), "{name}");
    }
}

#[test]
fn a_segment_of_another_spool_is_named_and_nothing_is_touched() {
    let (ours, theirs) = (Sound::new(), Sound::new());
    let temp = ours.with(&BTreeMap::new());
    let name = theirs.files.keys().nth(1).unwrap();
    fs::write(temp.path().join(name), &theirs.files[name]).unwrap();
    assert_refused(temp.path(), "belongs to another spool");
}

#[test]
fn a_spool_of_an_unreleased_build_is_refused_with_what_to_do() {
    let temp = memory_dir();
    fs::write(temp.path().join("spool.db"), "old").unwrap();
    assert_refused(temp.path(), "spool.db");
}

#[test]
fn a_segment_of_a_newer_version_is_named_and_left_untouched() {
    let sound = Sound::new();
    let mut bytes = sound.files[FIRST].clone();
    for at in HEADER_COPIES {
        let copy = &mut bytes[at..at + HEADER_LEN];
        assert!(copy.starts_with(HEADER_MAGIC));
        copy[8..12].copy_from_slice(&(VERSION + 1).to_le_bytes());
        let crc = crc32fast::hash(&[&copy[8..12], &copy[16..]].concat());
        copy[12..16].copy_from_slice(&crc.to_le_bytes());
    }
    let temp = sound.with(&BTreeMap::from([(FIRST.to_owned(), bytes)]));
    assert_refused(temp.path(), FIRST);
}

#[test]
fn foreign_files_are_left_alone_and_half_made_segments_removed() {
    let sound = Sound::new();
    let temp = sound.with(&BTreeMap::new());
    let half_made = temp.path().join("00000000000000000017.log.new");
    fs::write(&half_made, "half").unwrap();
    fs::write(temp.path().join("notes.txt"), "mine").unwrap();
    fs::create_dir(temp.path().join("lost+found")).unwrap();
    fs::create_dir(temp.path().join("00000000000000000003.log")).unwrap();
    let drained = drain(temp.path(), "others");
    sound.assert_unaltered(&drained, "others");
    assert_eq!((sound.lost(&drained), drained.missing), (BTreeSet::new(), 0));
    assert_eq!(fs::read(temp.path().join("notes.txt")).unwrap(), b"mine");
    assert!(!half_made.exists() && temp.path().join("00000000000000000003.log").is_dir());
}

#[test]
fn what_is_wrong_is_named_by_a_look_that_changes_nothing() {
    let sound = Sound::new();
    let sound_dir = sound.with(&BTreeMap::new());
    let verify = |dir: &Path| SpoolReader::open(dir).unwrap().verify().unwrap();
    assert_eq!(verify(sound_dir.path()), Vec::<String>::new());
    let queued = sound.frames.iter().find(|place| place.row == Some(7)).unwrap();
    let refused = sound.frames.iter().find(|place| place.part == Part::Quarantine).unwrap();
    let mut changed = sound.files.clone();
    for place in [queued, refused] {
        changed.get_mut(&place.file).unwrap()[place.bytes.end - 1] ^= 1;
    }
    let headless = &sound.segments(Part::Quarantine).pop().unwrap();
    changed.get_mut(headless).unwrap()[..HEADER].fill(0);
    let temp = sound.with(&changed);

    let faults = verify(temp.path());

    for wanted in ["record 7 is missing or damaged", "quarantined record 1 is", headless] {
        assert!(faults.iter().any(|fault| fault.contains(wanted)), "{wanted}: {faults:?}");
    }
    assert!(contents(temp.path()) == changed);
}

#[test]
fn only_damaged_rows_stay_in_the_quarantine_after_a_requeue() {
    let sound = Sound::new();
    let damaged = sound.frames.iter().find(|place| place.part == Part::Quarantine).unwrap();
    let mut bytes = sound.files[&damaged.file].clone();
    bytes[damaged.bytes.end - 1] ^= 1;
    let temp = sound.with(&BTreeMap::from([(damaged.file.clone(), bytes.clone())]));
    let mut store = open_store(temp.path()).unwrap();

    let requeued = store.requeue().unwrap();

    assert_eq!((requeued.rows, requeued.left), (sound.quarantined.len() as u64 - 1, 1));
    drop(store);
    let kept = format!("{}.damaged", damaged.file);
    let left = contents(temp.path());
    let left: Vec<_> = left.keys().filter(|name| name.contains(".quarantine")).collect();
    assert_eq!(left, [&kept]);
    assert!(fs::read(temp.path().join(kept)).unwrap().starts_with(&bytes[..damaged.bytes.end]));
}

#[test]
fn a_damaged_segment_is_kept_unchanged_when_topics_change() {
    let sound = Sound::new();
    let place = sound.frames.iter().find(|place| place.row == Some(7)).unwrap();
    let mut bytes = sound.files[&place.file].clone();
    bytes[place.bytes.end - 1] ^= 1;
    let temp = sound.with(&BTreeMap::from([(place.file.clone(), bytes.clone())]));
    let mut store = Store::open(&disk(temp.path()), SMALL).unwrap();
    store.retopic("video.events", "elsewhere").unwrap();
    drop(store);
    assert!(fs::read(temp.path().join(format!("{}.damaged", place.file))).unwrap() == bytes);

    let drained = drain(temp.path(), "another topic");

    assert_eq!((sound.lost(&drained), drained.missing), ([7].into(), 1));
    for (id, text) in drained.given {
        let before = sound.appended[&id].strip_prefix("video.events ").unwrap();
        assert_eq!(text.strip_prefix("elsewhere "), Some(before));
    }
}

/// It is not opened, for this reason, and stays as it is.
#[track_caller]
fn assert_refused(dir: &Path, why: &str) {
    let before = contents(dir);
    let error = open(dir, AMPLE).err().unwrap();
    let SpoolError::Files { fault, .. } = &error else { panic!("{error:?}") };
    assert!(fault.chain().contains(why), "{}", fault.chain());
    assert!(error.is_configuration(), "another start changes nothing");
    assert!(SpoolReader::open(dir).is_err());
    assert!(contents(dir) == before);
}
