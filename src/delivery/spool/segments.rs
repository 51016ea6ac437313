//! The segments of a folder by their names, and what their headers say.
//!
//! It looks and judges, and changes nothing.

use crate::delivery::spool::disk::{Disk, FolderEntry, OpenFor};
use crate::delivery::spool::disk_fault::{DiskFault, is_unreadable};
use crate::delivery::spool::format::{FRAME, HEADER, HEADER_COPIES, HEADER_LEN, STEP, VERSION};
use crate::delivery::spool::frame::{Head, Header, Kind, ParsedHeader, Salt};
use crate::delivery::spool::frames::{Frames, OnError};
use crate::delivery::spool::part::Part;
use crate::delivery::spool::walk::Walk;
use std::io;
use std::ops::Range;

/// How often it is read what the disk does not give, before it is done without.
const TRIES: u32 = 5;

/// What the name of a segment that is being made ends with.
pub(super) const NEW: &str = ".new";
/// What the name of one ends with in which something did not check.
pub(super) const DAMAGED: &str = ".damaged";
/// What is to be done with it.
const EARLIER_WHY: &str = "is a spool of an unreleased build: empty it with that build's `hookbridge \
                           spool drain`, and remove the file";
/// What is to be done with a segment that bears another number.
const FOREIGN_WHY: &str = "belongs to another spool than the files beside it: give it a folder of its \
                           own, and send what is in it with `hookbridge spool drain`";
/// What a spool of an unreleased build was kept in.
pub(super) const EARLIER: &str = "spool.db";

/// What is known of the damage of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    None,
    /// Something in it did not check.
    Seen,
    /// That too, and it is kept under a second name.
    Kept,
}

/// A segment with a sound header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) part: Part,
    /// The id of its first record.
    pub(super) first: u64,
    pub(super) salt: Salt,
    /// Bytes of the file.
    pub(super) bytes: u64,
    pub(super) damage: Damage,
}

/// The files of a folder, sorted out.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The number of the spool, if there is a segment.
    pub(super) spool: Option<u64>,
    pub(super) queue: Vec<Segment>,
    pub(super) quarantine: Vec<Segment>,
    /// Segments whose headers do not check.
    pub(super) headless: Vec<Headless>,
    /// Names of segments that were being made.
    pub(super) half_made: Vec<String>,
    /// Segments that were damaged, kept under another name.
    pub(super) damaged: Vec<FolderEntry>,
    /// Bytes of all files but the segments.
    pub(super) other_bytes: u64,
}

/// A segment that has lost its headers.
#[derive(Debug)]
pub(super) struct Headless {
    pub(super) part: Part,
    pub(super) name: String,
    /// By its name.
    pub(super) first: u64,
    pub(super) bytes: u64,
}

/// Where a last segment ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    /// The id that comes next.
    pub(super) next: u64,
    /// Where a further frame may be written, if there is nothing behind.
    pub(super) clean_from: Option<u64>,
    /// Where its last batch is, or what is left of one.
    pub(super) last_batch: Range<u64>,
}

impl Files {
    /// The id that a part begins with, as far as it is there.
    pub(super) fn first(&self, part: Part) -> u64 {
        let sound = self.of(part).first().map(|segment| segment.first);
        let headless = self.headless.iter().filter(|file| file.part == part);
        headless.map(|file| file.first).chain(sound).min().unwrap_or(1)
    }

    fn of(&self, part: Part) -> &[Segment] {
        match part {
            Part::Queue => &self.queue,
            Part::Quarantine => &self.quarantine,
        }
    }
}

impl Segment {
    /// Its name in the folder.
    pub(super) fn name(&self) -> String {
        self.part.name(self.first)
    }

    fn frames(&self, disk: &dyn Disk, on_error: OnError) -> io::Result<Frames> {
        let file = disk.open(&self.name(), OpenFor::Read)?;
        Ok(Frames::new(file, self.salt, self.bytes, on_error))
    }

    /// Its records, from the first on.
    pub(super) fn walk(&self, disk: &dyn Disk, on_error: OnError) -> io::Result<Walk> {
        Ok(Walk::new(self.frames(disk, on_error)?, self.part.kind(), self.first))
    }

    /// Where it ends, if it is the last one.
    pub(super) fn tail(&self, disk: &dyn Disk, on_error: OnError) -> io::Result<Tail> {
        let mut tries = (1..TRIES).map(|_| self.find_tail(disk, OnError::Fails));
        let whole = tries.find(|found| match found {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        });
        // What is passed over, as it cannot be read, is no sign of a power cut.
        whole.unwrap_or_else(|| self.find_tail(disk, on_error))
    }

    fn find_tail(&self, disk: &dyn Disk, on_error: OnError) -> io::Result<Tail> {
        let mut frames = self.frames(disk, on_error)?;
        let begin = HEADER as u64;
        let mut tail = Tail { next: self.first, clean_from: None, last_batch: begin..begin };
        let mut ended = false;
        // Where the last batch seems torn.
        let mut torn: Option<Tail> = None;
        while let Some(frame) = frames.next()? {
            if ended {
                // Another batch comes behind: this one was synced.
                torn = None;
            }
            if let Some(gap) = frame.gap
                && torn.is_none()
                && on_error == OnError::Fails
                && frames.is_torn(gap..frame.place.start)?
            {
                torn = Some(tail.clone());
            }
            match frame.kind {
                Kind::Commit => tail.next = tail.next.max(frame.id),
                Kind::Record | Kind::Quarantined => tail.next = tail.next.max(frame.id + 1),
            }
            let start = if ended { tail.last_batch.end } else { tail.last_batch.start };
            tail.last_batch = start..frame.place.end;
            ended = frame.kind == Kind::Commit;
        }
        if let Some(before) = torn {
            return Ok(before);
        }
        let (end, unreadable) = (tail.last_batch.end, frames.unreadable());
        if unreadable > 0 {
            tracing::error!(file = self.name(), "the end of the spool cannot be read");
            // At most this many frames are there; nothing is written behind them.
            tail.next += unreadable / FRAME as u64;
            return Ok(tail);
        }
        // One that was cut off in its headers has no place for a frame.
        tail.clean_from = (end <= self.bytes && frames.is_clean(end)?).then_some(end);
        Ok(tail)
    }
}

