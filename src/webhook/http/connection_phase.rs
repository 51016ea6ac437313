//! Where a connection is, shared by its stream, whoever answers on it, and the crowd that it is one of.
//!
//! Promise: a connection goes to make room only while it waits for a request: one whose request is
//! answered stays, whatever it is asked. It closes nothing: the stream does, when it finds that it was
//! asked and that nothing has come.

use crate::webhook::http::crowd::MakesRoom;
use futures_util::task::AtomicWaker;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
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

/// Where a connection is, and since when.
#[derive(Debug)]
pub struct ConnectionPhase {
    peer: IpAddr,
    makes_room: MakesRoom,
    opened: Instant,
    phase: AtomicU8,
    /// When the phase began, in microseconds since `opened`.
    since: AtomicU64,
    /// Whether the last answer came before its request was whole.
    unread: AtomicBool,
    /// An [`Asked`].
    asked: AtomicU8,
    /// The task of a connection that waits.
    task: AtomicWaker,
}

/// The phases of a connection; the first ends with its first byte, a head is read in the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    Silent,
    Idle,
    Head,
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

impl ConnectionPhase {
    /// Of a connection that is opened now, from `peer`.
    pub(super) fn open(peer: IpAddr, makes_room: MakesRoom) -> Self {
        Self {
            peer,
            makes_room,
            opened: Instant::now(),
            phase: AtomicU8::new(Phase::Silent as u8),
            since: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            asked: AtomicU8::new(Asked::Not as u8),
            task: AtomicWaker::new(),
        }
    }

    /// Who is on the other end of the connection.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The handshake of TLS is over; from here on the first post must come.
    pub(super) fn is_secure(&self) {
        self.enter(Phase::Silent);
    }

    /// A head is whole; gives when its first byte came.
    pub fn head_is_whole(&self) -> Instant {
        let begun = match self.phase() {
            Phase::Head => self.since(),
            // Its head came with the request before it.
            Phase::Silent | Phase::Idle | Phase::Request => Instant::now(),
        };
        self.phase.store(Phase::Request as u8, Ordering::Relaxed);
        begun
    }

    /// The answer is made; the next post may come.
    pub(super) fn end(&self, rest: Rest) {
        self.unread.store(rest == Rest::Unread, Ordering::Relaxed);
        self.enter(Phase::Idle);
    }

    /// Bytes have come.
    pub(super) fn hear(&self) {
        if self.is_idle() {
            self.enter(Phase::Head);
        }
    }

    /// Whether no post is under way.
    pub(super) fn is_idle(&self) -> bool {
        match self.phase() {
            Phase::Silent | Phase::Idle => true,
            Phase::Head | Phase::Request => false,
        }
    }

    /// How long no post has been under way.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        self.is_idle().then(|| self.since().elapsed())
    }

    /// Since when it has waited for what it can make room in; `None` if it cannot, or was asked already.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        (self.can_go() && self.asked() == Asked::Not).then(|| self.since())
    }

    /// Asks it to go unless something has come.
    pub(super) fn ask(&self, asked: Asked) {
        self.asked.store(asked as u8, Ordering::Release);
        self.task.wake();
    }

    /// What it was asked to go for since it waits.
    pub(super) fn asked(&self) -> Asked {
        match self.asked.load(Ordering::Acquire) {
            0 => Asked::Not,
            1 => Asked::ForRoom,
            _ => Asked::AtTheEnd,
        }
    }

    /// Whether it was asked to go, and may; otherwise `task` is woken once it is asked.
    pub(super) fn is_to_go(&self, task: &Waker) -> bool {
        self.task.register(task);
        self.asked() != Asked::Not && self.can_go()
    }

    /// Whether the sender may still be writing what was answered: a body that was not read to its
    /// end, or a head that was refused before it was whole.
    pub(super) fn is_unread(&self) -> bool {
        self.phase() == Phase::Head || self.unread.load(Ordering::Relaxed)
    }

    fn can_go(&self) -> bool {
        match (self.phase(), self.makes_room) {
            (Phase::Silent | Phase::Idle, _) | (Phase::Head, MakesRoom::Unanswered) => true,
            (Phase::Head, MakesRoom::Idle) | (Phase::Request, _) => false,
        }
    }

    fn enter(&self, phase: Phase) {
        let micros = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since.store(micros, Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
        // What it was asked, it was asked in another phase.
        self.asked.store(Asked::Not as u8, Ordering::Release);
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Silent,
            1 => Phase::Idle,
            2 => Phase::Head,
            _ => Phase::Request,
        }
    }

    pub(super) fn since(&self) -> Instant {
        self.opened + Duration::from_micros(self.since.load(Ordering::Relaxed))
    }
}
