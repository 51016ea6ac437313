//! The load generator: one thread, one epoll, one post at a time on each connection.
//!
//! Closed loop: a connection posts again when it has its answer. Open loop: posts are due at a
//! steady rate, whatever the answers do, and each is timed from when it was due and not from when a
//! connection was free for it, so that a server that stalls is charged for every post that it held
//! up (no coordinated omission).
//!
//! Connections are kept, or there is one for each post; plain, or over TLS.
//!
//! Promise: a run begins and ends with nothing under way, so that whatever a server spent between
//! belongs to the posts that are counted. Everything that is not answered 200 is a failure; a run
//! ends all the same, [`PATIENCE`] after its time at the latest.

mod answer;
pub mod posts;
pub mod schedule;
pub mod way;
mod wire;

use crate::load::answer::{Answer, NoAnswer};
use crate::load::posts::Posts;
use crate::load::schedule::{Pace, Schedule};
use crate::load::way::{Life, Way};
use crate::load::wire::Wire;
use crate::tls::Client;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// An answer that took so long is a failure: above every time-out of the servers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections are opened faster than they are accepted, and one that finds the server's queue full
/// waits a second for its next try.
const BURST: usize = 128;
const PAUSE: Duration = Duration::from_millis(5);

/// Answers that are read after one wait.
const EVENTS: usize = 256;

/// More than an answer has.
const READ: usize = 16 * 1024;

/// What came of one run.
#[derive(Debug, Default)]
pub struct Tally {
    /// From the first post to the last answer.
    pub elapsed: Duration,
    /// Of each post that was answered 200, in nanoseconds; four seconds and more are as one.
    pub latencies: Vec<u32>,
    /// Posts that were not.
    pub failures: u64,
    /// What was wrong with the first of them.
    pub first_failure: Option<String>,
    /// Posts on a connection that took up a TLS session.
    pub resumed: u64,
}

/// Connections to one server.
pub struct Load {
    life: Life,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    /// Those with nothing under way, longest first.
    idle: VecDeque<usize>,
    /// Those that are not broken.
    whole: usize,
    posts: Posts,
    buffer: Box<[u8]>,
}

struct Connection {
    /// With sessions of its own.
    way: Way,
    /// None between two posts where there is one for each, and of one that is lost.
    wire: Option<Wire>,
    /// When the post under way was due.
    due: Option<Instant>,
    /// What has come of an answer that is not whole.
    partial: Vec<u8>,
}

impl Load {
    /// Opens connections that are kept.
    pub fn connect(to: SocketAddr, count: usize, posts: Posts) -> io::Result<Self> {
        Self::by(&Way { to, life: Life::Kept, tls: None }, count, posts)
    }

