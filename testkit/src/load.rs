//! The load generator: one thread, one epoll, one post at a time on each connection.
//!
//! Closed loop: a connection posts again when it has its answer. Open loop: posts are due at a
//! steady rate, whatever the answers do, and each is timed from when it was due and not from when a
//! connection was free for it, so that a server that stalls is charged for every post that it held
//! up (no coordinated omission).
//!
//! Promise: a run begins and ends with nothing under way, so that whatever a server spent between
//! belongs to the posts that are counted. Everything that is not answered 200 is a failure; a run
//! ends all the same, [`PATIENCE`] after its time at the latest.

mod answer;
pub mod posts;
pub mod schedule;

use crate::load::answer::{Answer, NoAnswer};
use crate::load::posts::Posts;
use crate::load::schedule::{Pace, Schedule};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
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
}

/// Connections to one server.
pub struct Load {
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
    stream: TcpStream,
    /// When the post under way was due.
    due: Option<Instant>,
    /// What has come of an answer that is not whole.
    partial: Vec<u8>,
}

impl Load {
    /// Opens the connections.
    pub fn connect(to: SocketAddr, count: usize, posts: Posts) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            if index % BURST == BURST - 1 {
                thread::sleep(PAUSE);
            }
            let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll::add(&epoll, &stream, EventData::new_u64(index as u64), EventFlags::IN)?;
            connections.push(Connection { stream, due: None, partial: Vec::new() });
        }
        let (idle, buffer) = ((0..count).collect(), vec![0; READ].into_boxed_slice());
        Ok(Self { epoll, connections, idle, whole: count, posts, buffer })
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
            let connection = &mut self.connections[index];
            connection.due = Some(due);
            let request = self.posts.next_request();
            match connection.stream.write(request) {
                Ok(written) if written == request.len() => {}
                // With nothing under way the kernel has room, unless the connection is broken.
                other => self.lose(index, format!("a post could not be sent: {other:?}"), tally),
            }
        }
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
        match connection.read(&mut self.buffer) {
            Ok(None) => return,
            Ok(Some(Answer { status: 200 })) => {
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
        self.idle.push_back(index);
    }

    /// A connection is of no use any more.
    fn lose(&mut self, index: usize, why: String, tally: &mut Tally) {
        tally.fail(why);
        let connection = &mut self.connections[index];
        connection.due = None;
        // What is at its end would be readable for ever.
        epoll::delete(&self.epoll, &connection.stream).unwrap();
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
    /// The answer, when it is whole.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<Answer>, NoAnswer> {
        let read = match self.stream.read(buffer) {
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

    fn fail(&mut self, why: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(why);
    }
}
