//! When the gate catches up, whom it parks, and how that ends.

use crate::delivery::gate::admission::{Admission, Way};
use crate::delivery::gate::tests::{SPOOL, counts, is_catching_up};
use crate::delivery::gate::{
    ACK_FRESH, CATCH_UP_LIMIT, Gate, GateState, IN_SIGHT, PARKED_MOST, REST,
};
use std::time::Instant;

/// A gate over one row whose drain has just been acked.
fn catching_up(now: Instant) -> Gate {
    let mut gate = Gate::new(1);
    gate.drain_acked(now);
    assert!(is_catching_up(&gate));
    gate
}

#[test]
fn after_a_fault_of_the_drain_its_earlier_acks_prove_nothing() {
    let (mut gate, now) = (Gate::new(IN_SIGHT + 1), Instant::now());
    gate.drain_acked(now);
    gate.drain_fault(now);
    gate.released(1, now);
    assert_eq!(gate.state(), GateState::Spooling);
    gate.drain_acked(now);
    assert!(is_catching_up(&gate));
}

#[test]
fn it_catches_up_on_a_release_only_while_the_ack_is_fresh() {
    let acked = Instant::now();
    for (now, catches_up) in [(acked + ACK_FRESH / 2, true), (acked + ACK_FRESH, false)] {
        let mut gate = Gate::new(IN_SIGHT + 1);
        gate.drain_acked(acked);
        gate.released(1, now);
        assert_eq!(is_catching_up(&gate), catches_up);
    }
}

#[test]
fn a_backlog_is_in_sight_if_the_drain_has_just_done_as_much() {
    let (rows, now) = (IN_SIGHT * 10, Instant::now());
    let mut gate = Gate::new(rows);
    gate.drain_acked(now);
    gate.released(rows / 2 - 1, now);
    assert_eq!(gate.state(), GateState::Spooling);
    gate.released(1, now);
    assert!(is_catching_up(&gate));
}

#[test]
fn a_post_is_parked_while_the_gate_is_catching_up() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    assert_eq!((gate.parked, counts(&gate)), (1, (1, 0)));
    assert_eq!(gate.next_deadline(), Some(now + CATCH_UP_LIMIT));
}

#[test]
fn when_the_backlog_is_gone_the_parked_posts_go_to_kafka() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.released(1, now);
    assert_eq!((gate.state(), gate.catch_ups_ended()), (GateState::Direct, 1));
    assert_eq!((gate.unpark(), gate.parked), (Way::Direct, 0));
    assert_eq!(gate.next_deadline(), None);
}

/// The parked post goes to the spool, and the gate does not catch up before the rest is over.
fn assert_given_up(mut gate: Gate, now: Instant) {
    assert_eq!((gate.state(), gate.catch_ups_ended()), (GateState::Spooling, 1));
    let pending = gate.pending();
    assert_eq!((gate.unpark(), gate.pending()), (Way::Spool, pending + 1));
    gate.drain_acked(now + REST / 2);
    assert_eq!(gate.state(), GateState::Spooling);
    gate.drain_acked(now + REST);
    assert!(is_catching_up(&gate));
}

#[test]
fn catching_up_is_given_up_when_its_time_is_over() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.tick(now + CATCH_UP_LIMIT / 2);
    assert!(is_catching_up(&gate));
    gate.tick(now + CATCH_UP_LIMIT);
    assert_given_up(gate, now + CATCH_UP_LIMIT);
}

#[test]
fn a_post_after_the_time_is_not_parked_even_without_a_tick() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    assert_eq!(gate.post(now + CATCH_UP_LIMIT), SPOOL);
    assert_given_up(gate, now + CATCH_UP_LIMIT);
}

#[test]
fn catching_up_is_given_up_when_no_more_posts_can_be_parked() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    for _ in 0..PARKED_MOST {
        assert_eq!(gate.post(now), Admission::Park);
    }
    assert_eq!(gate.post(now), SPOOL);
    assert_eq!(gate.parked, PARKED_MOST);
    assert_given_up(gate, now);
}

#[test]
fn catching_up_is_given_up_when_a_direct_record_is_not_acked() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.unacked(now);
    assert_eq!(counts(&gate), (1, 1));
    assert_given_up(gate, now);
}

#[test]
fn catching_up_is_given_up_when_the_drain_has_a_fault() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.drain_fault(now);
    assert_given_up(gate, now);
}

#[test]
fn catching_up_is_given_up_when_kafka_is_known_to_be_away() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.known_away(now);
    assert_given_up(gate, now);
}

#[test]
fn a_stopped_gate_spools_parked_posts_and_catches_up_no_more() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.stop();
    assert_eq!((gate.state(), gate.unpark()), (GateState::Spooling, Way::Spool));
    gate.drain_acked(now + REST);
    assert_eq!((gate.state(), gate.post(now + REST)), (GateState::Spooling, SPOOL));
}

#[test]
fn a_parked_post_is_not_parked_again() {
    let now = Instant::now();
    let mut gate = catching_up(now);
    assert_eq!(gate.post(now), Admission::Park);
    gate.released(1, now);
    gate.unacked(now);
    gate.drain_acked(now);
    assert!(is_catching_up(&gate));
    assert_eq!((gate.unpark(), counts(&gate)), (Way::Spool, (0, 2)));
}

#[test]
fn an_ack_of_the_drain_outweighs_what_a_probe_has_said() {
    let now = Instant::now();
    let mut gate = Gate::new(1);
    gate.known_away(now);
    gate.drain_acked(now);
    assert!(is_catching_up(&gate));
}

#[test]
fn catching_up_lasts_until_the_appends_under_way_have_ended() {
    let (mut gate, now) = (Gate::new(1), Instant::now());
    assert_eq!(gate.post(now), SPOOL);
    gate.drain_acked(now);
    gate.released(1, now);
    assert!(is_catching_up(&gate));
    gate.append_failed(1, now);
    assert_eq!(gate.state(), GateState::Direct);
}
