//! Writes, syncs and cuts that fail, each in turn. Who got a 200 loses nothing, whatever fails and
//! whenever; a bridge that runs heals by itself, and one that cannot start says why.

mod draining;
mod running;
mod starting;

use crate::support::bridge::Bridge;

/// What fails, and what is missing is the number of the call.
const WRITE: &str = "pwrite64:error=EIO:when=";
const NO_ROOM: &str = "pwrite64:error=ENOSPC:when=";
const SYNC: &str = "fsync,fdatasync:error=EIO:when=";
const CUT: &str = "ftruncate:error=EIO:when=";
const SYNC_NO_ROOM: &str = "fsync,fdatasync:error=ENOSPC:when=";
const CUT_NO_ROOM: &str = "ftruncate:error=ENOSPC:when=";

/// Those of an opening and a few commits.
const FIRST: usize = 25;

/// A fault is none of the files': nothing may be taken for damaged.
#[track_caller]
fn assert_nothing_quarantined(bridge: &Bridge) {
    for what in ["row", "file"] {
        let series = format!("hookbridge_spool_quarantined_total{{what=\"{what}\"}}");
        assert_eq!(bridge.metric(&series), 0.0, "{what}");
    }
}
