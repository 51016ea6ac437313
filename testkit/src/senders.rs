//! Senders that post all the time: each waits for the answer to its post before the next.
//!
//! Every post has bytes of its own, and every one is noted. A sender keeps its connection and opens
//! another when it is lost, unless it is to open one for each post. Whether the answers are right
//! is for the test to judge, by the [`Ledger`].

use crate::deadline::let_pass;
use crate::http::{Connection, Response, request};
use crate::ledger::{Ledger, Post};
use crate::notification::{APP_ID, PATH, numbered};
use crate::tls::{Client, TlsConnection};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

/// Between two posts of a steady sender. Slow senders are the ones whose order is in danger: fast
/// ones fill every queue at once and fail together.
const STEADY: Duration = Duration::from_millis(30);

/// Before a post is repeated: the bridge that is started again is there after a tenth of a second.
const AGAIN: Duration = Duration::from_millis(20);

/// How long a pool looks at a connection before it uses it again.
const LOOK: Duration = Duration::from_millis(1);

/// How long a post is repeated: longer than any outage of a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is to be posted, and by how many.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Load {
    senders: usize,
    projects: usize,
    /// Between the beginnings of two posts of a sender; a late answer is not made up for.
    interval: Duration,
    tries: Tries,
    connections: Connections,
}

/// How senders use connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connections {
    Kept,
    /// By every other sender, which looks before each post whether the other side has closed, as
    /// pools do.
    HalfKept,
}

/// What a sender does about a post that did not get a 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tries {
    One,
    Until200,
}

/// Senders at work.
pub struct Senders {
    /// Dropped to stop them.
    stops: Vec<Sender<()>>,
    threads: Vec<JoinHandle<Vec<Post>>>,
}

impl Load {
    /// Senders that post some thirty times a second, each its own project.
    pub fn steady(senders: usize) -> Self {
        let (tries, connections) = (Tries::One, Connections::Kept);
        Self { senders, projects: senders, interval: STEADY, tries, connections }
    }

    /// So many posts a second, by senders that each have their own project.
    pub fn paced(per_second: u32, senders: u32) -> Self {
        let interval = Duration::from_secs(1) * senders / per_second;
        Self { interval, ..Self::steady(senders as usize) }
    }

    /// The same senders for fewer projects: posts of one project then overlap.
    pub fn projects(self, projects: usize) -> Self {
        Self { projects, ..self }
    }

    /// Every other sender opens a connection for each of its posts.
    pub fn half_on_new_connections(self) -> Self {
        Self { connections: Connections::HalfKept, ..self }
    }

    /// Senders that repeat a post until it gets its 200, with the same bytes.
    pub fn until_200(self) -> Self {
        Self { tries: Tries::Until200, ..self }
    }

    /// Starts the senders, evenly spread over the first interval.
    pub fn start(self, addr: SocketAddr) -> Senders {
        self.start_by(&Way::Plain(addr))
    }

    /// Starts them over TLS.
    pub fn start_over_tls(self, addr: SocketAddr, client: &Client) -> Senders {
        self.start_by(&Way::Tls(addr, client.clone()))
    }

    fn start_by(self, way: &Way) -> Senders {
        let start = Instant::now();
        let run = |sender: usize| {
            let (stop, stopped) = mpsc::channel();
            let first = start
                + self.interval * u32::try_from(sender).unwrap()
                    / u32::try_from(self.senders).unwrap();
            let way = way.clone();
            let sender = OneSender { number: sender, load: self, way, connection: None };
            (stop, thread::spawn(move || sender.post_until(&stopped, first)))
        };
        let (stops, threads) = (0..self.senders).map(run).unzip();
        Senders { stops, threads }
    }
}

impl Senders {
    /// Waits for the last answers.
    #[track_caller]
    pub fn stop(self) -> Ledger {
        drop(self.stops);
        Ledger::of(self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect())
    }
}

struct OneSender {
    number: usize,
    load: Load,
    way: Way,
    connection: Option<Open>,
}

/// Where posts go.
#[derive(Clone)]
enum Way {
    Plain(SocketAddr),
    Tls(SocketAddr, Client),
}

/// An open connection.
enum Open {
    Plain(Connection),
    Tls(Box<TlsConnection>),
}

impl Way {
    fn open(&self) -> io::Result<Open> {
        match self {
            Self::Plain(addr) => Connection::try_open(*addr).map(Open::Plain),
            Self::Tls(addr, client) => client.connect(*addr).map(Box::new).map(Open::Tls),
        }
    }
}

impl Open {
    /// As far as can be seen. Over TLS it is not looked at.
    fn is_open(&mut self) -> bool {
        match self {
            Self::Plain(connection) => connection.is_silent_for(LOOK),
            Self::Tls(_) => true,
        }
    }

    fn try_post(&mut self, body: &str) -> io::Result<Response> {
        let post = request("POST", PATH, &[], body);
        match self {
            Self::Plain(connection) => {
                connection.try_send(post).and_then(|()| connection.try_read())
            }
            Self::Tls(connection) => connection.try_send(post).and_then(|()| connection.try_read()),
        }
    }
}

impl OneSender {
    fn post_until(mut self, stopped: &Receiver<()>, first: Instant) -> Vec<Post> {
        let Load { senders, projects, interval, .. } = self.load;
        let project = format!("project-{}", self.number % projects);
        let mut posts = Vec::new();
        let mut due = first;
        while stopped.recv_timeout(due.saturating_duration_since(Instant::now()))
            == Err(RecvTimeoutError::Timeout)
        {
            let unique = posts.len() * senders + self.number;
            posts.push(self.post(&project, numbered(unique).replace(APP_ID, &project)));
            due = Instant::now().max(due + interval);
        }
        posts
    }

    fn post(&mut self, project: &str, body: String) -> Post {
        let (posted, clock) = (Instant::now(), SystemTime::now());
        let project = project.to_owned();
        loop {
            let tried = Instant::now();
            let status = self.try_post(&body).ok();
            let ended = Instant::now();
            let is_last = self.load.tries == Tries::One || ended > posted + PATIENCE;
            if status == Some(200) || is_last {
                let took = ended - tried;
                return Post { project, body, posted, clock, ended, status, took };
            }
            let_pass(AGAIN);
        }
    }

    fn try_post(&mut self, body: &str) -> io::Result<u16> {
        let is_open = |kept: &mut Open| match self.load.connections {
            Connections::Kept => true,
            Connections::HalfKept => kept.is_open(),
        };
        let kept = self.connection.take().and_then(|mut kept| is_open(&mut kept).then_some(kept));
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.way.open()?,
        };
        let answer = connection.try_post(body)?;
        let keeps = match self.load.connections {
            Connections::Kept => true,
            Connections::HalfKept => self.number.is_multiple_of(2),
        };
        if keeps && answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer.status)
    }
}
