//! A look at the files before `SQLite` touches them.
//!
//! Promise: a file of another version is told and left as it is, to the byte; damage that `SQLite`
//! would pass over without a word is found: a torn log ([`crate::delivery::spool::wal`]), a header
//! that no longer says how the file was made, a log without its database, which `SQLite` would
//! delete. It reads a hundred bytes of the database and all of the log; it changes nothing.

use crate::delivery::spool::fault::Fault;
use crate::delivery::spool::folder::{self, Folder};
use crate::delivery::spool::header::{self, Header};
use crate::delivery::spool::pages::Pages;
use crate::delivery::spool::wal::{self, Walk};

/// What stands in the folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// No database and nothing that was one.
    Nothing,
    /// A database that `SQLite` may open.
    Sound,
    /// Not without loss, for this reason.
    Damaged(String),
}

/// Looks at the database and its log. Nobody may have them open for writing.
pub(super) fn inspect(folder: &Folder) -> Result<Finding, Fault> {
    let walk = wal::walk(&folder.wal()).map_err(Fault::io("read the log"))?;
    let size = folder::file_size(&folder.db()).map_err(Fault::io("look at the database"))?;
    match (size, walk) {
        (None, Walk::Empty) => Ok(Finding::Nothing),
        (None, Walk::Sound { .. } | Walk::Damaged { .. }) => {
            Ok(Finding::Damaged("there is a log and no database".to_owned()))
        }
        (Some(size), walk) => {
            if let Some(why) = check_header(folder, size)? {
                return Ok(Finding::Damaged(why));
            }
            Ok(match walk {
                Walk::Empty | Walk::Sound { .. } => Finding::Sound,
                Walk::Damaged { frame: Some(frame), behind } => Finding::Damaged(format!(
                    "frame {frame} of the log does not check, and {behind} stand behind it"
                )),
                Walk::Damaged { frame: None, behind } => Finding::Damaged(format!(
                    "the header of the log does not check, and {behind} frames stand behind it"
                )),
            })
        }
    }
}

fn check_header(folder: &Folder, size: u64) -> Result<Option<String>, Fault> {
    let version = match header::read(&folder.db(), size)? {
        Header::Ours => return Ok(None),
        Header::Changed(why) => return Ok(Some(why)),
        Header::Format(version) => version,
    };
    // Either another version wrote it, or a bit of the number flipped: the state says which.
    let pages = Pages::open(&folder.db(), &folder.wal()).map_err(Fault::io("read the database"))?;
    match pages.newest_state().map_err(Fault::io("read the database"))? {
        Some(_) => Ok(Some("the format number in the header is changed".to_owned())),
        None => Err(Fault::UnknownFormat(version)),
    }
}
