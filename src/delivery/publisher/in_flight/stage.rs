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
//! `Known: x` waits for nobody but x to report. The record itself is kept while it is Parked or Sent.
//! [`Stage::after`] is this table; a pair that has no location in it changes nothing.

use crate::delivery::gate::admission::Way;
use crate::delivery::publisher::in_flight::{DeliveryResult, Fallback};
use crate::delivery::undelivered::Undelivered;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum Stage {
    /// It waits for the gate.
    Parked,
    /// Kafka is to report on it.
    Sent,
    /// Kafka has not reported in time; the spool has it too.
    Late,
    /// The spool is to report on it.
    Appended,
    /// Its result is known.
    Known(Awaited),
}

/// Whose report may still come once the result is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum Awaited {
    Nobody,
    Kafka,
    Spool,
    Both,
}

/// What happens to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::publisher) enum Event {
    /// The gate lets a parked record go.
    LetGo(Way),
    /// Kafka's report came, or none will.
    Reported(DeliveryResult),
    /// The client has not taken it, and the spool is not to have it.
    Refused(Undelivered),
    /// No ack came in time.
    Overdue,
    /// The spool has stored it, or could not.
    Spooled(DeliveryResult),
    /// The spool has not answered in time.
    SpoolSilent,
}

/// What an event means for the record.
pub(super) enum Step {
    Wait,
    /// Its deadline runs from now on.
    Leave,
    /// It goes to the spool, which the gate has counted.
    Append,
    /// It goes to the spool, which the gate has not counted.
    FallBack,
    Settle(DeliveryResult),
}

/// What the sender gets.
const SILENT: Step = Step::Settle(Err(Undelivered::DiskSilent));

impl Stage {
    /// Where an event leads, and what is to be done.
    pub(super) fn after(self, event: Event, fallback: Fallback) -> (Self, Step) {
        use Awaited::{Both, Kafka, Nobody, Spool};
        match (self, event) {
            (Self::Parked, Event::LetGo(Way::Direct)) => (Self::Sent, Step::Leave),
            (Self::Parked, Event::LetGo(Way::Spool)) => (Self::Appended, Step::Append),

            (Self::Sent, Event::Reported(Err(why))) => match fallback {
                Fallback::Spool => (Self::Appended, Step::FallBack),
                Fallback::Nothing => (Self::Known(Nobody), Step::Settle(Err(why))),
            },
            (Self::Sent, Event::Reported(Ok(at))) => (Self::Known(Nobody), Step::Settle(Ok(at))),
            (Self::Sent, Event::Refused(why)) => (Self::Known(Nobody), Step::Settle(Err(why))),
            (Self::Sent, Event::Overdue) => match fallback {
                Fallback::Spool => (Self::Late, Step::FallBack),
                Fallback::Nothing => (Self::Known(Kafka), Step::Settle(Err(Undelivered::Late))),
            },

            (Self::Late, Event::Reported(Ok(at))) => (Self::Known(Spool), Step::Settle(Ok(at))),
            (Self::Late, Event::Reported(Err(_))) => (Self::Appended, Step::Wait),
            (Self::Late, Event::Spooled(result)) => (Self::Known(Kafka), Step::Settle(result)),
            (Self::Late, Event::SpoolSilent) => (Self::Known(Both), SILENT),

            (Self::Appended, Event::Spooled(result)) => (Self::Known(Nobody), Step::Settle(result)),
            (Self::Appended, Event::SpoolSilent) => (Self::Known(Spool), SILENT),

            (Self::Known(Kafka), Event::Reported(it)) => (Self::Known(Nobody), Step::Settle(it)),
            (Self::Known(Both), Event::Reported(it)) => (Self::Known(Spool), Step::Settle(it)),
            (Self::Known(Spool), Event::Spooled(it)) => (Self::Known(Nobody), Step::Settle(it)),
            (Self::Known(Both), Event::Spooled(it)) => (Self::Known(Kafka), Step::Settle(it)),

            (stage, event) => {
                debug_assert!(false, "{event:?} while {stage:?}");
                (stage, Step::Wait)
            }
        }
    }
}
