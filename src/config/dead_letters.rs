//! Where invalid posts go: the flags `--invalid` and `--dead-letter-topic`.
//!
//! Promise: nobody but known senders can fill the topic, and it is another than that of the
//! notifications, whose consumers would take a dead letter for one.

use crate::args::serve::{InvalidFlag, ServeArgs};
use crate::config::{ConfigError, topic};
use std::sync::Arc;

const FLAG: &str = "--dead-letter-topic";

/// The topic of dead letters; none where invalid posts are refused.
pub(super) fn dead_letter_topic(args: &ServeArgs) -> Result<Option<Arc<str>>, ConfigError> {
    match args.invalid {
        InvalidFlag::Reject => Ok(None),
        InvalidFlag::DeadLetter if args.no_auth => Err(ConfigError::new(
            "--invalid",
            "dead-letter cannot be used together with --no-auth: strangers would fill the topic",
        )),
        InvalidFlag::DeadLetter if args.dead_letter_topic == args.topic => Err(ConfigError::new(
            FLAG,
            "is the same as --topic: consumers would take dead letters for notifications",
        )),
        InvalidFlag::DeadLetter => topic(FLAG, &args.dead_letter_topic).map(Some),
    }
}
