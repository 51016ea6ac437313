//! What acks, failures and probes make of the state of Kafka, one after the other.

use super::*;
use crate::delivery::availability::availability_state::failures::SECOND_CHANCE;
use crate::delivery::availability::availability_state::probe_pause::{
    PROBE_AWAY, PROBE_BUSY, PROBE_IDLE,
};
use crate::delivery::availability::topic_state::TopicDescription;

const TIMEOUT: Duration = Duration::from_millis(2500);

impl HealthReport {
    /// Whether Kafka is held to be there.
    fn is_up(&self) -> bool {
        match self {
            Self::Up => true,
            Self::Unproven { hope, .. } => *hope == Hope::Full,
            Self::Untried | Self::Doubted { .. } | Self::Away { .. } => false,
        }
    }
}

/// A topic of which `usable` partitions of six take records.
fn usable(usable: usize) -> TopicState {
    TopicState::Present(TopicDescription {
        partitions: 6,
        reached: usable,
        usable,
        ..TopicDescription::default()
    })
}

fn state() -> AvailabilityState {
    AvailabilityState::new(TIMEOUT, Instant::now())
}

fn fail(state: &mut AvailabilityState, at: Instant) {
    state.unacked(at, "MessageTimedOut", at);
}

fn probe(state: &mut AvailabilityState, answer: Result<TopicState, &str>, at: Instant) {
    state.probed(at, answer.map_err(|why| ProbeError::Slow(why.to_owned())), at);
}

#[test]
fn posts_are_tried_at_first_and_refused_after_one_failure() {
    let (mut state, now) = (state(), Instant::now());
    probe(&mut state, Err("no broker"), now);
    assert!(state.admits());
    fail(&mut state, now + TIMEOUT);
    assert!(!state.admits());
}

#[test]
fn a_failure_counts_only_without_an_ack_since_its_hand_over() {
    let (mut state, start) = (state(), Instant::now());
    let ack = start + Duration::from_millis(1);
    state.acked(ack);
    state.unacked(start, "MessageTimedOut", start + TIMEOUT);
    assert!(state.admits());
    state.unacked(ack, "MessageTimedOut", start + TIMEOUT);
    assert!(!state.admits());
}

#[test]
fn a_partition_without_a_leader_does_not_stop_the_others() {
    let (mut state, start) = (state(), Instant::now());
    fail(&mut state, start);
    probe(&mut state, Ok(usable(5)), start + PROBE_AWAY);
    assert_eq!(state.report(start), HealthReport::Up);
    fail(&mut state, start + TIMEOUT);
    assert!(state.admits());
}

#[test]
fn unacked_posts_outweigh_probes_of_a_partly_known_topic() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(2)), start);
    fail(&mut state, start + HOLD);
    assert!(state.report(start).is_up(), "it may be the partition that is away");
    state.unacked(start, "MessageTimedOut", start + HOLD);
    assert!(state.report(start).is_up(), "it was under way beside the first");
    fail(&mut state, start + TIMEOUT);
    let mut now = start + TIMEOUT;
    for answer in [Ok(usable(2)), Err("frozen"), Err("frozen"), Ok(usable(3)), Ok(usable(6))] {
        probe(&mut state, answer, now);
        assert!(!state.report(now).is_up(), "{:?}", state.report(now));
        now += TIMEOUT;
    }
    assert!(state.admits(), "else no post could heal it");
    state.acked(now);
    assert_eq!(state.report(now), HealthReport::Up);
    probe(&mut state, Ok(usable(3)), now);
    fail(&mut state, now + TIMEOUT);
    state.acked(now + TIMEOUT);
    fail(&mut state, now + 2 * TIMEOUT);
    assert!(state.report(now + 2 * TIMEOUT).is_up(), "an ack is between them");
}

