//! stub

use crate::args::DevArgs;
use crate::cli::Failure;

/// stub
pub fn run(_args: DevArgs) -> Result<(), Failure> {
    Ok(())
}
