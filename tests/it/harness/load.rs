//! The load generator counts what was answered, charges a stall to every post that it held up, and
//! takes nothing but a 200 for success.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;
use testkit::load::way::{Life, Way};
use testkit::load::{Load, Tally};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n";

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_millis(500);

#[test]
fn a_closed_loop_counts_each_answer_once_even_in_pieces() {
    let server = server(|stream, _| {
        for piece in OK.chunks(7) {
            stream.write_all(piece).unwrap();
            thread::yield_now();
        }
    });

    let tally = run(server, 3, Pace::Closed);

    assert_eq!((tally.failures, tally.first_failure.as_deref()), (0, None));
    assert!(tally.answered() >= 3);
    assert!(tally.elapsed >= SHORT);
}

#[test]
fn an_open_loop_charges_a_stall_to_every_post_due_meanwhile() {
    let server = server(|stream, count| {
        if count == 0 {
            thread::sleep(LONG);
        }
        stream.write_all(OK).unwrap();
    });

    let tally = run(server, 1, Pace::Open(100.0));

    let stalled = LONG.as_nanos() / 2;
    let charged = tally.latencies.iter().filter(|nanos| u128::from(**nanos) > stalled);
    assert_eq!((tally.answered(), charged.count()), (10, 10));
}

#[test]
fn an_open_loop_keeps_to_its_rate() {
    let server = server(|stream, _| stream.write_all(OK).unwrap());

    let tally = run(server, 4, Pace::Open(200.0));

    assert_eq!(tally.answered(), 20);
}

#[test]
fn another_status_is_a_failure_and_its_connection_goes_on() {
    let server = server(|stream, count| {
        stream.write_all(if count == 0 { UNAVAILABLE } else { OK }).unwrap();
    });

    let tally = run(server, 1, Pace::Closed);

    assert_eq!(tally.failures, 1);
    assert_eq!(tally.first_failure.as_deref(), Some("a post was answered 503"));
    assert!(tally.answered() > 0);
}

#[test]
fn a_connection_that_is_closed_is_a_failure_and_ends_the_run() {
    let server = server(|stream, _| stream.shutdown(std::net::Shutdown::Both).unwrap());

    let tally = run(server, 2, Pace::Closed);

    assert_eq!((tally.answered(), tally.failures), (0, 2));
    assert!(tally.first_failure.unwrap().starts_with("a post had no answer"));
}

#[test]
fn a_connection_for_each_post_ends_behind_its_answer() {
    let server = server(|stream, count| {
        stream.write_all(if count == 0 { OK } else { UNAVAILABLE }).unwrap();
    });

    let way = Way { to: server, life: Life::OnePost, tls: None };
    let tally = Load::by(&way, 3, Posts::new(1)).unwrap().run(Pace::Closed, SHORT);

    assert_eq!(tally.first_failure, None);
    assert!(tally.answered() > 3);
}

#[test]
fn a_body_that_the_kernel_has_no_room_for_is_sent_whole() {
    const LARGE: usize = 8 << 20;
    let mut posts = Posts::sized(1, LARGE);
    let whole = posts.next_request().len();
    assert!(whole > LARGE);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut load = Load::connect(listener.local_addr().unwrap(), 1, posts).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut vec![0; whole]).unwrap();
        stream.write_all(OK).unwrap();
    });

    let tally = load.run(Pace::Open(10.0), SHORT);

    server.join().unwrap();
    assert_eq!((tally.first_failure, tally.latencies.len()), (None, 1));
}

fn run(server: SocketAddr, connections: usize, pace: Pace) -> Tally {
    Load::connect(server, connections, Posts::new(1)).unwrap().run(pace, SHORT)
}

/// Gives each request to `answer`, with the number of those before on its connection.
fn server(answer: impl FnMut(&mut TcpStream, usize) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut answer) = (stream.unwrap(), answer.clone());
            thread::spawn(move || {
                stream.set_nodelay(true).unwrap();
                // A request is far smaller than a segment on loopback: it comes whole.
                for count in 0.. {
                    match stream.read(&mut [0; 4096]) {
                        Ok(read) if read > 0 => answer(&mut stream, count),
                        _ => return,
                    }
                }
            });
        }
    });
    addr
}
