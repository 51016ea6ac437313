//! The topic's largest record: learnt from the broker, so that who is over it is answered 413 and
//! nobody else is harmed.

use crate::outages::{RECOVERED, detail, wait_for_200};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::http::{Response, post};
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, ROOMDROP, of_length};
use testkit::senders::Load;

const LEARNT: &str = "learnt the largest record that the topic takes";

const REFUSED: (u16, Outcome) = (413, Outcome::RecordRefused);

#[test]
fn a_record_over_a_small_limit_is_refused_at_every_size() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = limited(kafka, "limit-4000", "4000", |serve| serve);
    let accepted = [1000, 2000, 3000].map(|length| send(&bridge, length));
    assert!(accepted.iter().all(|answer| answer.status == 200));
    assert_eq!(refusal(&send(&bridge, 4000)), REFUSED);

    // The record's headers and the batch's own count too: somewhere here is the limit.
    let answers: Vec<_> = (3200..3700).step_by(5).map(|length| send(&bridge, length)).collect();

    let taken = answers.iter().take_while(|answer| answer.status == 200).count();
    assert!((1..answers.len()).contains(&taken), "{taken} of {}", answers.len());
    for answer in &answers[taken..] {
        assert_eq!(refusal(answer), REFUSED);
    }
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    let settled = Exposition::settled(bridge.admin());
    let refused = (answers.len() - taken + 1) as u64;
    assert_eq!(settled.outcomes()["record_refused"], refused);
    assert_eq!(consumer::to_end(&kafka.bootstrap(), "limit-4000").len(), taken + 4);
}

#[test]
fn a_record_over_the_client_limit_passes_if_the_topic_takes_it() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = limited(kafka, "limit-3m", "3000000", |serve| serve.arg("--max-body", "4MiB"));

    assert_eq!(send(&bridge, 2_000_000).status, 200);
    assert_eq!(refusal(&send(&bridge, 3_000_000)), REFUSED);
    assert_eq!(refusal(&send(&bridge, 5_000_000)), (413, Outcome::TooLarge));
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);

    let seen = consumer::to_end(&kafka.bootstrap(), "limit-3m");
    assert!(seen.iter().any(|seen| seen.value.len() == 2_000_000));
}

/// What `docs/reference.md` says, three seconds, and as much again on a busy machine.
const SEEN: Duration = Duration::from_secs(6);

#[test]
fn a_raised_limit_is_seen_within_seconds_of_the_next_post() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = limited(kafka, "limit-raised", "4000", |serve| serve);
    assert_eq!(refusal(&send(&bridge, 5000)), REFUSED);

    kafka.set_topic("limit-raised", "max.message.bytes", "100000");

    eventually(SEEN, "the larger record passes", || send(&bridge, 5000).status == 200);
}

/// Of one look at the topic, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn what_a_limit_means_is_shown_as_soon_as_it_is_learnt() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = limited(kafka, "limit-shown", "4000", |serve| serve);
    let warned = || detail(&bridge, "topic").contains("max.message.bytes=4000 is below --max-body");
    assert!(warned(), "{}", bridge.readyz().1);
    // While acks flow, probes are rare.
    let senders = Load::steady(2).start(bridge.webhook());

    kafka.set_topic("limit-shown", "max.message.bytes", "2000000");
    eventually(SEEN, "the larger record passes", || send(&bridge, 5000).status == 200);

    eventually(AT_ONCE, "the warning is gone", || !warned());
    senders.stop().assert_statuses(&[200]);
}

#[test]
fn the_limit_of_a_topic_that_was_made_again_is_learnt_anew() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let bridge = limited(kafka, "limit-changed", "4000", |serve| serve);
    assert_eq!(refusal(&send(&bridge, 6000)), REFUSED);

    kafka.delete_topic("limit-changed");
    eventually(SOON, "it is not ready", || bridge.readyz().0 == 503);
    kafka.create_topic("limit-changed", 3, &[("max.message.bytes", "8000")]);
    bridge.wait_ready(SOON);

    wait_for_200(&bridge, RECOVERED);
    assert_eq!(send(&bridge, 6000).status, 200);
    assert_eq!(refusal(&send(&bridge, 8000)), REFUSED);
}

#[test]
fn a_limit_that_the_operator_gave_is_not_asked_for() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    kafka.create_topic("limit-given", 3, &[]);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "limit-given").no_auth();
    let bridge = serve.arg("-X", "message.max.bytes=2000").start();
    bridge.wait_ready(SOON);

    assert_eq!(send(&bridge, 1000).status, 200);
    assert_eq!(refusal(&send(&bridge, 2000)), REFUSED);
    assert!(!bridge.log().contains(LEARNT), "{}", bridge.log());
}

/// A bridge that has learnt the limit of a new topic.
fn limited(
    kafka: &RealKafka,
    topic: &str,
    limit: &str,
    flags: impl FnOnce(Launch) -> Launch,
) -> Bridge {
    kafka.create_topic(topic, 3, &[("max.message.bytes", limit)]);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", topic).no_auth();
    let bridge = flags(serve).start();
    bridge.wait_ready(SOON);
    bridge.wait_for_log(LEARNT, SOON);
    assert!(bridge.log().contains(&format!("\"bytes\":{limit}")), "{}", bridge.log());
    bridge
}

#[track_caller]
fn send(bridge: &Bridge, length: usize) -> Response {
    post(bridge.webhook(), PATH, &[], of_length(length))
}
