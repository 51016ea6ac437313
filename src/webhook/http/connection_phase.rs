//! Where a connection is, shared by its stream, whoever answers on it, and the crowd that it is one of.
//!
//! Promise: where it is, since when, and what it was asked is one value, read and changed as one. A
//! connection goes only if it is where it was when it was judged: one on which something has come
//! since stays, whatever it was asked. It closes nothing: the stream does, when it finds that it
//! was asked and that nothing has come.

use futures_util::task::AtomicWaker;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

/// What an answer leaves of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Read,
    /// Some of it may still come.
    Unread,
}

/// Who is on the other end, as far as answers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Sender {
    /// Nothing that was asked was granted yet.
    Stranger,
    /// A request of this connection was granted.
    Known,
}

/// The phases of a connection, in the order in which they make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    /// No byte has come.
    Silent,
    /// Its handshake is over and nothing has come since, or half a record of TLS.
    Secured,
    /// Some of a head has come, or of a handshake.
    Head,
    /// A request was answered, and nothing has come since.
    Idle,
    /// A head is whole.
    Request,
}

/// What a connection that waits was asked to go for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Asked {
    Not,
    ForRoom,
    AtTheEnd,
}

/// Where a connection is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) phase: Phase,
    pub(super) sender: Sender,
    pub(super) asked: Asked,
    /// What the last answer left.
    rest: Rest,
    /// When the phase began, in microseconds since the connection was opened.
    since: u64,
}

/// Where a connection is, and since when.
#[derive(Debug)]
pub struct ConnectionPhase {
    peer: IpAddr,
    opened: Instant,
    /// When it learned that the end has begun.
    told: OnceLock<Instant>,
    /// A [`Moment`].
    now: AtomicU64,
    /// The task of a connection that waits.
    task: AtomicWaker,
}

impl Moment {
    /// Bits below those of the time, which has room for some thousand years.
    const FLAGS: u32 = 7;

    fn to_word(self) -> u64 {
        let flags = self.phase as u64
            | (self.sender as u64) << 3
            | (self.asked as u64) << 4
            | u64::from(self.rest == Rest::Unread) << 6;
        self.since << Self::FLAGS | flags
    }

    fn of_word(word: u64) -> Self {
        let phase = match word & 0b111 {
            0 => Phase::Silent,
            1 => Phase::Secured,
            2 => Phase::Head,
            3 => Phase::Idle,
            _ => Phase::Request,
        };
        let sender = if word >> 3 & 1 == 0 { Sender::Stranger } else { Sender::Known };
        let asked = match word >> 4 & 0b11 {
            0 => Asked::Not,
            1 => Asked::ForRoom,
            _ => Asked::AtTheEnd,
        };
        let rest = if word >> 6 & 1 == 0 { Rest::Read } else { Rest::Unread };
        Self { phase, sender, asked, rest, since: word >> Self::FLAGS }
    }

    /// Whether nothing has come of what is waited for.
    pub(super) fn is_idle(self) -> bool {
        match self.phase {
            Phase::Silent | Phase::Secured | Phase::Idle => true,
            Phase::Head | Phase::Request => false,
        }
    }

    /// Whether the sender may still be writing what was answered: a body that was not read to its
    /// end, or a head that was refused before it was whole.
    pub(super) fn is_unread(self) -> bool {
        self.phase == Phase::Head || self.rest == Rest::Unread
    }
}

impl ConnectionPhase {
    /// Of a connection that is opened now, from `peer`.
    pub(super) fn open(peer: IpAddr) -> Self {
        let first = Moment {
            phase: Phase::Silent,
            sender: Sender::Stranger,
            asked: Asked::Not,
            rest: Rest::Read,
            since: 0,
        };
        Self {
            peer,
            opened: Instant::now(),
            told: OnceLock::new(),
            now: AtomicU64::new(first.to_word()),
            task: AtomicWaker::new(),
        }
    }

    /// Who is on the other end of the connection.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The handshake of TLS is over; from here on the first post must come.
    pub(super) fn is_secure(&self) {
        self.enter(Phase::Secured, self.look());
    }

