//! Which times are tried one after the other, and what an ack of one teaches.

use super::*;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026, in the clock of the broker.
const START: i64 = 1_790_000_000_000;

/// A broker with a clock of its own and the span that it takes.
struct TestBroker {
    start: Instant,
    before: i64,
    after: i64,
}

impl TestBroker {
    /// As Kafka 4 has it by default.
    fn by_default(start: Instant) -> Self {
        Self { start, before: i64::MAX, after: HOUR }
    }

    fn takes(&self, time: Timestamp, now: Instant) -> bool {
        let age = START + millis(now - self.start) - time.unix_millis();
        age <= self.before && -age <= self.after
    }
}

fn millis(duration: Duration) -> i64 {
    duration.as_millis().try_into().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::of_unix_millis(millis)
}

/// Sends a record until it is taken, to a broker that does not say what it takes; gives how often
/// that was, and with what in the end.
fn send(
    times: &mut TopicTimes,
    broker: &TestBroker,
    known: TimeSources,
    now: Instant,
) -> Option<(usize, Timestamp)> {
    let mut sent = times.first(known.received, now);
    for tries in 1.. {
        if broker.takes(sent.time, now) {
            times.acked(sent, now);
            return Some((tries, sent.time));
        }
        let next = match times.next(sent, known, now) {
            Retry::Ask => times.next(sent.unanswered(), known, now),
            next @ (Retry::Time(_) | Retry::Nothing) => next,
        };
        sent = match next {
            Retry::Time(time) => time,
            Retry::Ask | Retry::Nothing => return None,
        };
    }
    unreachable!("the steps have an end")
}

fn known(received: i64, clock: i64) -> TimeSources {
    TimeSources { received: at(received), sender: None, clock: at(clock) }
}

#[test]
fn a_record_that_waited_too_long_is_sent_with_the_current_time() {
    let start = Instant::now();
    let broker = TestBroker { start, before: 5_000, after: HOUR };
    let mut times = TopicTimes::default();
    let old = known(START - 12_000, START);
    assert_eq!(send(&mut times, &broker, old, start), Some((2, at(START))));
    assert_eq!(send(&mut times, &broker, old, start), Some((1, at(START))), "it was learnt");
    let young = known(START - 1_000, START);
    assert_eq!(send(&mut times, &broker, young, start), Some((1, at(START - 1_000))));
}

#[test]
fn what_an_ack_has_shown_follows_the_clock_of_the_broker() {
    let start = Instant::now();
    let broker = TestBroker::by_default(start);
    let mut times = TopicTimes::default();
    send(&mut times, &broker, known(START, START), start);
    // The clock of this machine is set two days ahead.
    let later = start + Duration::from_secs(60);
    let ahead = START + 2 * DAY;
    let expected = Some((2, at(START + 60_000)));
    assert_eq!(send(&mut times, &broker, known(ahead, ahead), later), expected);
}

#[test]
fn the_time_of_the_sender_is_tried_before_any_guess() {
    let start = Instant::now();
    let broker = TestBroker { start, before: 1_000, after: 1_000 };
    let clock = START + 7 * DAY;
    let record = TimeSources { sender: Some(at(START - 500)), ..known(clock, clock) };
    let sent = send(&mut TopicTimes::default(), &broker, record, start);
    assert_eq!(sent, Some((2, at(START - 500))));
}

#[test]
fn a_neighbour_s_refusal_changes_no_time_and_teaches_nothing() {
    let start = Instant::now();
    let mut times = TopicTimes::default();
    times.acked(SendTime::own(at(START - 300)), start);
    let refused = times.first(at(START), start);
    let record = TimeSources { sender: Some(at(START - HOUR)), ..known(START, START) };
    let Retry::Time(again) = times.next(refused, record, start) else { panic!("it goes again") };
    assert_eq!(again.time, at(START));
    times.acked(again, start);
    assert!(!times.has_learnt(start));
}

#[test]
fn a_refused_batch_halves_the_span_that_is_thought_to_pass() {
    let start = Instant::now();
    let broker = TestBroker { start, before: 5_000, after: HOUR };
    let mut times = TopicTimes::default();
    send(&mut times, &broker, known(START - 8_000, START), start);
    let young = at(START - 6_000);
    assert_eq!(times.first(young, start).time, young);
    times.batch_refused(start);
    assert_eq!(times.first(young, start).time, at(START));
    // Another that is refused alone does not widen it again.
    send(&mut times, &broker, known(START - 8_000, START), start);
    assert_eq!(times.first(young, start).time, at(START));
    let younger = at(START - 1_000);
    assert_eq!(times.first(younger, start).time, younger);
}

#[test]
fn what_was_learnt_is_forgotten_after_a_while() {
    let start = Instant::now();
    let broker = TestBroker { start, before: 5_000, after: HOUR };
    let mut times = TopicTimes::default();
    send(&mut times, &broker, known(START - 12_000, START), start);
    assert!(times.has_learnt(start));
    let later = start + LEARNT;
    assert!(!times.has_learnt(later));
    let received = START + millis(LEARNT) - 12_000;
    assert_eq!(times.first(at(received), later).time, at(received));
}

proptest! {
    #[test]
    fn with_the_default_span_any_clock_finds_a_time(
        clock in 1_i64..=3_471_292_800_000,
        waited in 0_i64..=30 * DAY,
    ) {
        let start = Instant::now();
        let broker = TestBroker::by_default(start);
        let mut times = TopicTimes::default();
        let record = known((clock - waited).max(1), clock);
        let first = send(&mut times, &broker, record, start);
        prop_assert!(first.is_some());
        let again = send(&mut times, &broker, record, start + Duration::from_secs(59));
        prop_assert_eq!(again.map(|(tries, _)| tries), Some(1));
    }

    #[test]
    fn after_an_ack_a_step_of_the_clock_costs_two_tries_at_most(
        before in 2_000_i64..=8 * DAY,
        after in 2_000_i64..=8 * DAY,
        step in -400 * DAY..=400 * DAY,
        waited in 0_u64..=30 * 86_400,
    ) {
        let start = Instant::now();
        let broker = TestBroker { start, before, after };
        let mut times = TopicTimes::default();
        send(&mut times, &broker, known(START, START), start);
        let now = start + Duration::from_secs(waited);
        let clock = START + millis(now - start) + step;
        let tries = send(&mut times, &broker, known(clock, clock), now).map(|(tries, _)| tries);
        prop_assert!(tries.is_some_and(|tries| tries <= 2), "{:?}", tries);
    }

    #[test]
    fn with_a_right_clock_rows_of_any_age_pass_within_two_tries(
        before in 2_000_i64..=8 * DAY,
        ages in proptest::collection::vec(0_i64..=30 * DAY, 1..50),
    ) {
        let start = Instant::now();
        let broker = TestBroker { start, before, after: HOUR };
        let mut times = TopicTimes::default();
        for age in ages {
            let tries = send(&mut times, &broker, known(START - age, START), start);
            prop_assert!(tries.is_some_and(|(tries, _)| tries <= 2));
        }
    }
}
