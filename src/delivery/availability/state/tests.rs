use super::*;

const PATIENCE: Duration = Duration::from_millis(2500);
const THERE: Topic = Topic::Present { partitions: 6, led: 6 };
const HALF_THERE: Topic = Topic::Present { partitions: 6, led: 5 };

fn state() -> State {
    State::new(PATIENCE)
}

fn fail(state: &mut State, at: Instant) {
    state.unacked(at, "MessageTimedOut", at);
}

fn probe(state: &mut State, answer: Result<Topic, &str>, at: Instant) {
    state.probed(at, answer.map_err(|why| Silence::Slow(why.to_owned())), at);
}

#[test]
fn posts_are_tried_from_the_start_and_refused_after_the_first_failure() {
    let (mut state, now) = (state(), Instant::now());
    probe(&mut state, Err("no broker"), now);
    assert!(state.admits());
    fail(&mut state, now + PATIENCE);
    assert!(!state.admits());
}

#[test]
fn a_failure_counts_only_when_nothing_was_acked_since_its_hand_over() {
    let (mut state, start) = (state(), Instant::now());
    let ack = start + Duration::from_millis(1);
    state.acked(ack);
    state.unacked(start, "MessageTimedOut", start + PATIENCE);
    assert!(state.admits());
    state.unacked(ack, "MessageTimedOut", start + PATIENCE);
    assert!(!state.admits());
}

#[test]
fn a_partition_without_a_leader_does_not_stop_the_others() {
    let (mut state, start) = (state(), Instant::now());
    fail(&mut state, start);
    probe(&mut state, Ok(HALF_THERE), start + PROBE_AWAY);
    assert_eq!(state.report(), Report::Up);
    fail(&mut state, start + PATIENCE);
    assert!(state.admits());
}

#[test]
fn a_probe_brings_it_back_once_the_failure_is_no_longer_fresh() {
    let (mut state, start) = (state(), Instant::now());
    fail(&mut state, start);
    probe(&mut state, Ok(THERE), start + HOLD / 2);
    assert!(!state.admits());
    probe(&mut state, Ok(THERE), start + HOLD);
    assert_eq!(state.report(), Report::Up);
}

#[test]
fn one_probe_that_fails_turns_readiness_off_and_only_several_refuse_posts() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Ok(THERE), start);
    probe(&mut state, Err("no broker"), start + PROBE_IDLE);
    assert_eq!(state.report(), Report::Doubted { why: "no broker".to_owned() });
    assert!(state.admits());
    assert_eq!(state.next_probe(start + PROBE_IDLE), PROBE_AWAY);
    probe(&mut state, Err("no broker"), start + PROBE_IDLE + PATIENCE);
    assert!(!state.admits());
}

#[test]
fn an_ack_outvotes_the_probe_that_was_under_way() {
    let (mut state, start) = (state(), Instant::now());
    state.acked(start + Duration::from_millis(1));
    state.probed(start, Err(Silence::Dead("no broker".to_owned())), start + HOLD);
    assert_eq!(state.report(), Report::Up);
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
            probe(&mut state, Ok(THERE), now);
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
    probe(&mut state, Ok(THERE), back);
    fail(&mut state, back);
    probe(&mut state, Ok(THERE), back + HOLD);
    assert_eq!(state.report(), Report::Up);
}

#[test]
fn a_topic_that_is_gone_is_away_at_once() {
    let (mut state, now) = (state(), Instant::now());
    probe(&mut state, Ok(THERE), now);
    let gone = Topic::Missing { error: "UnknownTopicOrPartition".to_owned() };
    probe(&mut state, Ok(gone), now);
    let why = "the topic is missing: UnknownTopicOrPartition".to_owned();
    assert_eq!(state.report(), Report::Away { why });
}

#[test]
fn acks_make_probes_rare_but_only_while_the_whole_topic_is_known() {
    let (mut state, now) = (state(), Instant::now());
    assert_eq!(state.next_probe(now), Duration::ZERO);
    state.acked(now);
    assert_eq!(state.next_probe(now), Duration::ZERO);
    probe(&mut state, Ok(THERE), now);
    let later = now + PROBE_BUSY / 2;
    state.acked(later);
    assert_eq!(state.next_probe(later), PROBE_IDLE);
    let busy = now + PROBE_BUSY;
    state.acked(busy);
    assert_eq!(state.next_probe(busy), Duration::ZERO);
}

#[test]
fn from_a_start_without_kafka_posts_wait_only_until_probes_have_failed_for_as_long_as_one_would() {
    let (mut state, start) = (state(), Instant::now());
    probe(&mut state, Err("no broker"), start);
    assert!(state.admits());
    probe(&mut state, Err("no broker"), start + PATIENCE / 2);
    assert!(state.admits());
    probe(&mut state, Err("no broker"), start + PATIENCE);
    assert!(!state.admits());
    probe(&mut state, Ok(THERE), start + PATIENCE * 2);
    assert_eq!(state.report(), Report::Up);
}
