//! The connections of a port, and the room for one more.
//!
//! Promise: no more than the limit are served at once, on all event loops together. Where there is
//! no room for a new one, one without a whole head makes room, and so on until there is: first
//! those that never had anything granted, silent ones before half heads, then those of known
//! senders, each the longest waiting first. While strangers hold more than half of the places, a
//! new one waits for theirs rather than take a known sender's. A post that has reached this machine
//! is read and not cut off. Where none can go, the new one waits, and what comes behind it waits in
//! the kernel's queue. It closes no connection: each is asked, and goes itself.

use crate::lock::Lock;
use crate::metrics::connections::ConnectionSeries;
use crate::rare_line::RareLine;
use crate::webhook::http::connection_phase::{Asked, ConnectionPhase, Moment, Phase, Sender};
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a connection has waited before it is taken for idle: longer than a round trip, so that what
/// a sender writes behind its connect, or behind an answer, is on its way no more.
const QUIET: Duration = Duration::from_millis(250);
/// How long half a head is let be, or half a handshake: a packet that was lost has come again by then.
const HALF: Duration = Duration::from_secs(1);
/// After one was asked to go and there is no room yet, the next one is asked: it had a post after all.
/// And how long is waited before the next look.
const NEXT: Duration = Duration::from_millis(100);
/// Strangers that are found in one look through all, so that a flood does not cost one for each
/// connection.
const FOUND: usize = 32;
/// Whoever is at the limit is there at each new connection.
const LINE: Duration = Duration::from_secs(60);

/// Which connections make room for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MakesRoom {
    /// Those of which no byte of a request has come for [`QUIET`], and half heads that are [`HALF`]
    /// old.
    Idle,
    /// These at once, and the longest waiting first, whoever it is: of clients that ask again.
    Unanswered,
}

impl MakesRoom {
    /// How long a connection is let be in a phase; none where it makes no room.
    fn patience(self, phase: Phase) -> Option<Duration> {
        match (self, phase) {
            (Self::Idle | Self::Unanswered, Phase::Request) => None,
            (Self::Unanswered, Phase::Silent | Phase::Secured | Phase::Head | Phase::Idle) => {
                Some(Duration::ZERO)
            }
            (Self::Idle, Phase::Silent | Phase::Idle) => Some(QUIET),
            (Self::Idle, Phase::Secured | Phase::Head) => Some(HALF),
        }
    }

    /// Whose turn comes first, before it goes by time.
    fn turn(self, seen: Moment) -> (Sender, Phase) {
        match self {
            Self::Idle => (seen.sender, seen.phase),
            Self::Unanswered => (Sender::Stranger, Phase::Silent),
        }
    }
}

/// The connections of a port, on whatever event loop.
pub struct Crowd {
    port: &'static str,
    makes_room: MakesRoom,
    series: ConnectionSeries,
    line: RareLine,
    places: Arc<Semaphore>,
    numbers: AtomicU64,
    open: Lock<HashMap<u64, Arc<ConnectionPhase>>>,
    found: Lock<Found>,
}

/// Whose turn to make room is next, as of a short while ago.
#[derive(Default)]
struct Found {
    until: Option<Instant>,
    /// The last one is the first.
    next: Vec<(Weak<ConnectionPhase>, Moment)>,
}

