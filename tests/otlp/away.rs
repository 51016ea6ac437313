//! A collector that is away, or does not answer: posts do not notice.

use crate::collector::{Collector, Mood};
use crate::{SOON, mock, parent, serve, stop, with};
use std::time::{Duration, Instant};
use testkit::http::post;
use testkit::notification::{PATH, numbered};
use testkit::port::NOBODY;

/// Longer than any post takes whose record is acked, and shorter than anything that is waited for in
/// an export.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The end's share for spans, and as much for the rest of it.
const END: Duration = Duration::from_secs(4);

#[test]
fn posts_are_answered_while_the_collector_is_away() {
    let mock = mock();
    let url = format!("http://{NOBODY}");
    let often = ["OTEL_BSP_SCHEDULE_DELAY=20"];
    let mut bridge = with(serve(mock.bootstrap(), &url).no_auth(), &often).start();
    bridge.wait_ready(SOON);
    let said = "spans cannot be sent to the collector";
    let mut session = 0;
    let mut post_at_once = || {
        session += 1;
        let (begun, headers) = (Instant::now(), [("traceparent", &*parent("01"))]);
        assert_eq!(post(bridge.webhook(), PATH, &headers, numbered(session)).status, 200);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    };
    post_at_once();
    bridge.wait_for_log(said, SOON);
    for _ in 0..5 {
        post_at_once();
    }
    stop(&mut bridge);
    let log = bridge.log();
    assert_eq!(log.matches(said).count(), 1, "{log}");
    assert!(log.contains("cannot connect to 127.0.0.1:1: "), "{log}");
    assert!(log.contains("spans were lost") || log.contains("spans were left behind"), "{log}");
}

#[test]
fn a_collector_that_hangs_holds_up_neither_posts_nor_the_end() {
    let (collector, mock) = (Collector::start(Mood::Hangs), mock());
    let often = ["OTEL_BSP_SCHEDULE_DELAY=20"];
    let serve = serve(mock.bootstrap(), &collector.url()).no_auth();
    let mut bridge = with(serve, &often).start();
    bridge.wait_ready(SOON);
    for session in 0..5 {
        let (begun, headers) = (Instant::now(), [("traceparent", &*parent("01"))]);
        assert_eq!(post(bridge.webhook(), PATH, &headers, numbered(session)).status, 200);
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    }
    let begun = Instant::now();
    stop(&mut bridge);
    assert!(begun.elapsed() < END, "{:?}", begun.elapsed());
    assert!(bridge.log().contains("spans were left behind at the end"), "{}", bridge.log());
}
