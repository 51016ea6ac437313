//! The flags of the spool.
//!
//! Promise: what it gives can be opened, as far as flags can tell. It opens nothing.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::delivery::spool::{LEAST_LIMIT, SpoolOptions};
use bytesize::ByteSize;

pub(super) fn spool(args: &ServeArgs) -> Result<Option<SpoolOptions>, ConfigError> {
    let (max_bytes, least) = (args.spool_max_bytes, ByteSize(LEAST_LIMIT));
    match &args.spool {
        Some(_) if max_bytes < least => Err(ConfigError::new(
            "--spool-max-bytes",
            format_args!(
                "{} is too small, the least that works is {}",
                max_bytes.display().iec(),
                least.display().iec()
            ),
        )),
        Some(dir) => Ok(Some(SpoolOptions { dir: dir.clone(), max_bytes: max_bytes.as_u64() })),
        None => Ok(None),
    }
}