#[test]
fn refused_records_stop_no_post_and_make_kafka_unwell() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    state.refused(start, "InvalidTimestamp", start);
    assert_eq!(state.report(start), HealthReport::Up);
    state.refused(start, "InvalidTimestamp", start);
    probe(&mut state, Ok(usable(6)), start + HOLD);
    assert!(state.admits() && !state.report(start + HOLD).is_up());
    state.acked(start + HOLD);
    assert_eq!(state.report(start + HOLD), HealthReport::Up);
}

#[test]
fn a_probe_brings_it_back_once_the_failure_is_no_longer_fresh() {
    let (mut state, start) = (state(), Instant::now());
    fail(&mut state, start);
    probe(&mut state, Ok(usable(6)), start + HOLD / 2);
    assert!(!state.admits());
    probe(&mut state, Ok(usable(6)), start + HOLD);
    assert!(state.admits() && state.report(start).is_up());
}

#[test]
fn one_failed_probe_ends_readiness_and_only_several_stop_posts() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    probe(&mut state, Err("no broker"), start + PROBE_IDLE);
    assert_eq!(state.report(start), HealthReport::Doubted { why: "no broker".to_owned() });
    assert!(state.admits());
    assert_eq!(state.next_probe(start + PROBE_IDLE), PROBE_AWAY);
    probe(&mut state, Err("no broker"), start + PROBE_IDLE + TIMEOUT);
    assert!(!state.admits());
}

#[test]
fn an_ack_outvotes_the_probe_that_was_under_way() {
    let (mut state, start) = (state(), Instant::now());
    state.acked(start + Duration::from_millis(1));
    state.probed(start, Err(ProbeError::Dead("no broker".to_owned())), start + HOLD);
    assert_eq!(state.report(start), HealthReport::Up);
}

#[test]
fn brokers_that_answer_and_never_ack_are_tried_less_and_less() {
    let (mut state, mut now) = (state(), Instant::now());
    let mut holds = Vec::new();
    for _ in 0..4 {
        fail(&mut state, now);
        let failed = now;
        while !state.admits() {
            now += PROBE_AWAY;
            probe(&mut state, Ok(usable(6)), now);
        }
        holds.push((now - failed).as_secs());
    }
    assert_eq!(holds, [1, 2, 4, 4]);
    state.acked(now);
    assert_eq!(state.hold, HOLD);
}

#[test]
fn a_failure_behind_an_outage_holds_no_longer_than_the_first() {
    let (mut state, start) = (state(), Instant::now());
    fail(&mut state, start);
    probe(&mut state, Err("no broker"), start + HOLD);
    let back = start + 2 * HOLD;
    probe(&mut state, Ok(usable(6)), back);
    fail(&mut state, back);
    probe(&mut state, Ok(usable(6)), back + HOLD);
    assert!(state.admits());
}

#[test]
fn a_topic_that_is_gone_is_away_at_once() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    let gone = TopicState::Missing { error: "UnknownTopicOrPartition".to_owned() };
    probe(&mut state, Ok(gone), start);
    let why = "the topic is missing: UnknownTopicOrPartition".to_owned();
    assert_eq!(state.report(start), HealthReport::Away { why });
}

#[test]
fn acks_make_probes_rare_only_while_the_whole_topic_is_known() {
    let (mut state, now) = (state(), Instant::now());
    assert_eq!(state.next_probe(now), Duration::ZERO);
    state.acked(now);
    assert_eq!(state.next_probe(now), Duration::ZERO);
    probe(&mut state, Ok(usable(6)), now);
    let later = now + PROBE_BUSY / 2;
    state.acked(later);
    assert_eq!(state.next_probe(later), PROBE_IDLE);
    let busy = now + PROBE_BUSY;
    state.acked(busy);
    assert_eq!(state.next_probe(busy), Duration::ZERO);
}

