//! A raw HTTP/1 client for tests that care about bytes: it sends what it is given and reads one
//! response at a time.
//!
//! Blocking, every read and write with a time-out. It checks nothing that a test could want to send
//! wrong, follows nothing, repeats nothing. No chunked responses (it says so when it meets one).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer of the bridge may take; a test that waits so long has failed.
const TIME_OUT: Duration = Duration::from_secs(20);

/// A connection, kept between requests.
pub struct Connection<S = TcpStream>(BufReader<S>);

impl Connection {
    /// Connects; panics where nobody listens.
    pub fn open(addr: SocketAddr) -> Self {
        Self::try_open(addr).unwrap()
    }

    /// As [`Connection::open`], where there may be nobody.
    pub fn try_open(addr: SocketAddr) -> io::Result<Self> {
        TcpStream::connect_timeout(&addr, TIME_OUT).map(Self::over)
    }

    /// Opens many. The soft limit that most systems start with, of 1,024 open files for all tests
    /// together, is raised for them.
    pub fn open_many(addr: SocketAddr, count: usize) -> Vec<Self> {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
        (0..count).map(|_| Self::open(addr)).collect()
    }

    /// Over a stream that is connected already.
    pub fn over(stream: TcpStream) -> Self {
        with_time_outs(&stream);
        Self(BufReader::new(stream))
    }

    /// Closes the sending side; answers can still be read.
    pub fn half_close(&self) {
        self.0.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Closes by a reset: the other side loses what it has not read yet.
    pub fn reset(self) {
        SockRef::from(self.0.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Whether nothing comes for so long, neither bytes nor a close.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        let stream = self.0.get_ref();
        stream.set_read_timeout(Some(time)).unwrap();
        let read = self.0.fill_buf().map(<[u8]>::len);
        self.0.get_ref().set_read_timeout(Some(TIME_OUT)).unwrap();
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Bounds every wait of a stream.
pub(crate) fn with_time_outs(stream: &TcpStream) {
    stream.set_read_timeout(Some(TIME_OUT)).unwrap();
    stream.set_write_timeout(Some(TIME_OUT)).unwrap();
    stream.set_nodelay(true).unwrap();
}

impl<S: Read + Write> Connection<S> {
    /// Over a stream that bounds its waits.
    pub(crate) fn on(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// The stream, from which answers may have been read ahead.
    pub(crate) fn stream(&self) -> &S {
        self.0.get_ref()
    }

    /// Sends bytes as they are: a part of a request, one, or several.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// As [`Connection::send`], where the other side may have closed already.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Reads the next response, an interim one (100) included.
    #[track_caller]
    pub fn read(&mut self) -> Response {
        self.try_read().unwrap()
    }

    /// As [`Connection::read`]; `UnexpectedEof` is a close without an answer, `ConnectionReset` a
    /// reset.
    pub fn try_read(&mut self) -> io::Result<Response> {
        let mut response = self.head()?;
        response.body = self.body(&response)?;
        Ok(response)
    }

    /// Reads the answer to a HEAD, which has the length of a body that does not come.
    #[track_caller]
    pub fn read_without_body(&mut self) -> Response {
        self.head().unwrap()
    }

    /// Reads this many bytes as they are.
    pub fn read_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// All that comes, as it is, and how it ends: by a close, or by an error, of which `WouldBlock` is
    /// that nothing more comes.
    pub fn read_rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes).map(drop);
        (bytes, end)
    }

    fn head(&mut self) -> io::Result<Response> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).expect("a status line").parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header has a colon");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Response { status, headers, body: Vec::new() })
    }

    /// Whether the other side closes in good order, with nothing more to read. Waits for it as for
    /// an answer.
    pub fn is_closed(&mut self) -> bool {
        self.0.fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    fn body(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        assert_eq!(head.header("transfer-encoding"), None, "chunked responses are not read here");
        let mut body = Vec::new();
        if matches!(head.status, 100..200 | 204 | 304) {
            return Ok(body);
        }
        if let Some(length) = head.header("content-length") {
            body.resize(length.parse().unwrap(), 0);
            self.0.read_exact(&mut body)?;
        } else {
            self.0.read_to_end(&mut body)?;
        }
        Ok(body)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(line.to_owned())
    }
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    /// Of its status line.
    pub status: u16,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The body as UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The bytes of a request with `Host` and `Content-Length`, to be sent whole, in parts, or after
/// one another.
pub fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = Vec::new();
    write!(bytes, "{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n", body.len())
        .unwrap();
    for (name, value) in headers {
        write!(bytes, "{name}: {value}\r\n").unwrap();
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// Posts on a connection of its own.
#[track_caller]
pub fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Response {
    let mut connection = Connection::open(addr);
    connection.send(request("POST", path, headers, body));
    connection.read()
}

/// Gets on a connection of its own.
#[track_caller]
pub fn get(addr: SocketAddr, path: &str) -> Response {
    let mut connection = Connection::open(addr);
    connection.send(request("GET", path, &[], ""));
    connection.read()
}

/// The value of an `Authorization` header (RFC 7617).
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}
