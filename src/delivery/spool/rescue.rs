//! Rows out of a damaged database, into the one that took its place.
//!
//! Promise: each row that waits and stands anywhere in the damaged files, matching its checksum, is
//! taken over under its old number, so that numbers and order stay. Which rows wait is told by the
//! newest ledger that can be had; where its holes cannot be read, rows that ended out of order may
//! come back and be sent twice, and none is lost for it. Rows that should be there and are not are
//! counted and reported. Rows that were set aside are taken over as such.
//! It is bounded in time and goes on where it stopped: the place is remembered in the transaction
//! that takes the rows.

mod piece;

use crate::delivery::spool::aside::Unread;
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::ledger::{Ledger, Standing};
use crate::delivery::spool::pages::Pages;
use crate::delivery::spool::rescue::piece::Piece;
use crate::delivery::spool::state::State;
use crate::delivery::spool::store::Store;
use rusqlite::{OptionalExtension as _, params};
use std::io;
use std::time::Instant;

/// Page images looked at in one transaction: 1 MiB.
const PIECE: u64 = 256;
/// Room on the disk for a piece: in the log and in the database, and for releases beside it.
const ROOM_FOR_PIECE: u64 = 4 << 20;

const PLACE: &str = "SELECT pages, row_count FROM taken_over WHERE file = ?1";
const FORGET: &str = "DELETE FROM taken_over WHERE file = ?1";
const REMEMBER: &str = "INSERT INTO taken_over VALUES (?1, ?2, ?3)";

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rescued {
    /// Rows that were taken over now.
    pub(super) rows: u64,
    /// What is known of the others.
    pub(super) rest: Rest,
}

/// Rows that were not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// All was looked at, and at most so many should have been there and were not.
    Missing(u64),
    /// All was looked at; nothing says how many there should have been.
    Unknown,
    /// Time was up before all was looked at.
    NoTime,
    /// The disk was full before all was looked at.
    NoRoom,
}

/// Takes over what the files hold. `known` is what the process that had them open last knew; it
/// never told a sender of a later row.
pub(super) fn take_over(
    store: &mut Store,
    unread: &Unread,
    known: Option<&Ledger>,
    deadline: Instant,
) -> Result<Rescued, Fault> {
    let failed = || Fault::io("read a damaged file");
    let pages = Pages::open(&unread.db(), &unread.wal()).map_err(failed())?;
    let wanted = Wanted::find(known, &pages).map_err(failed())?;
    let file = unread.kept_as();
    let (place, earlier) = store.transact(|tx, ledger| {
        ledger.skip_to(wanted.last_id());
        let place = tx.query_row(PLACE, [&file], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok::<(i64, i64), _>(place.optional()?.unwrap_or((0, 0)))
    })?;
    let (mut place, mut all) = (place.cast_unsigned(), earlier);
    let mut rows = 0;
    while place < pages.count() {
        if Instant::now() >= deadline {
            return Ok(Rescued { rows, rest: Rest::NoTime });
        }
        if store.disk_room() < ROOM_FOR_PIECE {
            return Ok(Rescued { rows, rest: Rest::NoRoom });
        }
        let end = pages.count().min(place + PIECE);
        let taken = store.transact(|tx, ledger| {
            let taken = Piece::new(tx, ledger, &pages, &wanted).take(place..end)?;
            tx.execute(FORGET, [&file])?;
            tx.execute(REMEMBER, params![file, end.cast_signed(), all + taken.expected])?;
            Ok(taken)
        })?;
        rows += taken.rows;
        all += taken.expected;
        place = end;
        store.move_log()?;
    }
    Ok(Rescued { rows, rest: wanted.rest(all.cast_unsigned()) })
}

/// Forgets the place in a file, once it has its last name: until then it may be asked for again.
pub(super) fn forget(store: &mut Store, unread: &Unread) -> Result<(), Fault> {
    store.transact(|tx, _| Ok(tx.execute(FORGET, [unread.kept_as()])?))?;
    Ok(())
}

/// Which rows are wanted.
enum Wanted {
    /// These, and none behind them: nobody was told of one.
    These(Ledger),
    /// These, and those behind them: there may be a newer state that cannot be read.
    TheseAndLater(Ledger),
    /// From the floor on. Some numbers are holes, and it is not known which.
    FromFloor(State),
    /// All: nothing says which.
    All,
}

impl Wanted {
    fn find(known: Option<&Ledger>, pages: &Pages) -> io::Result<Self> {
        if let Some(known) = known {
            return Ok(Self::These(known.clone()));
        }
        Ok(match pages.newest_state()? {
            None => Self::All,
            Some(state) => match Ledger::new(state, pages.newest_holes()?) {
                Some(ledger) => Self::TheseAndLater(ledger),
                None => Self::FromFloor(state),
            },
        })
    }

    fn last_id(&self) -> i64 {
        match self {
            Self::These(ledger) | Self::TheseAndLater(ledger) => ledger.state.last_id,
            Self::FromFloor(state) => state.last_id,
            Self::All => 0,
        }
    }

    fn standing(&self, id: i64) -> Standing {
        let wanted = |wanted| if wanted { Standing::Waits } else { Standing::Ended };
        match self {
            Self::These(ledger) => ledger.standing(id),
            Self::TheseAndLater(ledger) if id <= ledger.state.last_id => ledger.standing(id),
            Self::TheseAndLater(_) => Standing::Waits,
            Self::FromFloor(state) => wanted(id >= state.floor),
            Self::All => wanted(id > 0),
        }
    }

    /// Whether a row that was taken is one of those that are counted.
    fn expects(&self, id: i64) -> bool {
        id <= self.last_id()
    }

    /// What is missing if so many of the expected rows were taken.
    fn rest(&self, taken: u64) -> Rest {
        match self {
            Self::These(ledger) | Self::TheseAndLater(ledger) => {
                Rest::Missing(ledger.state.rows.cast_unsigned().saturating_sub(taken))
            }
            // Each of the holes may have come back in the place of a row that is lost.
            Self::FromFloor(state) => {
                let most = state.rows.cast_unsigned() + Ledger::hole_count(state);
                Rest::Missing(most.saturating_sub(taken))
            }
            Self::All => Rest::Unknown,
        }
    }
}
