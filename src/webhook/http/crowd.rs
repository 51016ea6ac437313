//! The connections of a port, and the room for one more.
//!
//! Promise: no more than the limit are served at once, on all event loops together. Where there is no room for
//! a new one, the one that has waited longest for a request makes room, and so on until there is; a post
//! that has reached this machine is read and not cut off. Where none can go, the new one waits, and what
//! comes behind it waits in the kernel's queue. It closes no connection: each is asked, and goes itself.

use crate::metrics::connections::ConnectionSeries;
use crate::webhook::http::connection_phase::{Asked, ConnectionPhase};
use crate::webhook::http::rare_line::RareLine;
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a connection has waited before it is taken for idle: longer than a round trip, so that what
/// a sender writes behind its connect, or behind an answer, is on its way no more.
const QUIET: Duration = Duration::from_millis(250);
/// After one was asked to go and there is no room yet, the next one is asked: it had a post after all.
const NEXT: Duration = Duration::from_millis(100);
/// Whoever is at the limit is there at each new connection.
const LINE: Duration = Duration::from_secs(60);

/// Which connections make room for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MakesRoom {
    /// Those of which no byte of a request has come, for [`QUIET`] at least.
    Idle,
    /// These at once, and those that have sent half of a head: of clients that ask again.
    Unanswered,
}

/// The connections of a port, on whatever event loop.
pub struct Crowd {
    port: &'static str,
    makes_room: MakesRoom,
    series: ConnectionSeries,
    line: RareLine,
    places: Arc<Semaphore>,
    numbers: AtomicU64,
    open: Mutex<HashMap<u64, Arc<ConnectionPhase>>>,
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
            open: Mutex::default(),
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

    /// As where there is no room, for want of files. The kernel says so also where nobody waits, so that
    /// only an idle one is asked, on whatever port.
    pub(super) fn make_files(&self, now: Instant) {
        self.ask_longest(now, QUIET);
    }

    /// Asks one to go, if one can; gives when to ask the next.
    fn make_room(&self, now: Instant) -> Duration {
        let quiet = match self.makes_room {
            MakesRoom::Idle => QUIET,
            MakesRoom::Unanswered => Duration::ZERO,
        };
        self.ask_longest(now, quiet)
    }

    /// Asks the one that has waited longest, if that is so long.
    fn ask_longest(&self, now: Instant, quiet: Duration) -> Duration {
        let open = self.open();
        let waiting = open.values().filter_map(|phase| Some((phase.waits_since()?, phase)));
        let Some((since, phase)) = waiting.min_by_key(|(since, _)| *since) else { return NEXT };
        let waited = now.saturating_duration_since(since);
        if waited < quiet {
            return quiet.saturating_sub(waited);
        }
        phase.ask(Asked::ForRoom);
        NEXT
    }

    /// One more, from `peer`.
    pub(super) fn join(
        self: &Arc<Self>,
        peer: IpAddr,
        place: Option<OwnedSemaphorePermit>,
    ) -> Member {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let phase = Arc::new(ConnectionPhase::open(peer, self.makes_room));
        self.open().insert(number, phase.clone());
        self.series.open.inc();
        Member { number, crowd: self.clone(), phase, _place: place }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<ConnectionPhase>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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
        drop(self.crowd.open().remove(&self.number));
        self.crowd.series.open.dec();
        if self.phase.asked() == Asked::ForRoom {
            self.crowd.series.displaced.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::http::connection_phase::Rest;
    use std::net::Ipv4Addr;

    fn crowd(makes_room: MakesRoom) -> Arc<Crowd> {
        Arc::new(Crowd::new("webhook", 8, makes_room, ConnectionSeries::default()))
    }

    fn join(crowd: &Arc<Crowd>) -> Member {
        crowd.join(Ipv4Addr::LOCALHOST.into(), None)
    }

    fn asked(members: &[&Member]) -> Vec<bool> {
        members.iter().map(|member| member.phase.asked() == Asked::ForRoom).collect()
    }

    #[test]
    fn the_one_that_has_waited_longest_is_asked_and_then_the_next() {
        let crowd = crowd(MakesRoom::Idle);
        let [first, second, half, busy] = [(); 4].map(|()| join(&crowd));
        half.phase.hear();
        busy.phase.hear();
        busy.phase.head_is_whole();
        first.phase.hear();
        first.phase.head_is_whole();
        first.phase.end(Rest::Read);
        let members = [&first, &second, &half, &busy];
        let later = Instant::now() + QUIET;

        assert_eq!(crowd.make_room(later), NEXT);
        assert_eq!(asked(&members), [false, true, false, false]);
        crowd.make_room(later);
        assert_eq!(asked(&members), [true, true, false, false]);
        crowd.make_room(later + QUIET);
        assert_eq!(asked(&members), [true, true, false, false], "nobody else can go");
    }

    #[test]
    fn a_new_connection_may_have_a_post_coming_and_is_not_asked() {
        let crowd = crowd(MakesRoom::Idle);
        let new = join(&crowd);

        let pause = crowd.make_room(Instant::now());

        assert_eq!(asked(&[&new]), [false]);
        assert!(Duration::ZERO < pause && pause <= QUIET, "{pause:?}");
    }

    #[test]
    fn half_a_head_makes_room_where_clients_ask_again() {
        let crowd = crowd(MakesRoom::Unanswered);
        let [half, busy] = [(); 2].map(|()| join(&crowd));
        half.phase.hear();
        busy.phase.hear();
        busy.phase.head_is_whole();

        crowd.make_room(Instant::now());

        assert_eq!(asked(&[&half, &busy]), [true, false]);
    }

    #[test]
    fn without_files_one_that_has_only_come_is_not_asked_to_go() {
        for makes_room in [MakesRoom::Idle, MakesRoom::Unanswered] {
            let crowd = crowd(makes_room);
            let new = join(&crowd);

            crowd.make_files(Instant::now());
            assert_eq!(asked(&[&new]), [false]);
            crowd.make_files(Instant::now() + QUIET);
            assert_eq!(asked(&[&new]), [true]);
        }
    }

    #[test]
    fn an_asked_connection_with_a_post_stays_and_is_not_counted() {
        let crowd = crowd(MakesRoom::Idle);
        let [stays, goes] = [(); 2].map(|()| join(&crowd));
        let later = Instant::now() + QUIET;
        crowd.make_room(later);
        crowd.make_room(later);
        assert_eq!(asked(&[&stays, &goes]), [true, true]);

        stays.phase.hear();
        drop((stays, goes));

        assert_eq!(crowd.series.displaced.get(), 1);
        assert!(crowd.open().is_empty());
    }
}
