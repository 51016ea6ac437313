//! More than bits: blocks, pages and files that are overwritten, cut off or gone.

use super::*;
use fastrand::Rng;

/// Bytes that disks lose at once.
const BLOCKS: [usize; 3] = [512, 1024, 4096];
/// From one tried place to the next.
const STRIDE: usize = 56;

#[test]
fn an_overwritten_block_costs_the_records_under_it() {
    let sound = Sound::new();
    let mut random = Rng::with_seed(7);
    for name in segments_before_the_last(&sound) {
        let len = sound.files[&name].len();
        for (at, block) in (HEADER..len).step_by(STRIDE).flat_map(|at| BLOCKS.map(|b| (at, b))) {
            let end = len.min(at + block);
            let (mut zeros, mut noise) = (sound.files[&name].clone(), sound.files[&name].clone());
            zeros[at..end].fill(0);
            noise[at..end].fill_with(|| random.u8(..));
            for bytes in [zeros, noise] {
                costs(&sound, &name, Some(bytes), &sound.hit(Part::Queue, &name, &(at..end)), &at);
            }
        }
    }
}

#[test]
fn a_block_overwritten_by_a_later_one_costs_its_own_records() {
    let sound = Sound::new();
    for name in segments_before_the_last(&sound) {
        let whole = &sound.files[&name];
        for (at, block) in
            (HEADER..whole.len()).step_by(STRIDE).flat_map(|at| BLOCKS.map(|b| (at, b)))
        {
            for from in (at + block..(whole.len() + 1).saturating_sub(block)).step_by(STRIDE) {
                let mut bytes = whole.clone();
                bytes.copy_within(from..from + block, at);
                let hit = sound.hit(Part::Queue, &name, &(at..at + block));
                costs(&sound, &name, Some(bytes), &hit, &(at, from, block));
            }
        }
    }
}

#[test]
fn a_truncated_segment_costs_the_records_behind_the_cut() {
    let sound = Sound::new();
    for name in segments_before_the_last(&sound) {
        let whole = &sound.files[&name];
        for at in
            [0, 20, 100, 4096, 4136, 8191].into_iter().chain((HEADER..whole.len()).step_by(STRIDE))
        {
            let hit = sound.hit(Part::Queue, &name, &(at / STEP * STEP..usize::MAX));
            costs(&sound, &name, Some(whole[..at].to_vec()), &hit, &at);
        }
    }
}

#[test]
fn a_segment_without_its_headers_costs_its_records_and_is_kept() {
    let sound = Sound::new();
    for name in &sound.segments(Part::Queue) {
        let mut bytes = sound.files[name].clone();
        bytes[..HEADER].fill(0);
        let hit = sound.hit(Part::Queue, name, &(0..usize::MAX));
        let temp = costs(&sound, name, Some(bytes.clone()), &hit, &"no header");
        assert!(fs::read(temp.path().join(format!("{name}.damaged"))).unwrap() == bytes);
    }
}

#[test]
fn a_block_with_one_header_or_one_slot_costs_no_record() {
    let sound = Sound::new();
    for (name, whole) in &sound.files {
        for start in HEADER_COPIES {
            let mut bytes = whole.clone();
            bytes[start..start + 4096].fill(0);
            costs(&sound, name, Some(bytes), &BTreeSet::new(), &start);
        }
    }
}

#[test]
fn a_segment_with_noise_from_a_record_to_its_end_is_kept() {
    let sound = Sound::new();
    for name in segments_before_the_last(&sound) {
        let places = sound.frames.iter().filter(|place| place.file == name && place.row.is_some());
        for start in places.map(|place| place.bytes.start) {
            let mut bytes = sound.files[&name].clone();
            bytes[start..].fill(0xa5);
            let hit = sound.hit(Part::Queue, &name, &(start..usize::MAX));
            let temp = costs(&sound, &name, Some(bytes), &hit, &start);
            assert!(hit.is_empty() || temp.path().join(format!("{name}.damaged")).exists());
        }
    }
}

#[test]
fn a_missing_segment_costs_its_records_and_they_are_counted() {
    let sound = Sound::new();
    for name in segments_before_the_last(&sound).into_iter().skip(1) {
        costs(&sound, &name, None, &sound.hit(Part::Queue, &name, &(0..usize::MAX)), &"gone");
    }
}

#[test]
fn a_missing_last_segment_costs_its_records_without_a_count() {
    let sound = Sound::new();
    let name = sound.segments(Part::Queue).pop().unwrap();
    let temp = sound.with(&BTreeMap::new());
    fs::remove_file(temp.path().join(&name)).unwrap();
    let drained = drain(temp.path(), "the last one is gone");
    sound.assert_unaltered(&drained, "the last one is gone");
    assert_eq!(sound.lost(&drained), sound.hit(Part::Queue, &name, &(0..usize::MAX)));
    assert_eq!(drained.missing, 0);
}

#[test]
fn a_spool_without_its_cursor_repeats_all_and_loses_nothing() {
    let sound = Sound::new();
    let whole = &sound.files["cursor"];
    let mut random = Rng::with_seed(3);
    let mut noise = whole.clone();
    noise.fill_with(|| random.u8(..));
    let cases = [None, Some(Vec::new()), Some(vec![0; whole.len()]), Some(noise)];
    for bytes in cases.into_iter().chain((0..40).map(|at| Some(whole[..at].to_vec()))) {
        costs(&sound, "cursor", bytes, &BTreeSet::new(), &"the cursor");
    }
}

#[test]
fn a_damaged_quarantine_costs_its_records_and_the_queue_none() {
    let sound = Sound::new();
    for name in &sound.segments(Part::Quarantine) {
        let len = sound.files[name].len();
        for at in (HEADER..len).step_by(STRIDE) {
            let end = len.min(at + 200);
            let mut bytes = sound.files[name].clone();
            bytes[at..end].fill(0xff);
            let temp = sound.with(&BTreeMap::from([(name.clone(), bytes)]));
            let what = format!("{name} from {at}");
            let hit = sound.hit(Part::Quarantine, name, &(at..end));
            // The commit behind the last one shows it.
            let last = sound.frames.iter().rfind(|place| place.file == *name).unwrap();
            if hit.is_empty() || last.bytes.start >= end {
                sound.assert_quarantine(temp.path(), &hit, &what);
            }
            let drained = drain(temp.path(), &what);
            sound.assert_unaltered(&drained, &what);
            assert_eq!((sound.lost(&drained), drained.missing), (BTreeSet::new(), 0), "{what}");
        }
    }
}

/// With this in the place of a file, exactly these rows are lost, and counted.
#[track_caller]
fn costs(
    sound: &Sound,
    name: &str,
    bytes: Option<Vec<u8>>,
    hit: &BTreeSet<u64>,
    how: &dyn fmt::Debug,
) -> TempDir {
    let what = format!("{name}, {how:?}");
    let is_gone = bytes.is_none();
    let temp = sound.with(&bytes.map(|bytes| (name.to_owned(), bytes)).into_iter().collect());
    if is_gone {
        fs::remove_file(temp.path().join(name)).unwrap();
    }
    let drained = drain(temp.path(), &what);
    sound.assert_unaltered(&drained, &what);
    assert_eq!(sound.lost(&drained), *hit, "{what}");
    assert_eq!(drained.missing, hit.len() as u64, "{what}");
    temp
}

fn segments_before_the_last(sound: &Sound) -> Vec<String> {
    let mut names = sound.segments(Part::Queue);
    names.pop();
    names
}