impl Headless {
    /// An id that no record in it can have reached, as far as its frames can be counted without the
    /// salt: all that begins like the first one counts. Of one that cannot be read, as many as have
    /// room in it.
    pub(super) fn next(&self, disk: &dyn Disk) -> io::Result<u64> {
        let room = self.bytes.saturating_sub(HEADER as u64);
        let most = self.first + room / FRAME as u64;
        let mut bytes = vec![0; usize::try_from(room).unwrap_or(0)];
        let opened = disk.open(&self.name, OpenFor::Read);
        let read = match opened.and_then(|file| file.read_at(&mut bytes, HEADER as u64)) {
            Err(error) if is_unreadable(&error) => return Ok(most),
            read => read?,
        };
        let frames = &bytes[..read];
        let Some(magic) = frames.first_chunk::<4>().filter(|magic| **magic != [0; 4]) else {
            return Ok(self.first);
        };
        let places = (0..frames.len().saturating_sub(FRAME - 1)).step_by(STEP);
        let heads = places.filter_map(|at| Head::parse(&frames[at..], *magic));
        let next = heads.map(|head| match head.kind {
            Kind::Commit => head.id,
            Kind::Record | Kind::Quarantined => head.id.saturating_add(1),
        });
        Ok(next.filter(|next| (self.first..=most).contains(next)).max().unwrap_or(self.first))
    }
}

/// A name under which a damaged file is kept, and that none has yet.
pub(super) fn kept_name(disk: &dyn Disk, name: &str) -> String {
    let names = (1..).map(|number: u32| match number {
        1 => format!("{name}{DAMAGED}"),
        _ => format!("{name}-{number}{DAMAGED}"),
    });
    // One that cannot be opened is there.
    let free = |name: &String| {
        let opened = disk.open(name, OpenFor::Read);
        opened.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    names.into_iter().find(free).expect("there are more numbers than files")
}

/// Sorts the files of a folder out. It reads a header of each segment; `on_error` says whether what
/// cannot be read counts as lost or is an error.
pub(super) fn look(disk: &dyn Disk, on_error: OnError) -> Result<Files, DiskFault> {
    let mut files = Files::default();
    let mut entries = disk.list().map_err(DiskFault::read("the folder"))?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    for FolderEntry { name, bytes } in entries {
        if name.starts_with(EARLIER) {
            return Err(unusable(name, EARLIER_WHY));
        }
        let Some((part, first)) = Part::of(&name) else {
            files.other_bytes += bytes;
            if name.ends_with(DAMAGED) {
                files.damaged.push(FolderEntry { name, bytes });
            } else if name.strip_suffix(NEW).is_some_and(|name| Part::of(name).is_some()) {
                files.half_made.push(name);
            }
            continue;
        };
        // An error may pass.
        let read = (1..TRIES).find_map(|_| {
            let read = header(disk, &name);
            read.as_ref().err().is_none_or(|error| !is_unreadable(error)).then_some(read)
        });
        let header = match read.unwrap_or_else(|| header(disk, &name)) {
            Ok(header) => header,
            // Released meanwhile, by the owner.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) if is_unreadable(&error) && on_error == OnError::IsPassedOver => {
                ParsedHeader::Invalid
            }
            Err(error) => return Err(DiskFault::read("a segment")(error)),
        };
        match header {
            ParsedHeader::OtherVersion(version) => {
                let known = format!("and this build knows version {VERSION}");
                let why = format!("is of version {version}, {known}: start the one that wrote it");
                return Err(unusable(name, &why));
            }
            ParsedHeader::Sound(header) if header.first == first => {
                if *files.spool.get_or_insert(header.spool) != header.spool {
                    return Err(unusable(name, FOREIGN_WHY));
                }
                let segment =
                    Segment { part, first, salt: header.salt, bytes, damage: Damage::None };
                match part {
                    Part::Queue => files.queue.push(segment),
                    Part::Quarantine => files.quarantine.push(segment),
                }
            }
            ParsedHeader::Sound(_) | ParsedHeader::Invalid => {
                files.headless.push(Headless { part, name, first, bytes });
            }
        }
    }
    Ok(files)
}

fn unusable(file: String, why: &str) -> DiskFault {
    DiskFault::Unusable { file, why: why.to_owned() }
}

/// The first copy that checks; an error only if there is none, as the disk does not give it.
fn header(disk: &dyn Disk, name: &str) -> io::Result<ParsedHeader> {
    let file = disk.open(name, OpenFor::Read)?;
    let mut found = Ok(ParsedHeader::Invalid);
    for at in HEADER_COPIES {
        let mut copy = [0; HEADER_LEN];
        match file.read_at(&mut copy, at as u64).map(|_| Header::parse(&copy)) {
            Ok(ParsedHeader::Invalid) => {}
            Ok(sound) => return Ok(sound),
            Err(error) => found = Err(error),
        }
    }
    found
}
