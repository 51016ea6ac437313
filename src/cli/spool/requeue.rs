//! `spool requeue`: what was quarantined, back into the queue of a stopped bridge.
//!
//! It sends nothing: the bridge does when it starts, or `spool drain`.

use crate::args::spool::SpoolRequeueArgs;
use crate::cli::screen::Screen;
use crate::cli::spool::{SpoolCommandError, counted};
use crate::delivery::spool::requeue::{Requeued, requeue};

/// Moves them and says how many; an error if some cannot go back.
pub(super) fn run(args: &SpoolRequeueArgs) -> Result<(), SpoolCommandError> {
    let Requeued { rows, left } = requeue(&args.folder.spool)?;
    let mut screen = Screen::new();
    screen.print(&match (rows, left) {
        (0, 0) => "nothing was quarantined\n".to_owned(),
        (rows, _) => {
            let waits = counted(rows, "record waits again", "records wait again");
            format!("{waits}, behind all others\n")
        }
    });
    screen.end().map_err(SpoolCommandError::Output)?;
    if left == 0 { Ok(()) } else { Err(SpoolCommandError::StayQuarantined { left }) }
}
