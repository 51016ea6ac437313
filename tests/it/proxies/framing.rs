//! Requests whose end is in doubt, through a proxy: what it does not refuse itself it passes on in a form
//! that the bridge reads as it does.
//!
//! Promise: it has no 200. A sound post behind it has a record only where it is answered itself, because
//! the proxy has found an end before it; else the connection is closed, or the proxy waits for more. The
//! bridge answers no request that the proxy did not pass on.

use crate::protocol::in_doubt;
use crate::proxies::front::{self, Front};
use crate::proxies::is_skipped;
use crate::support::rig::Rig;
use rustls::version::TLS13;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::here;
use testkit::http::request;
use testkit::notification::{APP_ID, PATH, ce_id, numbered};
use testkit::port::free_port;
use testkit::tls::{Authority, Client};

/// Longer than an answer takes on a busy machine while all others are asked for.
const SILENT: Duration = Duration::from_secs(5);

#[test]
fn what_is_in_doubt_is_one_request_behind_nginx_too() {
    check(here!(), &front::NGINX);
}

#[test]
fn what_is_in_doubt_is_one_request_behind_haproxy_too() {
    check(here!(), &front::HAPROXY);
}

/// What came back of one request and the sound post behind it.
struct Seen {
    statuses: Vec<u16>,
    text: String,
    end: io::Result<()>,
}

fn check(test: &str, front: &Front) {
    if is_skipped(test, front) {
        return;
    }
    let rig = Rig::on_mock(Launch::no_auth);
    let (authority, port) = (Authority::new(), free_port());
    let client = authority.client(&TLS13).http1();
    let proxy = front.start([rig.addr().port(), free_port()], port, &authority.issue(90));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    proxy.wait_until_it_answers(address, &client);

    let cases = in_doubt::all();
    let seen: Vec<_> = thread::scope(|scope| {
        let (client, cases) = (&client, cases.iter().enumerate());
        let asked = cases.map(|(n, (case, _))| scope.spawn(move || ask(client, address, case, n)));
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    let records = rig.records();
    let mut by_the_bridge = 0;
    for (n, ((case, _), seen)) in cases.iter().zip(&seen).enumerate() {
        by_the_bridge += seen.by_the_bridge();
        let recorded = records.iter().filter(|record| record.value == numbered(n).as_bytes());
        let is_answered = seen.text.contains(&ce_id(APP_ID, numbered(n)));
        assert_eq!(recorded.count(), usize::from(is_answered), "{case:?}");
        let refusals = seen.statuses.iter().take_while(|status| **status >= 400).count();
        let told = &seen.statuses[refusals..];
        assert_eq!(told, if is_answered { &[200][..] } else { &[] }, "{case:?}: {}", seen.text);
        assert!(refusals > 0 || !is_answered, "{case:?}: {}", seen.text);
        assert!(seen.is_over(), "{case:?}: {:?}", seen.end);
    }
    let outcomes: BTreeMap<_, _> = rig.outcomes();
    let refused = rig.count("hookbridge_heads_refused_total");
    assert_eq!(outcomes.values().sum::<u64>() + refused, by_the_bridge, "{outcomes:?}");
}

/// Sends the case with a sound post behind it.
fn ask(client: &Client, address: SocketAddr, case: &str, n: usize) -> Seen {
    let mut connection = client.connect(address).unwrap();
    connection.wait_at_most(SILENT);
    let sound = request("POST", PATH, &[("Connection", "close")], numbered(n));
    // It may have been closed behind the first of it.
    drop(connection.try_send([case.as_bytes(), &sound].concat()));
    let (bytes, end) = connection.read_rest();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let heads = text.split("HTTP/1.1 ").skip(1);
    let statuses = heads.map(|head| head[..3].parse().unwrap()).filter(|status| *status != 100);
    Seen { statuses: statuses.collect(), end, text }
}

impl Seen {
    /// Answers that the proxy did not make up: problems, receipts, and a 400 without a body.
    fn by_the_bridge(&self) -> u64 {
        let marks = ["application/problem+json", "\"accepted\"", "content-length: 0\r\n"];
        marks.iter().map(|mark| self.text.matches(mark).count() as u64).sum()
    }

    /// Whether nothing can follow: it was closed, or the proxy waits for the rest of a body.
    fn is_over(&self) -> bool {
        match &self.end {
            Ok(()) => true,
            Err(error) => matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::WouldBlock
            ),
        }
    }
}
