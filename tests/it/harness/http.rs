//! The raw client sends what it is given and reads what comes, no more.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use testkit::http::{Connection, basic, get, post, request};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_post_is_sent_with_its_headers_and_length() {
    let expected = "POST /path HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\
                    Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\nbody";
    let (addr, server) = server(|mut stream| {
        let mut request = vec![0; expected.len()];
        stream.read_exact(&mut request).unwrap();
        write!(stream, "{OK}").unwrap();
        String::from_utf8(request).unwrap()
    });

    post(addr, "/path", &[("Authorization", &basic("user", "password"))], "body");

    assert_eq!(server.join().unwrap(), expected);
}

#[test]
fn an_answer_is_read_with_its_headers_and_its_whole_body() {
    let (addr, _server) = server(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 503 So\r\nX: y\r\ncontent-length: 9\r\n\r\n{\"a\": 1}\nmore")
            .unwrap();
    });

    let response = Connection::open(addr).read();

    assert_eq!((response.status, response.header("x")), (503, Some("y")));
    assert_eq!(response.json(), serde_json::json!({"a": 1}));
}

#[test]
fn a_body_without_a_length_is_read_to_the_end() {
    let (addr, _server) = server(|mut stream| {
        stream.read_exact(&mut vec![0; request("GET", "/", &[], "").len()]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end").unwrap();
    });

    assert_eq!(get(addr, "/").text(), "to the end");
}

#[test]
fn a_connection_reads_interim_and_pipelined_answers_one_by_one() {
    let (addr, _server) = server(|mut stream| {
        write!(stream, "HTTP/1.1 100 Continue\r\n\r\n{OK}{OK}").unwrap();
    });
    let mut connection = Connection::open(addr);

    let statuses = [(); 3].map(|()| connection.read().status);

    assert_eq!(statuses, [100, 200, 200]);
    assert!(connection.is_closed());
    assert_eq!(connection.try_read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_half_closed_connection_still_gets_its_answer() {
    let (addr, server) = server(|mut stream| {
        let mut request = Vec::new();
        stream.read_to_end(&mut request).unwrap();
        write!(stream, "{OK}").unwrap();
        request
    });
    let mut connection = Connection::open(addr);

    connection.send(request("POST", "/", &[], "body"));
    connection.half_close();

    assert_eq!(connection.read().status, 200);
    assert_eq!(server.join().unwrap(), request("POST", "/", &[], "body"));
}

/// Gives one connection to `answer`.
fn server<T: Send + 'static>(
    answer: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (addr, thread::spawn(move || answer(listener.accept().unwrap().0)))
}
