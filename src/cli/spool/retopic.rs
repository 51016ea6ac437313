//! `spool retopic`: records of one topic, given to another in the spool of a stopped bridge.
//!
//! It sends nothing: the bridge does when it starts, or `spool drain`.

use crate::args::spool::SpoolRetopicArgs;
use crate::cli::screen::Screen;
use crate::cli::spool::{SpoolCommandError, counted};
use crate::config;
use crate::delivery::spool::retopic::retopic;

/// Gives them over and says how many there were.
pub(super) fn run(args: &SpoolRetopicArgs) -> Result<(), SpoolCommandError> {
    let to = config::topic("--to", &args.to)?;
    let changed = retopic(&args.folder.spool, &args.from, &to)?;
    let mut screen = Screen::new();
    screen.print(&match changed {
        0 => format!("no record is for {}\n", args.from),
        records => format!("{} now for {to}\n", counted(records, "record is", "records are")),
    });
    screen.end().map_err(SpoolCommandError::Output)
}
