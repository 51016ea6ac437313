//! A second reader of spools, written from the page of `hookbridge::delivery::spool::format` alone.
//!
//! Promise: it shares no line with the library, so that what both give is what the page says. It reads
//! a folder that nobody writes to, all of it into memory, and changes nothing.

use std::fs;
use std::ops::Range;
use std::path::Path;

/// A record, with the number under which it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) topic: String,
    pub(super) key: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) value: Vec<u8>,
    /// Unix milliseconds.
    pub(super) received: i64,
    /// When, Unix milliseconds, and why.
    pub(super) quarantined: Option<(i64, String)>,
}

/// What a part of a spool holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Ids that should be there.
    pub(super) missing: Vec<u64>,
}

struct Segment {
    first: u64,
    bytes: Vec<u8>,
    /// Spool and salt, if a header checks.
    header: Option<(u64, [u8; 8])>,
}

struct Frame {
    at: usize,
    end: usize,
    kind: u32,
    id: u64,
    payload: Range<usize>,
}

struct Slot {
    turn: u64,
    below: u64,
    ranges: Vec<(u64, u64)>,
}

const NAMES: [&str; 15] = [
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "traceparent",
    "tracestate",
    "hookbridge-user",
    "", // no number of its own
    "hookbridge-code",
    "hookbridge-detail",
    "hookbridge-errors",
    "hookbridge-rounds",
];

/// The rows that wait.
pub(super) fn queue(dir: &Path) -> Found {
    let segments = segments(dir, ".log");
    let Some(first) = segments.first().map(|segment| segment.first) else {
        return Found::default();
    };
    let spool = segments.iter().find_map(|segment| segment.header).map(|(spool, _)| spool);
    let slot = spool.and_then(|spool| cursor(dir, spool));
    walk(&segments, &slot.unwrap_or(Slot { turn: 0, below: first, ranges: Vec::new() }), 1)
}

/// The rows of the quarantine.
pub(super) fn quarantine(dir: &Path) -> Found {
    let segments = segments(dir, ".quarantine");
    let Some(first) = segments.first().map(|segment| segment.first) else {
        return Found::default();
    };
    walk(&segments, &Slot { turn: 0, below: first, ranges: Vec::new() }, 3)
}

fn segments(dir: &Path, suffix: &str) -> Vec<Segment> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut segments: Vec<_> = names
        .filter_map(|name| {
            let number = name.to_str()?.strip_suffix(suffix)?;
            let first = number.parse().ok().filter(|_| number.len() == 20)?;
            let bytes = fs::read(dir.join(&name)).unwrap();
            let header =
                [0, 4096].into_iter().find_map(|at| header(bytes.get(at..at + 40)?, first));
            Some(Segment { first, bytes, header })
        })
        .collect();
    segments.sort_by_key(|segment| segment.first);
    segments
}

fn header(bytes: &[u8], first: u64) -> Option<(u64, [u8; 8])> {
    let sound = bytes.starts_with(b"hbspool\n")
        && u32_at(bytes, 8) == 1
        && u32_at(bytes, 12) == crc(&[&bytes[8..12], &bytes[16..40]])
        && u64_at(bytes, 32) == first;
    sound.then(|| (u64_at(bytes, 16), bytes[24..32].try_into().unwrap()))
}

fn cursor(dir: &Path, spool: u64) -> Option<Slot> {
    let bytes = fs::read(dir.join("cursor")).ok()?;
    let slots = [0, 4096].into_iter().filter_map(|at| {
        let slot = bytes.get(at..(at + 4096).min(bytes.len()))?;
        let ranges = usize::try_from(u64_at(slot.get(..40)?, 32)).ok().filter(|n| *n <= 252)?;
        let slot = slot.get(..40 + 16 * ranges)?;
        let sound = slot.starts_with(b"hbcu")
            && u32_at(slot, 4) == crc(&[&slot[8..]])
            && u64_at(slot, 8) == spool;
        let ranges = slot[40..].chunks_exact(16).map(|range| (u64_at(range, 0), u64_at(range, 8)));
        let (turn, below) = (u64_at(slot, 16), u64_at(slot, 24));
        sound.then(|| Slot { turn, below, ranges: ranges.collect() })
    });
    slots.max_by_key(|slot| slot.turn)
}

