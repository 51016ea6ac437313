//! Refusals that need more than a request: a Kafka that is away, a topic with a limit.

use crate::refusals::row::MARKER;
use crate::support::problem::refusal;
use crate::support::rig::{Rig, SOON};
use hookbridge::metrics::Outcome;
use std::collections::BTreeSet;
use std::time::Duration;
use testkit::bridge::launch::Launch;
use testkit::deadline::eventually;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::notification::{ROOMDROP, of_length};

/// This many that the same seconds for all of them are no accident: one in 3^39.
const SENDERS: usize = 40;

/// The topic's limit, and the body of a record that is over it.
const LIMIT: &str = "2000";
const OVER: usize = 2500;

#[test]
pub(crate) fn while_kafka_is_away_senders_learn_when_to_come_back() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--ack-timeout", "300ms"));
    rig.mock().broker_down();

    let answers: Vec<_> = (0..SENDERS).map(|_| rig.post(&[], ROOMDROP)).collect();

    let mut waits = BTreeSet::new();
    for answer in &answers {
        assert_eq!(refusal(answer), (503, Outcome::Unavailable));
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        waits.insert(seconds);
    }
    assert!(waits.len() > 1, "all come back at once, after {waits:?} s");

    rig.mock().broker_up();
    eventually(SOON, "a post is taken again", || rig.post(&[], ROOMDROP).status == 200);
}

#[test]
fn a_record_that_kafka_does_not_ack_in_time_is_refused_for_now() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--ack-timeout", "300ms"));
    rig.mock().round_trip_time(Duration::from_secs(2));

    let answer = rig.post(&[], ROOMDROP);

    assert_eq!(refusal(&answer), (503, Outcome::Unavailable));
    assert!(answer.header("retry-after").is_some());
}

#[test]
pub(crate) fn a_record_over_the_limit_of_the_topic_is_refused() {
    for kafka in EitherKafka::both(here!()) {
        let limit = format!("message.max.bytes={LIMIT}");
        let rig = Rig::on(kafka, here!(), 3, |serve| {
            serve.no_auth().arg("-X", &limit).env("LOG", "trace")
        });

        let answer = rig.post(&[], of_length(OVER).replacen("xxxxxxxxxxx", MARKER, 1));

        assert_eq!(refusal(&answer), (413, Outcome::RecordRefused));
        rig.bridge().wait_for_log("record_refused", SOON);
        assert!(!answer.text().contains(MARKER) && !rig.bridge().log().contains(MARKER));
        assert_eq!(answer.header("retry-after"), None, "it would be refused again");
        assert_eq!(rig.post(&[], ROOMDROP).status, 200);
        assert_eq!(rig.records().len(), 1);
    }
}

#[test]
fn a_record_is_refused_by_the_limit_that_the_topic_itself_has() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = here!().replace("::", "-");
    kafka.create_topic(&topic, 3, &[("max.message.bytes", LIMIT)]);
    let rig = Rig::on_topic(EitherKafka::Real(kafka), topic, Launch::no_auth);
    rig.bridge().wait_for_log("learnt the largest record", SOON);

    // A producer that does not know the limit yet cannot know whose fault it is.
    eventually(SOON, "the limit holds", || match refusal(&rig.post(&[], of_length(OVER))) {
        (413, Outcome::RecordRefused) => true,
        (503, Outcome::Unavailable) => false,
        other => panic!("{other:?}"),
    });

    assert_eq!(rig.post(&[], ROOMDROP).status, 200);
    assert_eq!(rig.records().len(), 1);
}
