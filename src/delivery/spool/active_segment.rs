//! The segment that is written.
//!
//! Promise: what [`ActiveSegment::append`] has taken is on the disk, and under the segment's name for
//! whoever opens the folder next. What another process has left at the end of a segment, as far as it
//! could be read, is there too before anything is appended: who wrote it may have been killed before a
//! sync, or after one that failed, and then a further sync proves nothing; so the last batch is written
//! once more, with the same bytes. Those before it were synced.

use crate::delivery::spool::disk::{Disk, DiskFile, OpenFor};
use crate::delivery::spool::format::HEADER;
use crate::delivery::spool::frame::{Header, Salt};
use crate::delivery::spool::segments::{NEW, Segment, Tail};
use std::io;

/// How often the end of a segment is brought to the disk: an error may pass.
const TRIES: usize = 5;

/// See the module. Not `Clone`: it has one owner, and it writes.
#[derive(Debug)]
pub(super) struct ActiveSegment {
    file: Box<dyn DiskFile>,
    name: String,
    salt: Salt,
    end: u64,
    bytes: u64,
}

impl ActiveSegment {
    /// Makes one of this many bytes.
    pub(super) fn make(
        disk: &dyn Disk,
        name: String,
        header: Header,
        bytes: u64,
    ) -> io::Result<Self> {
        let new = format!("{name}{NEW}");
        let made = || {
            drop(disk.remove(&new));
            let file = disk.create(&new)?;
            file.allocate(bytes)?;
            file.write_at(&header.page(), 0)?;
            file.sync()?;
            disk.rename(&new, &name)?;
            disk.sync()?;
            Ok(file)
        };
        let file: Box<dyn DiskFile> =
            made().inspect_err(|_: &io::Error| drop(disk.remove(&new)))?;
        let active = Self { file, name, salt: header.salt, end: HEADER as u64, bytes };
        active.must_be_found(disk)?;
        Ok(active)
    }

    /// Takes over the last one, which ends at `tail`; `None` if nothing can be written behind that.
    pub(super) fn take_over(
        disk: &dyn Disk,
        segment: &Segment,
        tail: &Tail,
    ) -> io::Result<Option<Self>> {
        let (name, last_batch) = (segment.name(), &tail.last_batch);
        let file = disk.open(&name, OpenFor::Write)?;
        let mut batch = vec![0; usize::try_from(last_batch.end - last_batch.start).unwrap_or(0)];
        // Once: after a sync that failed, other bytes may be read.
        file.read_at(&mut batch, last_batch.start)?;
        let attempt = || {
            disk.sync()?;
            file.write_at(&batch, last_batch.start)?;
            file.sync()
        };
        let first = attempt();
        if first.is_err() {
            (2..TRIES).find_map(|_| attempt().ok()).map_or_else(attempt, Ok)?;
        }
        // One that was cut off has no room. A sync after a failed one does not prove that a cut lasted;
        // only a segment that begins behind it does.
        let end = tail.clean_from.filter(|end| first.is_ok() && *end < segment.bytes);
        let (salt, bytes) = (segment.salt, segment.bytes);
        Ok(end.map(|end| Self { file, name, salt, end, bytes }))
    }

    /// Appends bytes, with one sync. After an error nothing may be appended any more.
    pub(super) fn append(&mut self, disk: &dyn Disk, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(bytes, self.end)?;
        self.file.sync()?;
        self.must_be_found(disk)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// An error unless its name leads to it: other hands may have removed it, moved the folder, or put
    /// another in its place, and then what is in it is nowhere.
    pub(super) fn must_be_found(&self, disk: &dyn Disk) -> io::Result<()> {
        // Both are asked: some file systems give a file another number from time to time.
        if disk.id_of(&self.name)? == self.file.id()? {
            return Ok(());
        }
        Err(io::Error::other("other hands have put another file or folder in its place"))
    }

    /// Cuts it off behind the last frame that was appended; gives how long it is.
    pub(super) fn cut(self) -> io::Result<u64> {
        self.file.cut(self.end)?;
        Ok(self.end)
    }

    /// What its frames bear.
    pub(super) fn salt(&self) -> Salt {
        self.salt
    }

    /// Where the next frame goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes of all of it.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that are free for frames.
    pub(super) fn room(&self) -> u64 {
        self.bytes - self.end
    }
}
