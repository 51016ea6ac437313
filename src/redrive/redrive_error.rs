//! Why a redrive could not go on.

use crate::delivery::kafka::delivery_error::DeliveryError;
use crate::delivery::kafka::group_reader::read_error::ReadError;
use crate::delivery::kafka::group_reader::read_record::Position;
use crate::delivery::kafka::producer::ProducerError;
use crate::delivery::topic::topic_config::UnfitTopic;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// It could not go on. What is not committed is looked at again by the next redrive.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The dead letters cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The producer cannot be made.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// It cannot be waited for.
    #[error("cannot wait for reports from Kafka")]
    Reports(#[source] io::Error),
    /// A record has no ack, for a reason that is not its own.
    #[error("a record for {topic} was not acknowledged: {error}")]
    Unacked {
        /// Where it was to go.
        topic: Arc<str>,
        /// Why not.
        error: DeliveryError,
    },
    /// The topic is no place for notifications.
    #[error(transparent)]
    Unfit(#[from] UnfitTopic),
    /// A dead letter that is not selected cannot be passed over.
    #[error(
        "{topic} does not take the dead letter at partition {}, offset {} again, which was not selected: {error}",
        .position.partition,
        .position.offset
    )]
    NotTakenAgain {
        /// Of dead letters.
        topic: Arc<str>,
        /// Where it is, and stays.
        position: Position,
        /// Why not.
        error: DeliveryError,
    },
    /// Nothing has moved for this long.
    #[error(
        "nothing moved within {}: the log says what Kafka says, and the next redrive goes on from here",
        humantime::format_duration(*.0)
    )]
    Stalled(Duration),
}
