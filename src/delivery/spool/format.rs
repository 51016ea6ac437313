//! The files of a spool, to the byte. Version 1.
//!
//! All numbers are little-endian; `CRC` is the CRC-32 of ISO-HDLC (zlib's); a `varint` is an unsigned
//! LEB128 number; lengths are of bytes. In the folder:
//!
//! | name | what |
//! |---|---|
//! | `<number>.log` | a segment of the queue; `<number>`, of 20 digits, is the id of its first record, at most 2^63 - 1 |
//! | `<number>.quarantine` | a segment of what is not to be sent; numbered by itself, from 1 |
//! | `<segment>.new`, `cursor.new` | one that is being made, of no account |
//! | `<segment>.damaged`, `<segment>-<n>.damaged` | a segment in which something did not check, kept for people; of no account |
//! | `cursor` | up to where the queue is released |
//! | `topics` | names of topics, each a whole line; an empty one is none |
//! | `lock` | what the owner holds a `flock(2)` on, as on the folder itself where the file system can |
//!
//! # A segment
//!
//! The header is at 0 and again at 4,096; either is enough. Frames follow from 8,192 on.
//!
//! | at | bytes | header |
//! |---|---|---|
//! | 0 | 8 | `hbspool\n` |
//! | 8 | 4 | version |
//! | 12 | 4 | CRC of the bytes 8 to 12 and 16 to 40 |
//! | 16 | 8 | the spool's number, random, the same in all of its files |
//! | 24 | 8 | the segment's salt, random; its first byte is not zero |
//! | 32 | 8 | id of its first record, as in its name |
//!
//! | at | bytes | frame |
//! |---|---|---|
//! | 0 | 4 | the first four bytes of the salt |
//! | 4 | 4 | CRC of the salt and of the bytes from 8 to the end of the payload |
//! | 8 | 4 | length of the payload |
//! | 12 | 4 | kind: 1 record, 2 commit, 3 quarantined record |
//! | 16 | 8 | id: of the record; of a commit, the id that comes next |
//! | 24 | | payload, and bytes of no meaning, written as zeros, up to a multiple of 8: without them it is no frame |
//!
//! Behind the last frame come zeros that have their room on the disk, until a segment is ended and
//! cut off there. A last segment that a former process has left is written on only if all behind
//! its last frame is zeros. Ids ascend by one, through all segments. A batch is its records and a
//! commit without a payload, synced before anybody is answered. The salt keeps bytes that a sender
//! chose from being a frame.
//!
//! | payload | of a record | of a quarantined one |
//! |---|---|---|
//! | first | | i64: when it was quarantined, Unix ms; varint and text: why; u64: its id in the queue |
//! | then | i64: received, Unix ms; varint and text each: topic, key; u8: number of headers; each header; to the end: the value | the same |
//!
//! A header is a byte and, unless that says otherwise, a varint and the value. The byte's low six bits
//! are its name: 0 `content-type`, 1 `ce_specversion`, 2 `ce_id`, 3 `ce_source`, 4 `ce_type`,
//! 5 `ce_subject`, 6 `ce_time`, 7 `traceparent`, 8 `tracestate`, 9 `hookbridge-user`,
//! 11 `hookbridge-code`, 12 `hookbridge-detail`, 13 `hookbridge-errors`, 14 `hookbridge-rounds`. Bit 6
//! (64): nothing follows, the value is `application/json` of name 0, `1.0` of name 1. Bit 7 (128): the
//! value is bytes, and stands for their lower-case hexadecimal text. `hookbridge-received` is
//! `received`. A key without bytes is none.
//!
//! # The cursor
//!
//! 8,192 bytes. Two slots, at 0 and 4,096; one is written until a sync of it has succeeded, then
//! the other. Of those that check and bear the number of the spool, the one with the greater turn
//! counts. If there is none, nothing of what is there was released.
//!
//! | at | bytes | slot |
//! |---|---|---|
//! | 0 | 4 | `hbcu` |
//! | 4 | 4 | CRC of all from 8 on |
//! | 8 | 8 | the spool's number |
//! | 16 | 8 | turn |
//! | 24 | 8 | all ids below this one are released |
//! | 32 | 8 | number of ranges, 252 at most |
//! | 40 | 16 each | first and last id of a range that is released too, ascending |
//!
//! # Reading
//!
//! From the cursor on, segment by segment, frame by frame. What does not check is passed over in steps
//! of 8 bytes up to the next frame that does.
//!
//! 1. A segment ends where the next one begins: ids from there on are void in it. They are left of a
//!    write or a sync that failed, and were promised to nobody.
//! 2. Ids that are not there are missing: each was promised, and is counted. In the last segment a
//!    commit says which ids there were; so do released ids above.
//! 3. A record that leaves ids out, one of which comes further behind in the segment, was written in
//!    the wrong place, and is none.
//! 4. The last segment ends behind the last frame that checks. But where a sector of 512 bytes in a gap
//!    is all zeros from the gap's begin on, and at most one commit comes behind the gap, with no record
//!    behind that, the batch was torn by a power cut before its sync: the segment ends at the gap.
//!
//! | damage | costs |
//! |---|---|
//! | a frame | its record |
//! | a block that was written in the wrong place | the records that it was written over |
//! | a sector of the last batch that is all zeros, as if never written | the rest of that batch, uncounted |
//! | blocks that cannot be read, of 4 KiB | their records, once that has lasted for a minute, at a start for 20 seconds; at the end of the last segment, as many ids as have room there count as missing |
//! | a commit | nothing; with the last records of the last segment, those, uncounted: as if never written |
//! | one header of a segment, one slot of the cursor | nothing; a slot: what it alone knew goes to Kafka again |
//! | both headers | the records of the segment, counted; of the last one, as many as what begins like its first frame says |
//! | both slots | nothing; what was released and still has its segment goes to Kafka again |
//! | a segment that is not there | its records, counted; if it was the last one, uncounted |

/// The version of all of it.
pub(super) const VERSION: u32 = 1;

/// Bytes in front of the first frame.
pub(super) const HEADER: usize = 8192;
/// Bytes of a header.
pub(super) const HEADER_LEN: usize = 40;
/// Where it is: in two blocks of a disk, which fail each by itself.
pub(super) const HEADER_COPIES: [usize; 2] = [0, 4096];
/// What it begins with.
pub(super) const HEADER_MAGIC: &[u8; 8] = b"hbspool\n";

/// Bytes of a frame without its payload; those of a commit.
pub(super) const FRAME: usize = 24;
/// Frames begin at multiples of this.
pub(super) const STEP: usize = 8;
/// What a disk writes whole or not at all, at the least.
pub(super) const SECTOR: u64 = 512;

/// Where the slots of the cursor are.
pub(super) const SLOTS: [u64; 2] = [0, 4096];
/// What a slot begins with.
pub(super) const SLOT_MAGIC: &[u8; 4] = b"hbcu";
/// Bytes of a slot in front of its ranges.
pub(super) const SLOT_LEN: usize = 40;
/// Ranges that it has room for.
pub(super) const MOST_RANGES: usize = 252;