/// One of the crowd, until it is dropped.
pub(super) struct Member {
    number: u64,
    crowd: Arc<Crowd>,
    phase: Arc<ConnectionPhase>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Crowd {
    /// Of a port, with its name for the log, that serves at most `most` at once.
    pub fn new(
        port: &'static str,
        most: usize,
        makes_room: MakesRoom,
        series: ConnectionSeries,
    ) -> Self {
        series.limit.set(i64::try_from(most).unwrap_or(i64::MAX));
        Self {
            port,
            makes_room,
            series,
            line: RareLine::every(LINE),
            places: Arc::new(Semaphore::new(most)),
            numbers: AtomicU64::default(),
            open: Lock::default(),
            found: Lock::default(),
        }
    }

    /// Room for one more connection, once there is; none once it is time to stop.
    pub(super) async fn room(&self, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        if let Some(left_out) = self.line.note(Instant::now()) {
            let (port, limit) = (self.port, self.series.limit.get());
            tracing::warn!(
                port,
                limit,
                left_out,
                "no room for a connection: the longest idle one makes room, or it waits"
            );
        }
        self.series.waiting.inc();
        let place = stop.run_until_cancelled(self.wait_for_room()).await;
        self.series.waiting.dec();
        place
    }

    async fn wait_for_room(&self) -> OwnedSemaphorePermit {
        let mut place = pin!(self.places.clone().acquire_owned());
        loop {
            let pause = self.make_room(Instant::now());
            tokio::select! {
                biased;
                place = place.as_mut() => return place.expect("the semaphore is never closed"),
                () = sleep(pause) => {}
            }
        }
    }

    /// Asks one to go, if one can; gives when to ask the next.
    fn make_room(&self, now: Instant) -> Duration {
        let mut found = self.found.lock();
        if found.is_asked(now) {
            return NEXT;
        }
        let pause = self.find(now, &mut found);
        if found.is_asked(now) { NEXT } else { pause }
    }

    /// Looks through all for those whose turn is next; gives when to look again where there are none.
    fn find(&self, now: Instant, found: &mut Found) -> Duration {
        let open = self.open.lock();
        let (mut due, mut pause, mut strangers) = (Vec::new(), NEXT, 0);
        for phase in open.values() {
            let seen = phase.look();
            let Some(patience) = self.makes_room.patience(seen.phase) else { continue };
            if seen.asked != Asked::Not {
                continue;
            }
            let (turn, since) = (self.makes_room.turn(seen), phase.since(seen));
            strangers += usize::from(turn.0 == Sender::Stranger);
            let early = (since + patience).saturating_duration_since(now);
            if early > Duration::ZERO {
                pause = pause.min(early);
            } else {
                due.push((turn, since, phase, seen));
            }
        }
        let Some(first) = due.iter().map(|(turn, ..)| *turn).min() else { return pause };
        let most = match first.0 {
            Sender::Stranger => FOUND,
            // One of the strangers will be it.
            Sender::Known if strangers > open.len() / 2 => return pause,
            // A stranger's turn may come before the next one's.
            Sender::Known => 1,
        };
        due.retain(|(turn, ..)| *turn == first);
        due.sort_unstable_by_key(|(_, since, ..)| *since);
        due.truncate(most);
        let next = due.into_iter().rev().map(|(.., phase, seen)| (Arc::downgrade(phase), seen));
        *found = Found { until: Some(now + NEXT), next: next.collect() };
        Duration::ZERO
    }

    /// One more, from `peer`.
    pub(super) fn join(
        self: &Arc<Self>,
        peer: IpAddr,
        place: Option<OwnedSemaphorePermit>,
    ) -> Member {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let phase = Arc::new(ConnectionPhase::open(peer));
        self.open.lock().insert(number, phase.clone());
        let before = self.series.open.inc();
        self.series.most_open.fetch_max(before + 1, Ordering::Relaxed);
        Member { number, crowd: self.clone(), phase, _place: place }
    }
}

impl Found {
    /// Asks the next one that is still where it was found; none while that is too long ago.
    fn is_asked(&mut self, now: Instant) -> bool {
        if self.until.is_none_or(|until| now >= until) {
            self.next.clear();
        }
        while let Some((phase, seen)) = self.next.pop() {
            if phase.upgrade().is_some_and(|phase| phase.ask(seen, Asked::ForRoom)) {
                return true;
            }
        }
        false
    }
}

impl Member {
    /// Where it is.
    pub(super) fn phase(&self) -> &ConnectionPhase {
        &self.phase
    }

    /// It ended because no request could be read.
    pub(super) fn refused_head(&self) {
        self.crowd.series.refused_heads.inc();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        drop(self.crowd.open.lock().remove(&self.number));
        self.crowd.series.open.dec();
        if self.phase.look().asked == Asked::ForRoom {
            self.crowd.series.displaced.inc();
        }
    }
}

#[cfg(test)]
mod tests;