    /// A head is whole; gives when its first byte came.
    pub fn head_is_whole(&self) -> Instant {
        let head = self.look();
        match head.phase {
            Phase::Head => self.set(Moment { phase: Phase::Request, ..head }),
            // Its head came with the request before it, or with the handshake.
            Phase::Silent | Phase::Secured | Phase::Idle | Phase::Request => {
                self.enter(Phase::Request, head);
            }
        }
        self.since(self.look())
    }

    /// The answer is made; the next post may come.
    pub(super) fn end(&self, sender: Sender, rest: Rest) {
        let request = self.look();
        self.enter(Phase::Idle, Moment { sender: request.sender.max(sender), rest, ..request });
    }

    /// Bytes have come.
    pub(super) fn hear(&self) {
        let before = self.look();
        if before.is_idle() {
            self.enter(Phase::Head, before);
        }
    }

    /// Where it is.
    pub(super) fn look(&self) -> Moment {
        Moment::of_word(self.now.load(Ordering::Acquire))
    }

    /// Since when it is there.
    pub(super) fn since(&self, seen: Moment) -> Instant {
        self.opened + Duration::from_micros(seen.since)
    }

    /// Asks it to go, unless it is no more where it was seen.
    pub(super) fn ask(&self, seen: Moment, asked: Asked) -> bool {
        let (seen, asked) = (seen.to_word(), Moment { asked, ..seen }.to_word());
        let changed = self.now.compare_exchange(seen, asked, Ordering::AcqRel, Ordering::Relaxed);
        self.task.wake();
        changed.is_ok()
    }

    /// Whether it was asked to go since it waits; otherwise `task` is woken once it is asked.
    pub(super) fn is_to_go(&self, task: &Waker) -> bool {
        self.task.register(task);
        self.look().asked != Asked::Not
    }

    /// Since when it has its last call, at the end; none while a request is under way. Whoever has
    /// rested before has had it; a stranger has one in all, whatever it gets half done.
    pub(super) fn called_since(&self, seen: Moment) -> Option<Instant> {
        let told = *self.told.get_or_init(Instant::now);
        let since = self.since(seen);
        let begun = match seen.sender {
            Sender::Stranger => told.max(self.opened),
            Sender::Known => told.max(since),
        };
        match seen.phase {
            Phase::Request => None,
            Phase::Head => Some(begun),
            Phase::Silent | Phase::Secured | Phase::Idle if seen.is_unread() => Some(begun),
            Phase::Silent | Phase::Secured | Phase::Idle => Some(since.min(begun)),
        }
    }

    fn enter(&self, phase: Phase, from: Moment) {
        let since = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.set(Moment { phase, since, ..from });
    }

    /// Only its own task does. What it was asked, it was asked where it was before.
    fn set(&self, moment: Moment) {
        self.now.store(Moment { asked: Asked::Not, ..moment }.to_word(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn open() -> ConnectionPhase {
        ConnectionPhase::open(Ipv4Addr::LOCALHOST.into())
    }

    #[test]
    fn a_connection_that_has_moved_on_is_not_asked() {
        let phase = open();
        let seen = phase.look();
        phase.hear();

        assert!(!phase.ask(seen, Asked::ForRoom));
        assert_eq!(phase.look().asked, Asked::Not);
        assert!(phase.ask(phase.look(), Asked::ForRoom));
        phase.head_is_whole();
        assert_eq!(phase.look().asked, Asked::Not, "its head was whole before it went");
    }

    #[test]
    fn what_was_granted_once_is_known_from_then_on() {
        let phase = open();
        for (sender, is) in [
            (Sender::Stranger, Sender::Stranger),
            (Sender::Known, Sender::Known),
            (Sender::Stranger, Sender::Known),
        ] {
            phase.head_is_whole();
            phase.end(sender, Rest::Unread);
            let seen = phase.look();
            assert_eq!((seen.phase, seen.sender, seen.is_unread()), (Phase::Idle, is, true));
        }
    }

    #[test]
    fn a_head_begins_with_its_first_byte_and_not_with_the_handshake() {
        let phase = open();
        phase.hear();
        phase.is_secure();
        let secured = phase.since(phase.look());
        std::thread::sleep(Duration::from_millis(2));
        assert!(phase.head_is_whole() > secured);
    }
}