    /// So many connections at once. Of a new one for each post the first is opened by a run.
    pub fn by(way: &Way, count: usize, posts: Posts) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let way = Way { tls: way.tls.as_ref().map(Client::apart), ..*way };
            let mut connection = Connection { way, wire: None, due: None, partial: Vec::new() };
            if connection.way.life == Life::Kept {
                if index % BURST == BURST - 1 {
                    thread::sleep(PAUSE);
                }
                connection.wire.insert(Wire::open(&connection.way)?).watch(&epoll, index)?;
            }
            connections.push(connection);
        }
        let (idle, buffer) = ((0..count).collect(), vec![0; READ].into_boxed_slice());
        Ok(Self { life: way.life, epoll, connections, idle, whole: count, posts, buffer })
    }

    /// Posts for so long, and then waits for the last answers.
    pub fn run(&mut self, pace: Pace, time: Duration) -> Tally {
        let mut schedule = Schedule::new(pace, time);
        let give_up = schedule.end() + PATIENCE;
        let mut tally = Tally::default();
        let mut events = Vec::with_capacity(EVENTS);
        self.send(&mut schedule, &mut tally);
        loop {
            let now = Instant::now();
            let next = if self.idle.is_empty() { None } else { schedule.next(now) };
            if next.is_none() && self.idle.len() == self.whole {
                break;
            }
            if now >= give_up {
                self.abandon(&mut tally);
                break;
            }
            let until = next.unwrap_or(give_up).min(give_up);
            self.wait(&mut events, until.saturating_duration_since(now));
            self.send(&mut schedule, &mut tally);
            for event in events.drain(..) {
                let index = event.data.u64().try_into().expect("it was an index");
                self.receive(index, &mut tally);
                self.send(&mut schedule, &mut tally);
            }
        }
        tally.elapsed = schedule.begin().elapsed();
        tally
    }

    /// Sends what is due, as long as a connection is free.
    fn send(&mut self, schedule: &mut Schedule, tally: &mut Tally) {
        while let Some(&index) = self.idle.front() {
            let now = Instant::now();
            let Some(due) = schedule.take(now) else { return };
            self.idle.pop_front();
            self.connections[index].due = Some(due);
            if let Err(error) = self.post(index) {
                self.lose(index, format!("a post could not be sent: {error}"), tally);
            }
        }
    }

    fn post(&mut self, index: usize) -> io::Result<()> {
        let Connection { way, wire, .. } = &mut self.connections[index];
        let wire = match wire {
            Some(wire) => wire,
            None => wire.insert(Wire::open(way)?),
        };
        wire.send(self.posts.next_request())?;
        wire.watch(&self.epoll, index)
    }

    fn wait(&self, events: &mut Vec<epoll::Event>, time: Duration) {
        let timeout = Timespec::try_from(time).expect("a wait of seconds");
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => panic!("epoll: {error}"),
        }
    }

    fn receive(&mut self, index: usize, tally: &mut Tally) {
        let connection = &mut self.connections[index];
        match connection.read(&self.epoll, index, &mut self.buffer) {
            Ok(None) => return,
            Ok(Some(Answer { status: 200 })) => {
                tally.resumed += u64::from(connection.wire.as_ref().is_some_and(Wire::is_resumed));
                let due = connection.due.take().expect("an answer follows a post");
                let latency = u32::try_from(due.elapsed().as_nanos());
                tally.latencies.push(latency.unwrap_or(u32::MAX));
            }
            Ok(Some(Answer { status })) => {
                connection.due = None;
                tally.fail(format!("a post was answered {status}"));
            }
            Err(why) => return self.lose(index, format!("a post had no answer: {why}"), tally),
        }
        if self.life == Life::OnePost
            && let Some(wire) = connection.wire.take()
        {
            wire.close();
        }
        self.idle.push_back(index);
    }

    /// A connection is of no use any more.
    fn lose(&mut self, index: usize, why: String, tally: &mut Tally) {
        tally.fail(why);
        let connection = &mut self.connections[index];
        connection.due = None;
        connection.wire = None;
        self.idle.retain(|idle| *idle != index);
        self.whole -= 1;
    }

    fn abandon(&mut self, tally: &mut Tally) {
        for index in 0..self.connections.len() {
            if self.connections[index].due.is_some() {
                self.lose(index, format!("a post had no answer within {PATIENCE:?}"), tally);
            }
        }
    }
}

impl Connection {
    /// The answer, when it is whole. What waits for room goes first.
    fn read(
        &mut self,
        epoll: &OwnedFd,
        index: usize,
        buffer: &mut [u8],
    ) -> Result<Option<Answer>, NoAnswer> {
        let Some(wire) = &mut self.wire else { return Ok(None) };
        wire.flush().map_err(NoAnswer::Broken)?;
        let read = wire.read(buffer);
        wire.watch(epoll, index).map_err(NoAnswer::Broken)?;
        let read = match read {
            Ok(0) => return Err(NoAnswer::Closed),
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(NoAnswer::Broken(error)),
        };
        if self.due.is_none() {
            return Err(NoAnswer::Unasked);
        }
        if self.partial.is_empty()
            && let Some(answer) = Answer::parse(read)?
        {
            return Ok(Some(answer));
        }
        self.partial.extend_from_slice(read);
        let answer = Answer::parse(&self.partial)?;
        if answer.is_some() {
            self.partial.clear();
        }
        Ok(answer)
    }
}

impl Tally {
    /// Posts that were answered 200.
    pub fn answered(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// The latency that this share of a hundred of them are within.
    pub fn percentile(&mut self, percent: usize) -> Option<Duration> {
        let rank = (self.latencies.len() * percent).div_ceil(100).checked_sub(1)?;
        let (_, nanos, _) = self.latencies.select_nth_unstable(rank);
        Some(Duration::from_nanos(u64::from(*nanos)))
    }

    fn fail(&mut self, why: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(why);
    }
}
