//! The transitions of the gate, one by one.

mod catching_up;

use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::gate::{Gate, GateState};
use std::time::Instant;

const DIRECT: Admission = Admission::Go(Way::Direct);
const SPOOL: Admission = Admission::Go(Way::Spool);

fn is_catching_up(gate: &Gate) -> bool {
    matches!(gate.state(), GateState::CatchingUp { .. })
}

/// Rows, and appends under way.
fn counts(gate: &Gate) -> (u64, u64) {
    (gate.backlog() - gate.pending(), gate.pending())
}

#[test]
fn it_starts_direct_over_an_empty_spool_and_spooling_over_rows() {
    assert_eq!(Gate::new(0).state(), GateState::Direct);
    let gate = Gate::new(7);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (7, 0)));
}

#[test]
fn a_post_goes_to_kafka_while_the_gate_is_direct() {
    let mut gate = Gate::new(0);
    assert_eq!(gate.post(Instant::now()), DIRECT);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Direct, (0, 0)));
}

#[test]
fn an_unacked_record_turns_the_gate_and_is_counted_in_one_step() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.unacked(now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (0, 1)));
    gate.unacked(now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (0, 2)));
}

#[test]
fn a_record_of_another_topic_goes_the_way_of_posts_and_turns_nothing() {
    let mut gate = Gate::new(0);
    assert_eq!(gate.way(), Way::Direct);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Direct, (0, 0)));
    gate.unacked(Instant::now());
    assert_eq!(gate.way(), Way::Spool);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (0, 2)));
}

#[test]
fn a_post_to_a_spooling_gate_goes_to_the_spool_and_is_counted() {
    let mut gate = Gate::new(1);
    assert_eq!(gate.post(Instant::now()), SPOOL);
    assert_eq!(counts(&gate), (1, 1));
}

#[test]
fn a_commit_turns_appends_into_rows_and_a_failure_removes_them() {
    let (mut gate, now) = (Gate::new(1), Instant::now());
    for _ in 0..5 {
        assert_eq!(gate.post(now), SPOOL);
    }
    gate.committed(2);
    assert_eq!(counts(&gate), (3, 3));
    gate.append_failed(3, now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (3, 0)));
}

#[test]
fn it_is_direct_at_once_when_the_only_append_failed() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.unacked(now);
    gate.append_failed(1, now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Direct, (0, 0)));
}

#[test]
fn it_is_direct_at_once_when_all_rows_were_quarantined() {
    let mut gate = Gate::new(2);
    gate.released(2, Instant::now());
    assert_eq!(gate.state(), GateState::Direct);
}

#[test]
fn while_an_append_is_under_way_it_is_not_direct() {
    let (mut gate, now) = (Gate::new(1), Instant::now());
    assert_eq!(gate.post(now), SPOOL);
    gate.released(1, now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (0, 1)));
}

#[test]
fn a_row_may_be_released_before_its_commit_is_known() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.unacked(now);
    gate.released(1, now);
    assert_eq!((gate.state(), gate.backlog(), gate.pending()), (GateState::Direct, 0, 1));
    gate.committed(1);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Direct, (0, 0)));
}

#[test]
fn while_kafka_is_known_to_be_away_posts_are_spooled_untried() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.known_away(now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (0, 0)));
    assert_eq!(gate.post(now), SPOOL);
}

#[test]
fn it_is_direct_again_when_kafka_is_back_and_the_spool_empty() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.known_away(now);
    gate.known_back(now);
    assert_eq!(gate.state(), GateState::Direct);
}

#[test]
fn what_was_spooled_is_drained_first_when_kafka_is_back() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.known_away(now);
    assert_eq!(gate.post(now), SPOOL);
    gate.known_back(now);
    assert_eq!(gate.state(), GateState::Spooling);
}

#[test]
fn a_failed_append_sends_no_post_to_a_kafka_that_is_away() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.known_away(now);
    assert_eq!(gate.post(now), SPOOL);
    gate.append_failed(1, now);
    assert_eq!(gate.post(now), SPOOL);
}

#[test]
#[should_panic(expected = "only an append that was begun ends")]
fn an_append_that_was_never_begun_cannot_end() {
    Gate::new(1).committed(1);
}

#[test]
#[should_panic(expected = "only what was counted leaves the backlog")]
fn a_row_that_was_never_counted_cannot_be_released() {
    Gate::new(1).released(2, Instant::now());
}

#[test]
fn rows_that_are_found_turn_the_gate_and_reach_kafka_first() {
    let (mut gate, now) = (Gate::new(0), Instant::now());
    gate.found(3, now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (3, 0)));
    gate.drain_acked(now);
    assert!(is_catching_up(&gate));
    gate.found(1, now);
    assert_eq!((gate.state(), counts(&gate)), (GateState::Spooling, (4, 0)));
    gate.released(4, now);
    assert_eq!(gate.state(), GateState::Direct);
}
