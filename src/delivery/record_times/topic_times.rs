//! The times of records that the brokers of one topic take; a plain value that gets the time.
//!
//! A broker takes a record whose time lies within a span around its own clock
//! (`message.timestamp.before.max.ms`, `message.timestamp.after.max.ms`), and says of another only
//! that it does not. So the same record is tried with other times, in the order of [`Try`], until
//! one is taken; where what is known is not, the broker is asked
//! ([`crate::delivery::kafka::time_question`]) before others are guessed. What is taken proves on which
//! side of the span the refused time lay, and what can be sent in its place; both move on with the
//! clock. Promise: a time is found, be the clocks decades apart, of a broker that says which it takes,
//! and else with the span that brokers have by default (nothing is too old, an hour ahead is taken).

use crate::delivery::record_times::{Retry, SendTime};
use crate::timestamp::Timestamp;
use std::time::{Duration, Instant};

/// How long what was learnt holds, so that a limit that was lifted is noticed: one refusal for each.
pub(super) const LEARNT: Duration = Duration::from_secs(600);
/// A time this near to a refused one, in milliseconds, is not worth a try.
const NEAR: u64 = 1_000;
/// What lies this part of the way from a refused time to a taken one is refused unasked: the record
/// behind it grows old on its way, and each refusal in a batch costs a round trip or more.
const MARGIN: i64 = 8;
/// The first step away from the clock, in milliseconds: the span reaches an hour ahead by default.
const STEP: i64 = 3_600_000;
/// Each is twice the one before: the last is 59 years.
const STEPS: u8 = 20;

/// Where a time is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// The clock of this machine.
    Clock,
    /// What this topic acked last, moved on by the time since.
    Acked,
    /// What the sender's clock said.
    Sender,
    /// What the broker says it takes.
    Broker,
    /// This many steps back from the clock.
    Back(u8),
    /// This many steps ahead of it.
    Ahead(u8),
    /// Nothing is left to try.
    Over,
}

/// What a record brings along.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeSources {
    /// When it was received.
    pub(super) received: Timestamp,
    /// What its sender says of its time.
    pub(super) sender: Option<Timestamp>,
    /// The clock of this machine.
    pub(super) clock: Timestamp,
}

/// A time as of an instant; it moves on with the clock.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    time: Timestamp,
    at: Instant,
}

/// Times beyond the border are refused; another is sent in their place.
#[derive(Debug, Clone, Copy)]
struct Substitute {
    border: Anchor,
    taken: Anchor,
}

/// On which side of the span a refused time lay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanSide {
    TooOld,
    TooNew,
}

impl SpanSide {
    /// Of two borders, the one that lets fewer times pass.
    fn tighter(self, one: Anchor, other: Anchor, now: Instant) -> Anchor {
        let one_is_later = one.moved(now) > other.moved(now);
        match self {
            Self::TooOld if one_is_later => one,
            Self::TooNew if !one_is_later => one,
            Self::TooOld | Self::TooNew => other,
        }
    }
}

/// What an ack has taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Learnt {
    pub(super) side: SpanSide,
    pub(super) refused: Timestamp,
    pub(super) taken: Timestamp,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct TopicTimes {
    acked: Option<Anchor>,
    too_old: Option<Substitute>,
    too_new: Option<Substitute>,
}

impl Anchor {
    fn moved(self, now: Instant) -> Timestamp {
        let since = now.saturating_duration_since(self.at).as_millis();
        plus(self.time, i64::try_from(since).unwrap_or(i64::MAX))
    }
}

impl Substitute {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.taken.at + LEARNT
    }
}

impl Try {
    pub(super) fn after(self) -> Self {
        match self {
            Self::Clock => Self::Acked,
            Self::Acked => Self::Sender,
            Self::Sender => Self::Broker,
            Self::Broker => Self::Back(0),
            Self::Back(step) if step + 1 < STEPS => Self::Back(step + 1),
            Self::Back(_) => Self::Ahead(0),
            Self::Ahead(step) if step + 1 < STEPS => Self::Ahead(step + 1),
            Self::Ahead(_) | Self::Over => Self::Over,
        }
    }
}

impl TopicTimes {
    /// What a record that was not tried yet is sent with.
    pub(super) fn first(&self, received: Timestamp, now: Instant) -> SendTime {
        SendTime { time: self.learnt(received, now), ..SendTime::own(received) }
    }