fn walk(segments: &[Segment], released: &Slot, kind: u32) -> Found {
    let mut found = Found::default();
    let mut next = released.below;
    let waits =
        |id: u64| !released.ranges.iter().any(|(first, last)| (*first..=*last).contains(&id));
    for (number, segment) in segments.iter().enumerate() {
        let border = segments.get(number + 1).map(|behind| behind.first);
        let mut frames =
            segment.header.map_or(Vec::new(), |(_, salt)| frames(&segment.bytes, salt));
        if border.is_none() {
            frames.truncate(torn(&segment.bytes, &frames));
        }
        found.missing.extend((next..segment.first).filter(|id| waits(*id)));
        next = next.max(segment.first);
        let end = border.unwrap_or_else(|| frames.iter().map(next_id).max().unwrap_or(0).max(next));
        frames.retain(|frame| frame.kind == kind && frame.id < end);
        for (number, frame) in frames.iter().enumerate() {
            let left_out = next..frame.id;
            let is_misplaced = !left_out.is_empty()
                && frames[number..].iter().any(|behind| left_out.contains(&behind.id));
            if frame.id >= next && !is_misplaced {
                found.missing.extend(left_out.filter(|id| waits(*id)));
                let row = row(frame.id, &segment.bytes[frame.payload.clone()], kind);
                found.rows.extend(waits(frame.id).then_some(row));
                next = frame.id + 1;
            }
        }
        found.missing.extend((next..end).filter(|id| waits(*id)));
        next = next.max(end);
    }
    found
}

/// The id behind a record, or the one that a commit names.
fn next_id(frame: &Frame) -> u64 {
    if frame.kind == 2 { frame.id } else { frame.id + 1 }
}

fn frames(bytes: &[u8], salt: [u8; 8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = 8192;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= 24) {
        if rest[..8] == [0; 8] {
            // No frame begins with a zero; most of a segment is zeros.
            let zeros = rest.chunks_exact(512).take_while(|chunk| **chunk == [0; 512]).count();
            at += (zeros * 512).max(8);
        } else if let Some(frame) = frame(rest, at, salt) {
            at = frame.end;
            frames.push(frame);
        } else {
            at += 8;
        }
    }
    frames
}

fn frame(bytes: &[u8], at: usize, salt: [u8; 8]) -> Option<Frame> {
    let end = 24 + usize::try_from(u32_at(bytes, 8)).ok()?;
    let sound = bytes[..4] == salt[..4]
        && bytes.len() >= end.next_multiple_of(8)
        && u32_at(bytes, 4) == crc(&[&salt, &bytes[8..end]]);
    let (kind, id) = (u32_at(bytes, 12), u64_at(bytes, 16));
    sound.then(|| Frame {
        at,
        end: at + end.next_multiple_of(8),
        kind,
        id,
        payload: at + 24..at + end,
    })
}

/// How many of the last segment's frames come in front of what a power cut has torn.
fn torn(bytes: &[u8], frames: &[Frame]) -> usize {
    let is_torn = |number: &usize| {
        let gap =
            number.checked_sub(1).map_or(8192, |before| frames[before].end)..frames[*number].at;
        let unwritten = |sector: usize| {
            let from = gap.start.max(sector * 512);
            (sector + 1) * 512 <= gap.end
                && bytes[from..(sector + 1) * 512].iter().all(|byte| *byte == 0)
        };
        let commit = frames[*number..].iter().position(|frame| frame.kind == 2);
        commit.is_none_or(|commit| number + commit + 1 == frames.len())
            && (gap.start / 512..gap.end / 512).any(unwritten)
    };
    (0..frames.len()).find(is_torn).unwrap_or(frames.len())
}

fn row(id: u64, mut payload: &[u8], kind: u32) -> Row {
    let rest = &mut payload;
    let quarantined = (kind == 3).then(|| (i64_from(rest), text(rest)));
    let id = if quarantined.is_some() { u64::from_le_bytes(array(rest)) } else { id };
    let (received, topic, key) = (i64_from(rest), text(rest), text(rest));
    let headers = (0..take(rest, 1)[0]).map(|_| one_header(rest)).collect();
    Row { id, topic, key, headers, value: rest.to_vec(), received, quarantined }
}

fn one_header(rest: &mut &[u8]) -> (String, String) {
    let byte = take(rest, 1)[0];
    let name = usize::from(byte & 0x3f);
    let value = match (byte & 0x40, byte & 0x80) {
        (0, 0) => text(rest),
        (0, _) => hex(varint_and_bytes(rest)),
        _ => ["application/json", "1.0"][name].to_owned(),
    };
    (NAMES[name].to_owned(), value)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn text(rest: &mut &[u8]) -> String {
    String::from_utf8(varint_and_bytes(rest).to_vec()).unwrap()
}

fn varint_and_bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let (mut length, mut shift) = (0, 0);
    loop {
        let byte = take(rest, 1)[0];
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return take(rest, length);
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, behind) = rest.split_at(length);
    *rest = behind;
    taken
}

fn array(rest: &mut &[u8]) -> [u8; 8] {
    take(rest, 8).try_into().unwrap()
}

fn i64_from(rest: &mut &[u8]) -> i64 {
    i64::from_le_bytes(array(rest))
}

fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for part in parts {
        crc.update(part);
    }
    crc.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}
