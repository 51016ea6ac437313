//! What is said of a panic, tried by a process that dies of it.

use super::*;
use crate::args::{LogArgs, LogFormat};
use crate::metrics::connections::ConnectionSeries;
use crate::rare_line::RareLine;
use crate::webhook::http::connection_phase::ConnectionPhase;
use crate::webhook::http::crowd::{Crowd, MakesRoom};
use crate::webhook::http::server::{Limits, serve};
use crate::webhook::http::successor::Successor;
use crate::webhook::http::timeout_stream::Timeouts;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use std::env;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio_util::sync::CancellationToken;

/// Set where the test is started again, as the one that dies.
const DIES: &str = "DIES_OF_A_PANIC";
/// Lines that take longer to be written than it takes to abort.
const BEFORE: usize = 30;
/// More than a pipe holds.
const LINE: usize = 100_000;

/// What a post has that no log may have.
const TOKEN: &str = "Basic dmlkZW86czNjcmV0LTRmMWQ=";
const BODY: &str = "{\"b0dy\":\"5e6f\"}";

/// Longer than a post takes.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_panic_that_cannot_unwind_is_logged_before_the_abort() {
    if env::var_os(DIES).is_some() {
        return die();
    }
    for (backtrace, frames) in [("0", false), ("1", true)] {
        let test = "a_panic_that_cannot_unwind_is_logged_before_the_abort";

        let ended = again(test, backtrace);

        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.signal(), Some(6), "SIGABRT: {said}");
        let (before, said) = said.split_at((LINE + 1) * BEFORE);
        assert!(before.ends_with("x\n"));
        assert!(said.starts_with("thread 'rdk:main' panicked at src/cli/tests.rs"), "{said}");
        assert!(said.contains(":\nof a callback\n"), "{said}");
        assert_eq!(said.contains("   0: "), frames, "{said}");
        assert!(!said.contains("disabled backtrace"), "{said}");
    }
}

#[test]
fn a_panic_in_a_post_shows_nothing_of_the_post() {
    if env::var_os(DIES).is_some() {
        return panic_in_a_post();
    }
    for backtrace in ["0", "full"] {
        let ended = again("a_panic_in_a_post_shows_nothing_of_the_post", backtrace);

        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{said}");
        assert!(said.contains("panicked at src/cli/tests.rs"), "{said}");
        assert!(said.contains("a connection's task panicked"), "{said}");
        for secret in [TOKEN, BODY] {
            assert!(!said.contains(secret), "{secret} is in {said}");
        }
    }
}

/// Starts one of these tests again, as what dies.
fn again(test: &str, backtrace: &str) -> Output {
    let (_crate, module) = module_path!().split_once("::").unwrap();
    let mut again = Command::new(env::current_exe().unwrap());
    again.args(["--exact", &format!("{module}::{test}")]);
    again.env(DIES, "").env("RUST_BACKTRACE", backtrace).output().unwrap()
}

/// The server of the bridge, its log at its most talkative, and what answers a post at fault.
fn panic_in_a_post() {
    let stderr = Stderr::start().unwrap();
    log_panics(&stderr);
    let log = LogArgs { log: "trace".to_owned(), log_format: LogFormat::Json };
    logging::start(&log, &stderr).unwrap();
    let crowd = Crowd::new("webhook", 8, MakesRoom::Idle, ConnectionSeries::default());
    let limits = Limits {
        crowd: Arc::new(crowd),
        accept_errors: Arc::new(RareLine::every(LONG)),
        timeouts: Timeouts { idle: LONG, read: LONG },
        successor: Successor::default(),
        tls: None,
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let poster = thread::spawn({
            let stop = stop.clone();
            move || {
                let answer = post(addr);
                stop.cancel();
                answer
            }
        });
        serve(listener, limits, stop, |request, _: &ConnectionPhase| fault(request)).await;
        assert_eq!(poster.join().unwrap(), "");
    });
    stderr.end();
}

/// Knows all of the post, and says nothing of it.
async fn fault(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let authorization = request.headers()["authorization"].clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!((authorization.as_bytes(), &body[..]), (TOKEN.as_bytes(), BODY.as_bytes()));
    panic!("a fault of the bridge");
}

fn post(addr: SocketAddr) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let length = BODY.len();
    let head = format!("Host: a\r\nAuthorization: {TOKEN}\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("POST /webhook HTTP/1.1\r\n{head}\r\n{BODY}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn die() {
    let stderr = Stderr::start().unwrap();
    log_panics(&stderr);
    let line = [vec![b'x'; LINE], vec![b'\n']].concat();
    (0..BEFORE).for_each(|_| (&stderr).write_all(&line).unwrap());
    let thread = thread::Builder::new().name("rdk:main".to_owned());
    drop(thread.spawn(|| callback()).unwrap().join());
}

extern "C" fn callback() {
    panic!("of a callback");
}