#[test]
fn a_start_without_kafka_stops_posts_after_one_probe_timeout() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Err("no broker"), start);
    assert!(state.admits());
    probe(&mut state, Err("no broker"), start + TIMEOUT / 2);
    assert!(state.admits());
    probe(&mut state, Err("no broker"), start + TIMEOUT);
    assert!(!state.admits());
    probe(&mut state, Ok(usable(6)), start + TIMEOUT * 2);
    assert_eq!(state.report(start), HealthReport::Up);
}

#[test]
fn after_unexplained_failures_only_an_ack_makes_kafka_well() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    fail(&mut state, start);
    probe(&mut state, Ok(usable(6)), start + HOLD);
    assert!(state.report(start + HOLD).is_up(), "one may be a broker that was frozen for a moment");
    let again = start + 2 * HOLD;
    fail(&mut state, again);
    let mut now = again;
    while !state.admits() {
        now += PROBE_AWAY;
        probe(&mut state, Ok(usable(6)), now);
    }
    let hope = |state: &AvailabilityState, now| {
        let report = state.report(now);
        let HealthReport::Unproven { hope, .. } = report else { panic!("{report:?}") };
        hope
    };
    assert_eq!(hope(&state, now), Hope::Lost);
    assert!(!state.report(now).is_up());
    // Else nobody would ever send the post whose ack it waits for.
    assert_eq!(hope(&state, again + SECOND_CHANCE), Hope::Chance);
    assert!(!state.report(again + SECOND_CHANCE).is_up());
    state.acked(now);
    assert_eq!(state.report(now), HealthReport::Up);
}

#[test]
fn while_records_wait_on_disk_only_an_ack_makes_kafka_well() {
    let (mut state, start) = (state(), Instant::now());
    state.waiting(3);
    probe(&mut state, Ok(usable(6)), start);
    assert!(state.admits() && !state.report(start).is_up());
    probe(&mut state, Ok(usable(6)), start + SECOND_CHANCE);
    assert!(!state.report(start + SECOND_CHANCE).is_up());
    // They were quarantined: no ack of theirs can come any more.
    state.waiting(0);
    probe(&mut state, Ok(usable(6)), start + SECOND_CHANCE);
    assert_eq!(state.report(start), HealthReport::Up);
    state.waiting(3);
    probe(&mut state, Ok(usable(6)), start + SECOND_CHANCE);
    assert!(!state.report(start).is_up());
    // Nor while the disk holds them up.
    state.held_up(3);
    probe(&mut state, Ok(usable(6)), start + SECOND_CHANCE);
    assert_eq!(state.report(start), HealthReport::Up);
}

#[test]
fn silent_leaders_are_away_whatever_another_broker_says() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(0)), start);
    probe(&mut state, Ok(usable(0)), start + TIMEOUT);
    assert!(!state.admits());
    let why = "0 of 6 partitions have a leader that answers".to_owned();
    assert_eq!(state.report(start), HealthReport::Away { why });
    probe(&mut state, Ok(usable(6)), start + 2 * TIMEOUT);
    assert_eq!(state.report(start), HealthReport::Up);
}

#[test]
fn a_missing_right_is_away_at_once_and_heals_when_it_is_given() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    let sight =
        TopicDescription { partitions: 6, reached: 6, usable: 6, ..TopicDescription::default() };
    let forbidden = Some("no right".to_owned());
    probe(&mut state, Ok(TopicState::Present(TopicDescription { forbidden, ..sight })), start);
    assert_eq!(state.report(start), HealthReport::Away { why: "no right".to_owned() });
    probe(&mut state, Ok(usable(6)), start);
    assert_eq!(state.report(start), HealthReport::Up);
}

#[test]
fn an_outvoted_failure_calls_for_a_probe_of_other_partitions() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(usable(6)), start);
    let later = start + PROBE_BUSY / 2;
    state.acked(later);
    state.unacked(start, "MessageTimedOut", later);
    assert_eq!(state.next_probe(later), Duration::ZERO);
    probe(&mut state, Ok(usable(6)), later);
    assert_eq!(state.next_probe(later), PROBE_IDLE);
}
