//! The end of a bridge: its reasons, and whether the flags or the world are at fault.

use crate::bridge::event_loop::EventLoopError;
use crate::bridge::predecessor::HandOverError;
use crate::delivery::drain::DrainError;
use crate::delivery::kafka::probe::KafkaClientError;
use crate::delivery::spool::error::{CloseError, SpoolError};
use crate::delivery::topic::topic_config::UnfitTopic;
use std::io;
use std::net::SocketAddr;

/// Why the bridge could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// An address is taken or not ours.
    #[error("{flag}: cannot listen on {address}")]
    Listen {
        /// The flag that names the address.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The bridge that has the port did not hand it over.
    #[error("--reuse-port: cannot take over {address}")]
    HandOver {
        /// The address of `--listen`.
        address: SocketAddr,
        /// Why not.
        source: HandOverError,
    },
    /// librdkafka does not take the properties together.
    #[error("the Kafka client cannot be made from --kafka-config and --kafka-property")]
    Kafka(#[source] KafkaClientError),
    /// The topic has settings that would lose notifications.
    #[error(transparent)]
    Topic(UnfitTopic),
    /// The spool could not be opened.
    #[error("--spool")]
    Spool(#[source] SpoolError),
    /// The spool's files could not be closed in time.
    #[error("--spool: cannot close the spool")]
    SpoolEnd(#[source] CloseError),
    /// The drain could not start, or ended.
    #[error("the drain of the spool cannot go on")]
    Drain(#[source] DrainError),
    /// An event loop could not start, or ended.
    #[error(transparent)]
    EventLoop(#[from] EventLoopError),
    /// A part of the bridge ended although nobody had asked it to.
    #[error("the {0} ended unasked")]
    Unasked(&'static str),
    /// The grace period is over.
    #[error("the grace period is over and {left} posts were still under way")]
    Left {
        /// How many posts had no answer.
        left: usize,
    },
}

impl BridgeError {
    /// Whether flags or files are at fault, and not the world.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Kafka(_) | Self::Topic(_) => true,
            Self::EventLoop(error) => error.is_configuration(),
            Self::Spool(error) => error.is_configuration(),
            Self::Drain(error) => error.is_configuration(),
            Self::Listen { .. }
            | Self::HandOver { .. }
            | Self::SpoolEnd(_)
            | Self::Unasked(_)
            | Self::Left { .. } => false,
        }
    }

    /// Whether another process has what is needed, and may give it back.
    pub(super) fn is_in_use(&self) -> bool {
        match self {
            Self::Listen { source, .. } => source.kind() == io::ErrorKind::AddrInUse,
            Self::Spool(SpoolError::Locked { .. }) => true,
            Self::HandOver { .. }
            | Self::Kafka(_)
            | Self::Topic(_)
            | Self::Spool(_)
            | Self::SpoolEnd(_)
            | Self::Drain(_)
            | Self::EventLoop(_)
            | Self::Unasked(_)
            | Self::Left { .. } => false,
        }
    }
}
