//! Inputs by chance.
//!
//! Promise: each of the corpus comes once as it is; every later one is one of them after a few edits, or
//! two of them spliced. It does not learn: `cargo fuzz` does.

use fastrand::Rng;
use std::path::Path;
use std::{fs, io};

/// The longest input, in bytes.
const LONGEST: usize = 4096;
/// The most edits of one input.
const EDITS: usize = 6;
/// Bytes that mean something to one of the targets.
const TELLING: &[u8] =
    b"\"\\{}[]:,0123456789-+eE. \t\r\n=$/uabdtrfnlse\0\x1f\x7f\xc3\xa9\xef\xbb\xbf\xff";

/// Makes inputs of a corpus.
pub(crate) struct Mutator {
    corpus: Vec<Vec<u8>>,
    /// How many of the corpus have come as they are.
    came: usize,
    chance: Rng,
    input: Vec<u8>,
}

impl Mutator {
    /// Of the files of a folder; an error where there are none.
    pub(crate) fn of(folder: &Path, seed: u64) -> io::Result<Self> {
        let mut files: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
        files.sort_by_key(fs::DirEntry::file_name); // the same inputs again, wherever
        let corpus =
            files.iter().map(|file| fs::read(file.path())).collect::<io::Result<Vec<_>>>()?;
        if corpus.is_empty() {
            return Err(io::Error::other("an empty corpus"));
        }
        Ok(Self { corpus, came: 0, chance: Rng::with_seed(seed), input: Vec::new() })
    }

    /// The next one.
    pub(crate) fn input(&mut self) -> &[u8] {
        let Self { corpus, came, chance, input } = self;
        if let Some(input) = corpus.get(*came) {
            *came += 1;
            return input;
        }
        input.clear();
        input.extend_from_slice(&corpus[chance.usize(..corpus.len())]);
        for _ in 0..chance.usize(1..=EDITS) {
            edit(input, corpus, chance);
        }
        input.truncate(LONGEST);
        input
    }
}

fn edit(input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Rng) {
    let at = chance.usize(..=input.len());
    let end = chance.usize(at..=input.len().min(at + 16));
    match chance.u8(..7) {
        0 => drop(input.drain(at..end)),
        1 => input.insert(at, chance.u8(..)),
        2 => input.insert(at, TELLING[chance.usize(..TELLING.len())]),
        3 => input.extend_from_within(at..end),
        4 => {
            let other = &corpus[chance.usize(..corpus.len())];
            let (from, to) = (chance.usize(..=other.len()), chance.usize(..=other.len()));
            let piece = &other[from.min(to)..from.max(to)];
            drop(input.splice(at..end, piece.iter().copied()));
        }
        kind => {
            let Some(byte) = input.get_mut(at) else { return };
            *byte = if kind == 5 {
                *byte ^ (1 << chance.u8(..8))
            } else {
                TELLING[chance.usize(..TELLING.len())]
            };
        }
    }
}
