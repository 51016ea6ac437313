//! A topic that is not there: logged by name, never made, and taken up when it comes.

use crate::outages::{BACK, KAFKA_UP, RECOVERED, detail, timed_post, wait_for_200};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::kafka::RealKafka;

#[test]
fn a_missing_topic_is_named_never_made_and_used_when_it_comes() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "missing").no_auth();
    // The client doubts a missing topic for so long before it believes the broker; a bridge that
    // runs for longer is to come back from that too.
    let doubt =
        ["topic.metadata.propagation.max.ms=1000", "topic.metadata.propagation.max.ms=30000"];
    let bridges = doubt.map(|doubt| serve.clone().arg("-X", doubt).start());

    for bridge in &bridges {
        eventually(SOON, "the topic is named", || detail(bridge, "topic").contains("missing: "));
        assert_eq!(bridge.readyz().0, 503);
        assert_eq!(bridge.metric(KAFKA_UP), 0.0);
        for _ in 0..3 {
            let (answer, took) = timed_post(bridge.webhook());
            assert_eq!(refusal(&answer), (503, Outcome::Unavailable));
            assert!(took < Duration::from_secs(4), "{took:?}");
        }
    }
    // Fails if it is there already.
    kafka.create_topic("missing", 3, &[]);
    for bridge in &bridges {
        bridge.wait_ready(BACK);
        // The probe sees the topic before the producer does.
        wait_for_200(bridge, RECOVERED);
        Exposition::settled(bridge.admin());
    }
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "missing").len(), 2);
}

#[test]
fn a_topic_deleted_and_made_again_is_used_without_a_restart() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("coming-and-going", 6, &[]);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "coming-and-going").no_auth();
    let bridge = serve.start();
    bridge.wait_ready(SOON);
    assert_eq!(timed_post(bridge.webhook()).0.status, 200);

    kafka.delete_topic("coming-and-going");
    eventually(SOON, "it is not ready", || bridge.readyz().0 == 503);
    assert!(detail(&bridge, "topic").starts_with("coming-and-going: "));
    assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));

    kafka.create_topic("coming-and-going", 3, &[]);
    bridge.wait_ready(BACK);
    wait_for_200(&bridge, RECOVERED);
    Exposition::settled(bridge.admin());
    assert!(!consumer::to_end(&kafka.bootstrap(), "coming-and-going").is_empty());
}
