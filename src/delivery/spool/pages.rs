//! The pages of a database and its log as they lie there, for the rescue of what can be read.
//!
//! Promise: every page image is looked at, whether or not `SQLite` would still find it: all pages of
//! the database, all frames of the log, also those behind a damaged one, also those that do not
//! check. What a cell says is proven by the checksum of its row or state, by nothing else. Only
//! cells that a leaf's own pointers lead to are looked at, so that bytes that a sender chose are
//! never taken for a cell. It writes nothing.

use crate::delivery::spool::cell::{self, Cell, OVERFLOW_ROOM, Value};
use crate::delivery::spool::state::State;
use crate::delivery::spool::wal::{FRAME, HEADER, PAGE};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::iter;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Where the first tables have their roots: they are made in this order, and a vacuum keeps it.
const STATE_PAGE: u32 = 2;
const HOLES_PAGE: u32 = 4;

/// A page.
pub(super) type Page = [u8; PAGE];

/// The page images of a database and its log. Either may be missing.
#[derive(Debug)]
pub(super) struct Pages {
    db: Option<File>,
    in_db: u64,
    wal: Option<File>,
    in_wal: u64,
    /// The last frame that holds a page, by the page's number.
    newest: HashMap<u32, u64>,
}

impl Pages {
    /// Opens both files. Nobody in this process may have them open through `SQLite`.
    pub(super) fn open(db: &Path, wal: &Path) -> io::Result<Self> {
        let (db, db_size) = open(db)?;
        let (wal, wal_size) = open(wal)?;
        let in_db = db_size.div_ceil(PAGE as u64);
        let in_wal = wal_size.saturating_sub(HEADER as u64).div_ceil(FRAME as u64);
        let mut pages = Self { db, in_db, wal, in_wal, newest: HashMap::new() };
        for frame in 0..in_wal {
            let mut number = [0; 4];
            pages.read_wal(frame, 0, &mut number)?;
            pages.newest.insert(u32::from_be_bytes(number), frame);
        }
        Ok(pages)
    }

    /// How many images there are.
    pub(super) fn count(&self) -> u64 {
        self.in_db + self.in_wal
    }

    /// Reads an image; first come those of the database. Behind a cut end it is zero.
    pub(super) fn read(&self, image: u64, page: &mut Page) -> io::Result<()> {
        match image.checked_sub(self.in_db) {
            None => self.read_db(image, page),
            Some(frame) => self.read_wal(frame, FRAME - PAGE, page),
        }
    }

    /// The newest state in either file that matches its checksum.
    pub(super) fn newest_state(&self) -> io::Result<Option<State>> {
        let mut newest: Option<State> = None;
        let mut page = [0; PAGE];
        for image in iter::once(u64::from(STATE_PAGE - 1)).chain(self.in_db..self.count()) {
            self.read(image, &mut page)?;
            for state in cell::cells(&page).filter_map(|cell| state(&cell)) {
                if newest.is_none_or(|best| state.change > best.change) {
                    newest = Some(state);
                }
            }
        }
        Ok(newest)
    }

    /// What the newest page of holes says. Whether it is true, and belongs to the newest state, is
    /// told by their sums.
    pub(super) fn newest_holes(&self) -> io::Result<Vec<(i64, i64)>> {
        let mut page = [0; PAGE];
        match self.newest.get(&HOLES_PAGE) {
            Some(frame) => self.read_wal(*frame, FRAME - PAGE, &mut page)?,
            None => self.read_db(u64::from(HOLES_PAGE - 1), &mut page)?,
        }
        let hole = |cell: Cell<'_>| match cell::values::<2>(cell.local)? {
            [Value::Null, Value::Integer(last)] => Some((cell.id, last)),
            _ => None,
        };
        Ok(cell::cells(&page).filter_map(hole).collect())
    }

    /// The whole payload of a cell, with what overflowed to other pages: each as it is newest, or,
    /// for [`Overflow::OfDatabase`], as it is in the database. None if the chain is broken.
    pub(super) fn payload(
        &self,
        cell: &Cell<'_>,
        overflow: Overflow,
        payload: &mut Vec<u8>,
    ) -> io::Result<Option<()>> {
        payload.clear();
        payload.extend_from_slice(cell.local);
        let mut next = cell.overflow;
        let mut page = [0; PAGE];
        while payload.len() < cell.len {
            let Some(index) = next.checked_sub(1) else { return Ok(None) };
            match self.newest.get(&next) {
                Some(frame) if overflow == Overflow::Newest => {
                    self.read_wal(*frame, FRAME - PAGE, &mut page)?;
                }
                _ if u64::from(index) < self.in_db => {
                    self.read_db(u64::from(index), &mut page)?;
                }
                _ => return Ok(None),
            }
            next = page.first_chunk().map_or(0, |next| u32::from_be_bytes(*next));
            let take = (cell.len - payload.len()).min(OVERFLOW_ROOM);
            payload.extend_from_slice(&page[PAGE - OVERFLOW_ROOM..][..take]);
        }
        Ok(Some(()))
    }

    fn read_db(&self, index: u64, page: &mut Page) -> io::Result<()> {
        read(self.db.as_ref(), index * PAGE as u64, page)
    }

    fn read_wal(&self, frame: u64, within: usize, bytes: &mut [u8]) -> io::Result<()> {
        let at = HEADER as u64 + frame * FRAME as u64 + within as u64;
        read(self.wal.as_ref(), at, bytes)
    }
}

/// Where the rest of a long row is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overflow {
    /// In the log, and else in the database: a row that still stands was not written over.
    Newest,
    /// In the database, in case the newer copy is the damaged one.
    OfDatabase,
}

/// The state that a cell holds, if it is one.
fn state(cell: &Cell<'_>) -> Option<State> {
    let [Value::Null, values @ ..] = cell::values::<{ 1 + State::COLUMNS }>(cell.local)? else {
        return None;
    };
    let mut columns = [0; State::COLUMNS];
    for (column, value) in columns.iter_mut().zip(values) {
        let Value::Integer(number) = value else { return None };
        *column = number;
    }
    State::from_columns(columns)
}

fn open(path: &Path) -> io::Result<(Option<File>, u64)> {
    match File::open(path) {
        Ok(file) => {
            let size = file.metadata()?.len();
            Ok((Some(file), size))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok((None, 0)),
        Err(error) => Err(error),
    }
}

/// Fills the buffer from a place of the file; what lies behind its end, or cannot be read from a
/// failing disk, is zero.
fn read(file: Option<&File>, at: u64, buffer: &mut [u8]) -> io::Result<()> {
    buffer.fill(0);
    let Some(file) = file else { return Ok(()) };
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => return Ok(()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // EIO on one page must not cost the rows of the others.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