    /// What is done with it once `refused` was refused.
    pub(super) fn next(&self, refused: SendTime, known: TimeSources, now: Instant) -> Retry {
        let mut step = refused.next;
        let first = Some(refused.refused.unwrap_or(refused.time));
        // What others have taught meanwhile comes first, once.
        let time = self.learnt(known.received, now);
        if step == Try::Clock && time != known.received && is_worth_a_try(time, refused.time) {
            return Retry::Time(SendTime { time, refused: first, next: step.after() });
        }
        loop {
            let tried = step;
            let time = match tried {
                Try::Broker => return Retry::Ask,
                Try::Over => return Retry::Nothing,
                Try::Clock | Try::Acked | Try::Sender | Try::Back(_) | Try::Ahead(_) => {
                    self.time_of(tried, known, now)
                }
            };
            step = step.after();
            let Some(time) = time else { continue };
            if is_worth_a_try(time, refused.time) {
                return Retry::Time(SendTime { time, refused: first, next: step });
            }
            // A neighbour in its batch was at fault: what was acked last is as old.
            if tried == Try::Acked {
                return Retry::Time(SendTime { next: step, ..refused });
            }
        }
    }

    /// A record was acked that was sent with this time.
    pub(super) fn acked(&mut self, sent: SendTime, now: Instant) -> Option<Learnt> {
        let taken = Anchor { time: sent.time, at: now };
        self.acked = Some(taken);
        let refused = sent.refused?;
        let border = Anchor { time: beside(refused, sent.time), at: now };
        let side = if refused < sent.time { SpanSide::TooOld } else { SpanSide::TooNew };
        let slot = match side {
            SpanSide::TooOld => &mut self.too_old,
            SpanSide::TooNew => &mut self.too_new,
        };
        let known = slot.filter(|known| known.is_fresh(now));
        let border = known.map_or(border, |known| side.tighter(known.border, border, now));
        *slot = Some(Substitute { border, taken });
        known.is_none().then_some(Learnt { side, refused, taken: sent.time })
    }

    /// A batch was refused for a time that had been thought to pass: half as much is, from now on. Its
    /// records are tried alone a little later, when they are too old by what is known already.
    pub(super) fn batch_refused(&mut self, now: Instant) {
        for substitute in [&mut self.too_old, &mut self.too_new].into_iter().flatten() {
            let (border, taken) = (substitute.border.moved(now), substitute.taken.moved(now));
            let time = plus(border, taken.unix_millis().saturating_sub(border.unix_millis()) / 2);
            substitute.border = Anchor { time, at: now };
        }
    }

    /// Whether anything that was learnt may still hold.
    pub(super) fn has_learnt(&self, now: Instant) -> bool {
        [self.too_old, self.too_new].iter().flatten().any(|substitute| substitute.is_fresh(now))
    }

    fn learnt(&self, own: Timestamp, now: Instant) -> Timestamp {
        let beyond = |substitute: &Substitute, side| match side {
            SpanSide::TooOld => own <= substitute.border.moved(now),
            SpanSide::TooNew => own >= substitute.border.moved(now),
        };
        [(self.too_old, SpanSide::TooOld), (self.too_new, SpanSide::TooNew)]
            .into_iter()
            .filter_map(|(substitute, side)| Some((substitute?, side)))
            .find(|(substitute, side)| substitute.is_fresh(now) && beyond(substitute, *side))
            .map_or(own, |(substitute, _)| substitute.taken.moved(now))
    }

    fn time_of(&self, step: Try, known: TimeSources, now: Instant) -> Option<Timestamp> {
        match step {
            Try::Clock => Some(known.clock),
            Try::Acked => self.acked.map(|acked| acked.moved(now)),
            Try::Sender => known.sender,
            Try::Back(step) => Some(plus(known.clock, -(STEP << step))),
            Try::Ahead(step) => Some(plus(known.clock, STEP << step)),
            Try::Broker | Try::Over => None,
        }
    }
}

/// Not what was refused just now, and nothing that a client takes for "no time".
fn is_worth_a_try(time: Timestamp, refused: Timestamp) -> bool {
    time.unix_millis() > 0 && time.unix_millis().abs_diff(refused.unix_millis()) >= NEAR
}

fn plus(time: Timestamp, millis: i64) -> Timestamp {
    Timestamp::of_unix_millis(time.unix_millis().saturating_add(millis))
}

/// A little on from `refused` towards `taken`.
fn beside(refused: Timestamp, taken: Timestamp) -> Timestamp {
    let distance = taken.unix_millis().saturating_sub(refused.unix_millis());
    plus(refused, distance / MARGIN)
}

#[cfg(test)]
mod tests;
