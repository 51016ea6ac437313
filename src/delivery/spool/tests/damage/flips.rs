//! One bit, at every byte of every file.

use super::*;

#[test]
fn a_flipped_bit_costs_the_record_around_it_and_nothing_else() {
    sweep(5);
}

#[test]
#[ignore = "takes minutes: a bit of every byte"]
fn a_flipped_bit_of_any_byte_costs_only_the_record_around_it() {
    sweep(1);
}

/// Of every file, each byte whose place is a multiple of `step`.
fn sweep(step: usize) {
    let sound = Sound::new();
    let places = sound.files.iter().flat_map(|(name, bytes)| {
        (0..bytes.len()).step_by(step).map(move |at| (name.as_str(), at))
    });
    let places: Vec<_> = places.collect();
    let (left, right) = places.split_at(places.len() / 2);
    std::thread::scope(|scope| {
        for half in [left, right] {
            scope.spawn(|| half.iter().for_each(|(name, at)| flip(&sound, name, *at)));
        }
    });
    eprintln!("{} flips", places.len());
}

fn flip(sound: &Sound, name: &str, at: usize) {
    let what = format!("{name}, byte {at}");
    let mut bytes = sound.files[name].clone();
    bytes[at] ^= 1 << (at / 3 % 8);
    let temp = sound.with(&BTreeMap::from([(name.to_owned(), bytes.clone())]));
    sound.assert_quarantine(temp.path(), &sound.hit(Part::Quarantine, name, &(at..at + 1)), &what);

    let drained = drain(temp.path(), &what);

    sound.assert_unaltered(&drained, &what);
    let hit = sound.hit(Part::Queue, name, &(at..at + 1));
    assert_eq!(sound.lost(&drained), hit, "{what}");
    assert_eq!(drained.missing, hit.len() as u64, "{what}");
    if name != "cursor" {
        assert_eq!(drained.given.len() + hit.len(), sound.waiting.len(), "{what}: none returns");
    }
    let kept: Vec<_> = hit.iter().map(|_| format!("{name}.damaged")).collect();
    assert_eq!(drained.kept, kept, "{what}");
    for kept in kept {
        assert!(fs::read(temp.path().join(kept)).unwrap().starts_with(&bytes[..HEADER]), "{what}");
    }
}
