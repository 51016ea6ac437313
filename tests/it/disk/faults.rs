//! Calls of the disk that fail, each in turn. Who got a 200 loses nothing, whatever fails and
//! whenever; a bridge that runs heals by itself, and one that cannot start says why.

mod draining;
mod running;
mod starting;

use testkit::bridge::Bridge;

/// What the spool asks of the disk: each may fail.
const WRITE: &str = "pwrite64";
const SYNC: &str = "fsync,fdatasync";
const ALLOCATE: &str = "fallocate";
const CUT: &str = "ftruncate";
const RENAME: &str = "rename,renameat,renameat2";
const REMOVE: &str = "unlink,unlinkat";
const OPEN: &str = "openat";
const READ: &str = "pread64";

/// Those that change something.
const CHANGES: [&str; 7] = [WRITE, SYNC, ALLOCATE, CUT, RENAME, REMOVE, OPEN];

/// How: the disk is broken, or full.
const BROKEN: &str = "EIO";
const FULL: &str = "ENOSPC";

/// Calls of an opening and a few commits.
const FIRST: usize = 25;

/// All that a long run lets fail in turn.
const MANY: usize = 50;

/// The call with this number fails so; from it on, each does, with a `+` behind the number.
fn fault(calls: &str, how: &str, number: impl std::fmt::Display) -> String {
    format!("{calls}:error={how}:when={number}")
}

/// A fault is none of the files': nothing may be taken for damaged or missing.
#[track_caller]
fn assert_nothing_damaged(bridge: &Bridge) {
    for what in ["row", "file"] {
        let series = format!("hookbridge_spool_quarantined_total{{what=\"{what}\"}}");
        assert_eq!(bridge.metric(&series), 0.0, "{what}");
    }
    assert_eq!(bridge.metric("hookbridge_spool_missing_total"), 0.0);
}
