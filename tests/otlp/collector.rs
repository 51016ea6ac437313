//! A collector: it takes what is posted and answers 200, or takes it and says nothing.
//!
//! Blocking, a thread for each connection; dropped, it takes no more.

use crate::spans::Span;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A test that waits so long has failed.
const TIME_OUT: Duration = Duration::from_secs(20);

/// See the module.
pub(crate) struct Collector {
    address: SocketAddr,
    exports: Arc<Mutex<Vec<Export>>>,
}

/// A request to it.
#[derive(Clone)]
pub(crate) struct Export {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    body: Vec<u8>,
}

/// What it does with a request that it has read.
#[derive(Clone)]
pub(crate) enum Mood {
    Answers,
    /// The same over TLS.
    AnswersOverTls(Arc<ServerConfig>),
    /// It reads, and never answers.
    Hangs,
}

impl Collector {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let exports = Arc::<Mutex<Vec<Export>>>::default();
        let taken = exports.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (mood, taken) = (mood.clone(), taken.clone());
                thread::spawn(move || serve(stream, mood, &taken));
            }
        });
        Self { address, exports }
    }

    /// For `--otlp-endpoint`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same over TLS.
    pub(crate) fn tls_url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn exports(&self) -> Vec<Export> {
        self.exports.lock().unwrap().clone()
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.exports().iter().flat_map(|export| Span::all(&export.body)).collect()
    }
}

fn serve(stream: TcpStream, mood: Mood, taken: &Mutex<Vec<Export>>) {
    stream.set_read_timeout(Some(TIME_OUT)).unwrap();
    match mood {
        Mood::Answers => take_all(stream, taken),
        Mood::AnswersOverTls(config) => {
            let connection = ServerConnection::new(config).unwrap();
            take_all(StreamOwned::new(connection, stream), taken);
        }
        Mood::Hangs => {
            let mut stream = BufReader::new(stream);
            drop(read(&mut stream));
            // Until the other side gives up.
            drop(stream.read(&mut [0]));
        }
    }
}

fn take_all(stream: impl Read + Write, taken: &Mutex<Vec<Export>>) {
    let mut stream = BufReader::new(stream);
    while let Some(export) = read(&mut stream) {
        taken.lock().unwrap().push(export);
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        let stream = stream.get_mut();
        if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}

/// A request with a length. None at the end of the connection.
fn read(stream: &mut BufReader<impl Read>) -> Option<Export> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    head.make_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(Export { head, body })
}
