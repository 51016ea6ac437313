//! A server in the bridge's place, which answers as the test wants it to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use testkit::deadline::let_pass;

/// What becomes of a post.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// 200 with `accepted`.
    Accept,
    /// The same, after this time.
    AcceptAfter(Duration),
    /// The same, and then the connection is closed without a word.
    AcceptAndClose,
    /// The connection is closed without an answer.
    Break,
}

/// See the module. It runs until the process of the test ends.
pub(super) struct StandIn {
    addr: SocketAddr,
    posts: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl StandIn {
    /// Answers the post of each number, from 0 on, so.
    pub(super) fn start(reply: fn(usize) -> Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (posts, connections) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (count, accepted) = (posts.clone(), connections.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let count = count.clone();
                thread::spawn(move || serve(&stream.unwrap(), reply, &count));
            }
        });
        Self { addr, posts, connections }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Posts that were read whole.
    pub(super) fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(stream: &TcpStream, reply: fn(usize) -> Reply, posts: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    while let Some(length) = head(&mut reader) {
        reader.read_exact(&mut vec![0; length]).unwrap();
        let reply = reply(posts.fetch_add(1, Ordering::SeqCst));
        match reply {
            Reply::Accept | Reply::AcceptAndClose => {}
            Reply::AcceptAfter(time) => let_pass(time),
            Reply::Break => return,
        }
        let body = r#"{"status":"accepted","id":"ab"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let sent = { stream }.write_all(answer.as_bytes());
        if sent.is_err() || matches!(reply, Reply::AcceptAndClose) {
            return;
        }
    }
}

/// The length of the body behind it; none at the end of the connection.
fn head(reader: &mut BufReader<&TcpStream>) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok();
        }
        if line.is_empty() {
            return length;
        }
    }
}
