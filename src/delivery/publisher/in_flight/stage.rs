//! The life of a record in the publisher, state by event.
//!
//! ```text
//!             let go        acked         not acked     refused  overdue      stored,       spool
//!             by the gate                               by the                or not        is silent
//!                                                       client
//!   Parked    Sent, or
//!             Appended
//!   Sent                    Known         Appended¹     Known    Late¹
//!   Late                    Known: spool  Appended                            Known: Kafka  Known: both
//!   Appended                                                                  Known         Known: spool
//!   Known: x                x less Kafka  x less Kafka                        x less spool
//!
//!   ¹ It is appended to the spool. Without a spool its result is known: Known, and Known: Kafka.
//! ```
//!
//! `Known: x` waits for nobody but x to report. The record itself is kept while it is Parked or
//! Sent. [`RecordStage::after`] is this table; a pair that has no place in it changes nothing.

use crate::delivery::gate::admission::Way;
use crate::delivery::publisher::in_flight::{Fallback, RecordResult};
use crate::delivery::undelivered::Undelivered;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum RecordStage {
    /// It waits for the gate.
    Parked,
    /// Kafka is to report on it.
    Sent,
    /// Kafka has not reported in time; the spool has it too.
    Late,
    /// The spool is to report on it.
    Appended,
    /// Its result is known.
    Known(AwaitedReport),
}

/// Whose report may still come once the result is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum AwaitedReport {
    Nobody,
    Kafka,
    Spool,
    Both,
}

/// What happens to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum RecordEvent {
    /// The gate lets a parked record go.
    LetGo(Way),
    /// Kafka's report came, or none will.
    Reported(RecordResult),
    /// The client has not taken it, and the spool is not to have it.
    Refused(Undelivered),
    /// No ack came in time.
    Overdue,
    /// The spool has stored it, or could not.
    Spooled(RecordResult),
    /// The spool has not answered in time.
    SpoolSilent,
}

/// What an event means for the record. The table knows neither record nor sender: `InFlight` makes
/// of it what the publisher has to do next, which is nothing where a sender that waits is woken.
pub(super) enum StageStep {
    Wait,
    /// Its deadline runs from now on.
    Leave,
    /// It goes to the spool, which the gate has counted.
    Append,
    /// It goes to the spool, which the gate has not counted.
    FallBack,
    Settle(RecordResult),
}

/// What the sender gets.
const SILENT: StageStep = StageStep::Settle(Err(Undelivered::DiskSilent));

impl RecordStage {
    /// Where an event leads, and what is to be done.
    #[expect(clippy::match_same_arms, reason = "a table, row by state")]
    pub(super) fn after(self, event: RecordEvent, fallback: Fallback) -> (Self, StageStep) {
        use AwaitedReport::{Both, Kafka, Nobody, Spool};
        match (self, event) {
            (Self::Parked, RecordEvent::LetGo(Way::Direct)) => (Self::Sent, StageStep::Leave),
            (Self::Parked, RecordEvent::LetGo(Way::Spool)) => (Self::Appended, StageStep::Append),

            (Self::Sent, RecordEvent::Reported(Err(why))) => match fallback {
                Fallback::Spool => (Self::Appended, StageStep::FallBack),
                Fallback::Nothing => (Self::Known(Nobody), StageStep::Settle(Err(why))),
            },
            (Self::Sent, RecordEvent::Reported(Ok(at))) => {
                (Self::Known(Nobody), StageStep::Settle(Ok(at)))
            }
            (Self::Sent, RecordEvent::Refused(why)) => {
                (Self::Known(Nobody), StageStep::Settle(Err(why)))
            }
            (Self::Sent, RecordEvent::Overdue) => match fallback {
                Fallback::Spool => (Self::Late, StageStep::FallBack),
                Fallback::Nothing => {
                    (Self::Known(Kafka), StageStep::Settle(Err(Undelivered::Late)))
                }
            },

            (Self::Late, RecordEvent::Reported(Ok(at))) => {
                (Self::Known(Spool), StageStep::Settle(Ok(at)))
            }
            (Self::Late, RecordEvent::Reported(Err(_))) => (Self::Appended, StageStep::Wait),
            (Self::Late, RecordEvent::Spooled(result)) => {
                (Self::Known(Kafka), StageStep::Settle(result))
            }
            (Self::Late, RecordEvent::SpoolSilent) => (Self::Known(Both), SILENT),

            (Self::Appended, RecordEvent::Spooled(result)) => {
                (Self::Known(Nobody), StageStep::Settle(result))
            }
            (Self::Appended, RecordEvent::SpoolSilent) => (Self::Known(Spool), SILENT),

            (Self::Known(Kafka), RecordEvent::Reported(it)) => {
                (Self::Known(Nobody), StageStep::Settle(it))
            }
            (Self::Known(Both), RecordEvent::Reported(it)) => {
                (Self::Known(Spool), StageStep::Settle(it))
            }
            (Self::Known(Spool), RecordEvent::Spooled(it)) => {
                (Self::Known(Nobody), StageStep::Settle(it))
            }
            (Self::Known(Both), RecordEvent::Spooled(it)) => {
                (Self::Known(Kafka), StageStep::Settle(it))
            }

            (
                Self::Parked,
                RecordEvent::Reported(_)
                | RecordEvent::Refused(_)
                | RecordEvent::Overdue
                | RecordEvent::Spooled(_)
                | RecordEvent::SpoolSilent,
            )
            | (
                Self::Sent,
                RecordEvent::LetGo(_) | RecordEvent::Spooled(_) | RecordEvent::SpoolSilent,
            )
            | (
                Self::Late,
                RecordEvent::LetGo(_) | RecordEvent::Refused(_) | RecordEvent::Overdue,
            )
            | (
                Self::Appended,
                RecordEvent::LetGo(_)
                | RecordEvent::Reported(_)
                | RecordEvent::Refused(_)
                | RecordEvent::Overdue,
            )
            | (Self::Known(Nobody | Spool), RecordEvent::Reported(_))
            | (Self::Known(Nobody | Kafka), RecordEvent::Spooled(_))
            | (
                Self::Known(_),
                RecordEvent::LetGo(_)
                | RecordEvent::Refused(_)
                | RecordEvent::Overdue
                | RecordEvent::SpoolSilent,
            ) => {
                debug_assert!(false, "{event:?} while {self:?}");
                (self, StageStep::Wait)
            }
        }
    }
}
