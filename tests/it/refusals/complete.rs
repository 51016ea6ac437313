//! No refusal without a test.

use crate::protocol::{leaving, limits, slow};
use crate::refusals::{set_ups, table};
use hookbridge::metrics::Outcome;
use std::collections::BTreeSet;

/// The tests of refusals that no single request brings about.
const TESTS: &[(Outcome, fn())] = &[
    (Outcome::TooSlow, slow::a_body_that_is_late_is_refused_and_the_connection_closed),
    (Outcome::Overloaded, limits::bodies_over_the_budget_are_refused_until_room_comes_back),
    (Outcome::IncompleteBody, leaving::a_half_close_within_a_body_is_answered_as_incomplete),
    (Outcome::Unavailable, set_ups::while_kafka_is_away_senders_learn_when_to_come_back),
    (Outcome::RecordRefused, set_ups::a_record_over_the_limit_of_the_topic_is_refused),
];

#[test]
fn every_refusal_is_in_the_table_or_has_a_test_of_its_own() {
    let in_table = table::rows().into_iter().map(|row| row.outcome);
    let tested: BTreeSet<_> =
        in_table.chain(TESTS.iter().map(|(outcome, _)| *outcome)).map(Outcome::as_str).collect();

    let refusals = Outcome::ALL.iter().filter(|outcome| is_refusal(**outcome));
    assert_eq!(tested, refusals.map(|outcome| outcome.as_str()).collect());
}

/// Without a wildcard: whoever adds an outcome says here what it is.
fn is_refusal(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Published | Outcome::Spooled | Outcome::DeadLettered => false,
        Outcome::InvalidHead
        | Outcome::NotFound
        | Outcome::MethodNotAllowed
        | Outcome::Unauthorized
        | Outcome::UnsupportedEncoding
        | Outcome::TooLarge
        | Outcome::TooSlow
        | Outcome::Overloaded
        | Outcome::IncompleteBody
        | Outcome::MalformedJson
        | Outcome::NotAnObject
        | Outcome::RepeatedField
        | Outcome::UnknownEvent
        | Outcome::InvalidNotification
        | Outcome::ForbiddenApp
        | Outcome::Unavailable
        | Outcome::RecordRefused => true,
    }
}
