//! Everything that touches librdkafka, in one place.
//!
//! - [`settings`]: the properties that the operator may set, and those that the promise rests on;
//! - [`producer`]: records in, delivery reports out, without a thread of its own;
//! - [`producer_renewal`]: when a producer that came to its end is replaced;
//! - [`group_reader`]: a topic read by a consumer group, up to where it ended;
//! - [`throttle`]: how long brokers hold their answers back;
//! - [`wakeup`]: librdkafka's report queue as something that an event loop can wait for;
//! - [`delivery_error`]: what each of its error codes means for a record;
//! - [`probe`]: whether the brokers and the topic are there, asked from a thread of its own;
//! - [`write_right`]: whether the brokers let this client write, by their own word;
//! - [`time_question`]: which times a broker takes, by its own words;
//! - [`broker_clock`]: a broker's clock against this machine's;
//! - [`question`]: what is asked beside the event loops, since librdkafka blocks for it;
//! - [`key_files`]: whether clients are made of the keys and certificates that are there;
//! - [`topic_reader`]: a topic from somewhere on, as consumers see it; [`topic_record`]: one of its records;
//! - [`client_endings`]: the ends of clients, which nobody waits for too long;
//! - [`client_log`], [`last_words`], [`no_answer`]: what its clients say, in the log, of an address, and where
//!   none has answered.
//!
//! No rdkafka type leaves this folder.

pub mod broker_clock;
mod client_log;
pub mod client_endings;
pub mod delivery_error;
pub mod group_reader;
mod key_files;
mod last_words;
pub mod no_answer;
pub mod probe;
pub mod producer;
pub(in crate::delivery) mod question;
pub(in crate::delivery) mod producer_renewal;
pub mod settings;
pub mod throttle;
pub(in crate::delivery) mod time_question;
pub mod topic_reader;
pub mod topic_record;
mod wakeup;
mod write_right;

use std::time::Duration;

/// How long a broker may take to answer a question: ten times what a busy one across a region needs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The version of librdkafka that is linked in.
pub fn client_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}
