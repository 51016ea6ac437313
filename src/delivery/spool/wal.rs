//! A walk through a `-wal` file, to tell a torn tail from damage (fileformat2.html, section 4).
//!
//! `SQLite` ends its own walk at the first frame that does not check, and drops all behind it without
//! a word: right for a torn tail, wrong for a flipped bit, which takes every commit behind it along
//! (measured: one byte took 150 to 290 of 400 rows, and `integrity_check` said ok). The difference
//! is visible: a write that was cut off leaves nothing behind it, so frames of the current
//! generation (those with the salts of the header) behind a bad one mean damage. Frames with other
//! salts are leftovers of an earlier generation.
//!
//! `SQLite` repeats the last frame of a commit when it must not trust a sector to survive a cut
//! (`psow=0`); the spool asks for that, so that even the last commit has a frame behind it.
//!
//! A power cut may keep a later write and lose an earlier one, and then the walk reports damage
//! where only a commit that nobody was told of is torn: it costs a look, no row.
//! It reads; it never changes a byte.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read as _};
use std::path::Path;

/// The page size that the spool sets.
pub(super) const PAGE: usize = 4096;
/// The header of the file.
pub(super) const HEADER: usize = 32;
/// The header of a frame: page number, size after a commit, two salts, two checksums.
const FRAME_HEADER: usize = 24;
/// A frame: its header and a page.
pub(super) const FRAME: usize = FRAME_HEADER + PAGE;
/// The first four bytes; the lowest bit says in which byte order checksums read their words.
const MAGIC: u32 = 0x377f_0682;
/// The only version of the format.
const VERSION: u32 = 3_007_000;

/// What the walk found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// No file, or no whole frame in it.
    Empty,
    /// Every frame checks, up to the end or to leftovers or to a torn tail.
    Sound {
        /// How many frames check.
        frames: u64,
    },
    /// A frame does not check although later ones were written.
    Damaged {
        /// The first bad frame, from zero; none: the header of the file.
        frame: Option<u64>,
        /// Frames of the current generation behind it.
        behind: u64,
    },
}

/// Walks the file.
pub(super) fn walk(path: &Path) -> io::Result<Walk> {
    let mut file = match File::open(path) {
        Ok(file) => BufReader::with_capacity(16 * FRAME, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Walk::Empty),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    let mut frame = [0; FRAME];
    if !read(&mut file, &mut header)? || !read(&mut file, &mut frame)? {
        return Ok(Walk::Empty);
    }
    let Some(mut sum) = Checksum::of_header(&header) else {
        let mut behind = 1;
        while read(&mut file, &mut frame)? {
            behind += 1;
        }
        return Ok(Walk::Damaged { frame: None, behind });
    };
    let salts = &header[16..24];
    let mut frames = 0;
    while &frame[8..16] == salts && sum.takes(&frame) {
        frames += 1;
        if !read(&mut file, &mut frame)? {
            return Ok(Walk::Sound { frames });
        }
    }
    let mut behind = 0;
    while read(&mut file, &mut frame)? {
        behind += u64::from(&frame[8..16] == salts);
    }
    Ok(match behind {
        0 => Walk::Sound { frames },
        _ => Walk::Damaged { frame: Some(frames), behind },
    })
}

/// Fills the buffer, or says that the file ends before.
fn read(file: &mut BufReader<File>, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The checksum of a file, which runs through all its frames (section 4.2).
struct Checksum {
    sums: [u32; 2],
    word: fn([u8; 4]) -> u32,
}

impl Checksum {
    /// The checksum behind a header that is one.
    fn of_header(header: &[u8; HEADER]) -> Option<Self> {
        let word = match be(header, 0) {
            MAGIC => u32::from_le_bytes,
            magic if magic == MAGIC | 1 => u32::from_be_bytes,
            _ => return None,
        };
        let page = u32::try_from(PAGE).expect("a page size is small");
        let mut sum = Self { sums: [0; 2], word };
        sum.add(&header[..24]);
        let sound = sum.sums == [be(header, 24), be(header, 28)];
        (sound && be(header, 4) == VERSION && be(header, 8) == page).then_some(sum)
    }

    /// Adds the frame, and says whether its own checksum is the one that comes out.
    fn takes(&mut self, frame: &[u8; FRAME]) -> bool {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
        self.sums == [be(frame, 16), be(frame, 20)]
    }

    fn add(&mut self, bytes: &[u8]) {
        let [mut a, mut b] = self.sums;
        let (pairs, []) = bytes.as_chunks::<8>() else { unreachable!("pages are made of words") };
        for [a0, a1, a2, a3, b0, b1, b2, b3] in pairs.iter().copied() {
            a = a.wrapping_add((self.word)([a0, a1, a2, a3])).wrapping_add(b);
            b = b.wrapping_add((self.word)([b0, b1, b2, b3])).wrapping_add(a);
        }
        self.sums = [a, b];
    }
}

/// A number of a header: always big-endian.
fn be(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}
