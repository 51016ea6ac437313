//! From the files of a folder to an open store, whatever state they are in.
//!
//! 1. After a failure: write the log once more, byte for byte, and sync it, so that what the disk
//!    holds is what the next reader sees. A sync that failed is reported once, and the kernel then
//!    takes the pages for clean, although they never reached the disk.
//! 2. Look at the files ([`inspect`]). What is damaged is moved aside whole; what is missing is made.
//! 3. Open; what `SQLite` finds damaged is moved aside too.
//! 4. Compare with what is known to be committed.
//! 5. Move the log into the database and cut it, so that nothing of a cut-off commit stays in it,
//!    and commit once: write and sync work.
//! 6. Take over the rows of what was moved aside, now or earlier.
//!
//! Promise: whatever is lost or moved is in the report and in the log at level error. There is no
//! scan of the rows unless a file was damaged.

use crate::delivery::spool::aside::{self, Unread};
use crate::delivery::spool::connection::{self, Purpose};
use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::{self, Folder};
use crate::delivery::spool::inspection::{Finding, inspect};
use crate::delivery::spool::rescue::{self, Rest};
use crate::delivery::spool::state::State;
use crate::delivery::spool::store::{Known, Store};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long rows are taken over before posts are served again; at 40 MiB a second and more this is
/// a gibibyte. What is left then is taken over at the next opening.
const RESCUE_TIME: Duration = Duration::from_secs(30);

/// What is known from before, and what has been found out about it since.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// What the last connection of this process knew of the database in place.
    pub(super) known: Option<Known>,
    /// Why that database is damaged, if that is what ended the connection.
    pub(super) damage: Option<String>,
    /// What was known of a database that has been moved aside, until its rows are taken over.
    aside: Option<(Unread, Known)>,
}

/// What the store is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// A commit has just succeeded.
    Proven,
    /// The same, but rows of a damaged file are left for lack of room. What room there is, releases
    /// may need.
    RowsLeft,
    /// The disk is full: rows can be read, and perhaps released.
    DiskFull,
}

/// What had to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Databases that were moved aside.
    pub(super) moved_aside: u64,
    /// Rows that were taken over from such.
    pub(super) taken_over: u64,
    /// Rows that were promised and are not there.
    pub(super) missing: u64,
}

impl Before {
    /// Numbers up to this one are taken.
    fn last_id(&self) -> i64 {
        let aside = self.aside.as_ref().map(|(_, known)| known);
        self.known.as_ref().or(aside).map_or(0, |known| known.committed.state.last_id)
    }
}

/// Opens the store of the folder. Whether or not that succeeds, `report` gains what was done, and
/// `before` what has to be known the next time.
pub(super) fn open(
    folder: &Folder,
    before: &mut Before,
    report: &mut Report,
) -> Result<(Store, Condition), Fault> {
    if before.known.is_some() {
        write_again(&folder.wal())?;
    }
    let mut store = open_or_replace(folder, before, report)?;
    match finish(&mut store, folder, before, report) {
        Ok(condition) => {
            before.known = None;
            Ok((store, condition))
        }
        Err(fault) => {
            // The connection has a failed commit behind it.
            before.known = Some(store.give_up());
            if let Fault::DiskFull = fault {
                return Ok((Store::open(folder)?, Condition::DiskFull));
            }
            Err(fault)
        }
    }
}

fn open_or_replace(
    folder: &Folder,
    before: &mut Before,
    report: &mut Report,
) -> Result<Store, Fault> {
    aside::finish_move(folder)?;
    let mut tries = [(); 2].iter();
    loop {
        let finding = match before.damage.take() {
            Some(why) => Finding::Damaged(why),
            None => inspect(folder)?,
        };
        match finding {
            Finding::Sound => {}
            Finding::Nothing => connection::create(folder, before.last_id())?,
            Finding::Damaged(why) => {
                let unread = aside::move_aside(folder)?;
                report.moved_aside += 1;
                let file = unread.kept_as();
                tracing::error!(error = why, file, "a damaged spool file is moved aside");
                if let Some(known) = before.known.take() {
                    before.aside = Some((unread, known));
                }
                connection::create(folder, before.last_id())?;
            }
        }
        tries.next();
        match Store::open(folder) {
            Err(Fault::Damaged(why)) if !tries.as_slice().is_empty() => before.damage = Some(why),
            other => return other,
        }
    }
}

fn finish(
    store: &mut Store,
    folder: &Folder,
    before: &mut Before,
    report: &mut Report,
) -> Result<Condition, Fault> {
    let mut condition = Condition::Proven;
    store.empty_log()?;
    if let Some(known) = &before.known {
        let missing = store.reconcile(known)?;
        report.missing += missing;
        if missing > 0 {
            tracing::error!(rows = missing, "rows that were committed are not in the spool");
        }
    }
    store.prove()?;
    let deadline = Instant::now() + RESCUE_TIME;
    for unread in aside::unread(folder)? {
        let known = before.aside.as_ref().filter(|(file, _)| *file == unread);
        let committed = known.map(|(_, known)| &known.committed);
        let rescued = rescue::take_over(store, &unread, committed, deadline)?;
        report.taken_over += rescued.rows;
        let (file, rows) = (unread.kept_as(), rescued.rows);
        match rescued.rest {
            Rest::NoTime => {
                tracing::error!(file, rows, "a damaged spool file is not read to its end yet");
            }
            Rest::NoRoom => {
                condition = Condition::RowsLeft;
                tracing::error!(file, rows, "a damaged spool file waits for room on the disk");
            }
            Rest::Missing(missing) => {
                aside::finish(folder, &unread)?;
                rescue::forget(store, &unread)?;
                report.missing += missing;
                tracing::error!(file, rows, missing, "rows were taken over from a damaged file");
            }
            Rest::Unknown => {
                aside::finish(folder, &unread)?;
                rescue::forget(store, &unread)?;
                let missing = "unknown";
                tracing::error!(file, rows, missing, "rows were taken over from a damaged file");
            }
        }
    }
    if condition == Condition::Proven {
        before.aside = None;
    }
    Ok(condition)
}

/// How many rows wait, from a database that cannot be opened for lack of room.
pub(super) fn peek(folder: &Folder) -> Result<(State, Option<i64>), Fault> {
    let size = |path: PathBuf| folder::file_size(&path).map_err(Fault::io("look at the database"));
    let in_log = size(folder.wal())?.unwrap_or(0) > 0 || !aside::unread(folder)?.is_empty();
    match size(folder.db())? {
        None if !in_log => Ok((State::default(), None)),
        Some(_) if !in_log => Store::peek(&connection::connect(folder, Purpose::Peek)?),
        // Rows may stand in the log, which cannot be read without an index.
        None | Some(_) => Err(Fault::DiskFull),
    }
}

/// Writes a file's own bytes over itself and syncs it.
fn write_again(path: &Path) -> Result<(), Fault> {
    /// What is written at once.
    const PIECE: usize = 1 << 16;
    let doing = "write the log once more";
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Fault::io(doing)(error)),
    };
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut piece, at).map_err(Fault::io(doing))?;
        if read == 0 {
            break;
        }
        file.write_all_at(&piece[..read], at).map_err(Fault::io(doing))?;
        at += read as u64;
    }
    file.sync_all().map_err(Fault::io(doing))
}
