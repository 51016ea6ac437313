//! A last segment that ends too early, as a power cut before its sync leaves it: nothing in it was
//! promised, so nothing is missing.

use super::*;

/// Lengths in front of the frames, where nothing is but the two headers.
const HEADER_STEP: usize = 64;

#[test]
fn the_front_of_a_cut_last_segment_is_read_and_none_missing() {
    at_each_length(|bytes, at| {
        bytes.truncate(at);
        // A frame needs its padding.
        at / STEP * STEP
    });
}

#[test]
fn the_front_of_a_zeroed_last_segment_is_read_and_none_missing() {
    at_each_length(|bytes, at| {
        let changed = bytes[at..].iter().position(|byte| *byte != 0);
        bytes[at..].fill(0);
        changed.map_or(bytes.len(), |changed| at + changed)
    });
}

/// Takes away what is behind each place of the last segment; `tear` says from where on it has.
fn at_each_length(tear: impl Fn(&mut Vec<u8>, usize) -> usize) {
    let sound = Sound::new();
    let name = sound.segments(Part::Queue).pop().unwrap();
    let used = sound.frames.iter().filter(|place| place.file == name);
    let used = used.map(|place| place.bytes.end).max().unwrap();
    for at in (0..HEADER).step_by(HEADER_STEP).chain(HEADER..used + 2 * FRAME) {
        let what = format!("{name} up to byte {at}");
        let mut bytes = sound.files[&name].clone();
        let from = tear(&mut bytes, at);
        let torn = sound.hit(Part::Queue, &name, &(from..usize::MAX));
        let temp = sound.with(&BTreeMap::from([(name.clone(), bytes)]));

        let (after, appended) = append_behind(temp.path());
        let drained = drain(temp.path(), &what);

        assert_eq!((after, drained.missing), (0, 0), "{what}");
        let (given, behind): (Texts, Texts) =
            drained.given.into_iter().partition(|(_, text)| !appended.values().any(|t| t == text));
        assert!(behind == appended, "{what}: what was appended behind it is there");
        let drained = Drained { given, ..drained };
        sound.assert_unaltered(&drained, &what);
        assert_eq!(sound.lost(&drained), torn, "{what}");
    }
}

/// Appends to what is left, and gives what was counted as missing then.
fn append_behind(dir: &Path) -> (u64, Texts) {
    let mut store = open_store(dir).unwrap();
    let mut appended = Texts::new();
    append(&mut store, (50..53).map(|n| sized_record(n, 200)), &mut appended);
    append(&mut store, (53..54).map(|n| sized_record(n, 200)), &mut appended);
    (store.status(Room::HasRoom).totals.missing_rows, appended)
}
