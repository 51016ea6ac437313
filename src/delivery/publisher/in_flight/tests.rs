//! The records in flight, event by event: who gets which result, and when a ticket is free again.

use super::*;
use crate::delivery::gate::admission::Way;
use crate::delivery::record::Record;
use crate::metrics::Metrics;
use crate::metrics::build::Build;
use crate::post::PostRecorder;
use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const TIMEOUT: Duration = Duration::from_millis(2500);
const ACKED: Location = Location::Kafka { partition: 1, offset: 2 };
const STORED: Location = Location::Spool { row: 3 };

fn answer(why: Undelivered) -> Poll<RecordResult> {
    Poll::Ready(Err(why))
}

fn post() -> PostOutcome {
    let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
    let recorder = PostRecorder::new(Arc::new(Metrics::new(&build, Counter::default())));
    PostOutcome::arrived(&Arc::new(recorder), Ipv4Addr::LOCALHOST.into(), 0)
}

fn record() -> Record {
    Record::restored("topic".into(), "key", Vec::new(), Bytes::new(), SystemTime::UNIX_EPOCH)
}

fn look(in_flight: &mut InFlight, ticket: Ticket) -> Poll<RecordResult> {
    in_flight.poll(ticket, &Context::from_waker(Waker::noop()))
}

fn send(in_flight: &mut InFlight, now: Instant) -> Ticket {
    in_flight.insert(RecordStage::Sent, Some(record()), now)
}

fn reported(in_flight: &mut InFlight, ticket: Ticket, result: RecordResult) -> FollowUp {
    in_flight.apply(ticket, RecordEvent::Reported(result), Instant::now())
}

fn spooled(in_flight: &mut InFlight, ticket: Ticket, result: RecordResult) -> FollowUp {
    in_flight.apply(ticket, RecordEvent::Spooled(result), Instant::now())
}

/// The next record that is overdue then, when it was sent, and what is to be done.
fn overdue(in_flight: &mut InFlight, now: Instant) -> Option<(Ticket, Instant, FollowUp)> {
    let (ticket, since) = in_flight.next_overdue(now, TIMEOUT)?;
    Some((ticket, since, in_flight.apply(ticket, RecordEvent::Overdue, now)))
}

/// A record on its way to Kafka, without a spool to fall back on.
fn send_alone(now: Instant) -> (InFlight, Ticket) {
    let mut in_flight = InFlight::new(Fallback::Nothing);
    let ticket = send(&mut in_flight, now);
    (in_flight, ticket)
}

#[test]
fn a_sender_gets_its_result_and_the_ticket_is_free_again() {
    let mut in_flight = InFlight::new(Fallback::Spool);
    let ticket = send(&mut in_flight, Instant::now());
    assert_eq!(look(&mut in_flight, ticket), Poll::Pending);
    assert!(matches!(reported(&mut in_flight, ticket, Ok(ACKED)), FollowUp::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn without_a_spool_a_late_sender_is_answered_by_the_deadline() {
    let start = Instant::now();
    let (mut in_flight, ticket) = send_alone(start);
    assert!(overdue(&mut in_flight, start + TIMEOUT / 2).is_none());
    let late = overdue(&mut in_flight, start + TIMEOUT).expect("it is late");
    assert_eq!((late.0, late.1), (ticket, start));
    assert!(matches!(late.2, FollowUp::Nothing));
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::Late));
    assert_eq!(in_flight.len(), 1);
    assert_eq!(in_flight.get(ticket).sent_at(), None);
    drop(reported(&mut in_flight, ticket, Ok(ACKED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn an_ack_between_the_deadline_and_the_look_still_counts() {
    let start = Instant::now();
    let (mut in_flight, ticket) = send_alone(start);
    overdue(&mut in_flight, start + TIMEOUT);
    assert!(matches!(reported(&mut in_flight, ticket, Ok(ACKED)), FollowUp::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
}

#[test]
fn a_late_record_goes_to_the_spool_and_the_first_proof_counts() {
    for (first, then) in [(ACKED, STORED), (STORED, ACKED)] {
        let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
        let ticket = send(&mut in_flight, start);
        let late = overdue(&mut in_flight, start + TIMEOUT).expect("it is late");
        assert!(matches!(late.2, FollowUp::FallBack(_)));
        for location in [first, then] {
            let next = match location {
                Location::Kafka { .. } => reported(&mut in_flight, ticket, Ok(location)),
                Location::Spool { .. } => spooled(&mut in_flight, ticket, Ok(location)),
            };
            assert!(matches!(next, FollowUp::Nothing));
            assert_eq!(in_flight.len(), 1);
        }
        assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(first)));
        assert_eq!(in_flight.len(), 0);
    }
}

#[test]
fn a_failed_record_goes_to_the_spool_once() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let ticket = send(&mut in_flight, start);
    assert!(matches!(
        reported(&mut in_flight, ticket, Err(Undelivered::Late)),
        FollowUp::FallBack(_)
    ));
    assert!(overdue(&mut in_flight, start + TIMEOUT).is_none());
    assert_eq!(look(&mut in_flight, ticket), Poll::Pending);
    assert!(matches!(
        spooled(&mut in_flight, ticket, Err(Undelivered::NotStored)),
        FollowUp::Nothing
    ));
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::NotStored));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_record_that_could_not_be_stored_may_still_be_acked() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let ticket = send(&mut in_flight, start);
    assert!(overdue(&mut in_flight, start + TIMEOUT).is_some());
    assert!(matches!(
        spooled(&mut in_flight, ticket, Err(Undelivered::NotStored)),
        FollowUp::Nothing
    ));
    assert!(matches!(reported(&mut in_flight, ticket, Ok(ACKED)), FollowUp::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn the_outcome_of_a_sender_that_left_comes_with_the_proof() {
    let mut in_flight = InFlight::new(Fallback::Spool);
    let ticket = send(&mut in_flight, Instant::now());
    assert!(matches!(in_flight.abandon(ticket, post()), FollowUp::Nothing));
    let FollowUp::End(post, delivery) = reported(&mut in_flight, ticket, Ok(ACKED)) else {
        panic!("the post comes back")
    };
    post.end(ACKED);
    assert_eq!((delivery, in_flight.len()), (Ok(ACKED), 0));
}

#[test]
fn the_record_of_a_sender_that_left_goes_to_the_spool_too() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let ticket = send(&mut in_flight, start);
    assert!(matches!(in_flight.abandon(ticket, post()), FollowUp::Nothing));
    let late = overdue(&mut in_flight, start + TIMEOUT).expect("it is late");
    assert!(matches!(late.2, FollowUp::FallBack(_)));
    let FollowUp::End(post, delivery) = spooled(&mut in_flight, ticket, Ok(STORED)) else {
        panic!("the post comes back")
    };
    post.end(STORED);
    assert_eq!((delivery, in_flight.len()), (Ok(STORED), 1));
    drop(reported(&mut in_flight, ticket, Err(Undelivered::Late)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_sender_that_leaves_after_the_report_gets_its_post_back() {
    let mut in_flight = InFlight::new(Fallback::Spool);
    let ticket = send(&mut in_flight, Instant::now());
    drop(reported(&mut in_flight, ticket, Ok(ACKED)));
    let FollowUp::End(post, delivery) = in_flight.abandon(ticket, post()) else {
        panic!("the delivery is known")
    };
    post.end(ACKED);
    assert_eq!((delivery, in_flight.len()), (Ok(ACKED), 0));
}

#[test]
fn a_parked_record_goes_on_either_way() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let (to_kafka, to_disk) = (
        in_flight.insert(RecordStage::Parked, Some(record()), start),
        in_flight.insert(RecordStage::Parked, Some(record()), start),
    );
    let later = start + TIMEOUT / 2;
    drop(in_flight.apply(to_kafka, RecordEvent::LetGo(Way::Direct), later));
    let diverted = in_flight.apply(to_disk, RecordEvent::LetGo(Way::Spool), later);
    assert!(matches!(diverted, FollowUp::Append(_)));
    // Its time runs from when it left.
    assert!(overdue(&mut in_flight, start + TIMEOUT).is_none());
    drop(reported(&mut in_flight, to_kafka, Ok(ACKED)));
    assert!(matches!(spooled(&mut in_flight, to_disk, Ok(STORED)), FollowUp::Nothing));
    assert_eq!(look(&mut in_flight, to_kafka), Poll::Ready(Ok(ACKED)));
    assert_eq!(look(&mut in_flight, to_disk), Poll::Ready(Ok(STORED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_spool_that_hangs_is_waited_for_until_its_time_out() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let ticket = in_flight.insert(RecordStage::Appended, None, start);
    assert_eq!(in_flight.time_out_spool(start + TIMEOUT / 2, TIMEOUT), 0);
    assert_eq!(in_flight.time_out_spool(start + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::DiskSilent));
    assert_eq!(in_flight.len(), 1);
    assert!(matches!(spooled(&mut in_flight, ticket, Ok(STORED)), FollowUp::Nothing));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn the_time_out_of_the_spool_begins_when_the_record_goes_there() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let ticket = send(&mut in_flight, start);
    let late = start + TIMEOUT;
    assert!(overdue(&mut in_flight, late).is_some());
    assert_eq!(in_flight.time_out_spool(late, TIMEOUT), 0);
    assert_eq!(in_flight.time_out_spool(late + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::DiskSilent));
}

#[test]
fn a_ticket_given_anew_is_not_overdue_by_its_forerunner() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Spool), Instant::now());
    let first = send(&mut in_flight, start);
    drop(reported(&mut in_flight, first, Ok(ACKED)));
    assert_eq!(look(&mut in_flight, first), Poll::Ready(Ok(ACKED)));
    let later = start + TIMEOUT / 2;
    let second = send(&mut in_flight, later);
    assert_eq!(second, first);
    assert!(overdue(&mut in_flight, start + TIMEOUT).is_none());
    assert_eq!(in_flight.earliest_sent(), Some(later));
}

#[test]
fn a_record_overdue_before_it_was_sent_is_not_kept() {
    let start = Instant::now();
    let mut in_flight = InFlight::new(Fallback::Nothing);
    let ticket = send(&mut in_flight, start);
    let late = overdue(&mut in_flight, start + TIMEOUT).expect("it is late");
    assert!(matches!(late.2, FollowUp::Nothing));
    assert!(in_flight.get(ticket).record().is_none());
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::Late));
    assert!(matches!(reported(&mut in_flight, ticket, Err(Undelivered::Late)), FollowUp::Nothing));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_record_refused_for_its_time_is_resent_until_its_deadline() {
    let (start, time) = (Instant::now(), SendTime::own(SystemTime::UNIX_EPOCH.into()));
    for (fallback, late) in
        [(Fallback::Spool, Poll::Pending), (Fallback::Nothing, answer(Undelivered::Late))]
    {
        let mut in_flight = InFlight::new(fallback);
        let ticket = send(&mut in_flight, start);
        in_flight.set_send_time(ticket, time);
        assert!(in_flight.resend(ticket, time));
        assert!(overdue(&mut in_flight, start + TIMEOUT).is_some());
        assert_eq!(look(&mut in_flight, ticket), late);
        assert!(!in_flight.resend(ticket, time), "it is late");
    }
}

#[test]
fn a_record_refused_with_every_time_is_given_up() {
    let mut in_flight = InFlight::new(Fallback::Spool);
    let ticket = send(&mut in_flight, Instant::now());
    let time = SendTime::own(SystemTime::UNIX_EPOCH.into());
    let again = (0..1000).take_while(|_| in_flight.resend(ticket, time)).count();
    assert_eq!(again, 64);
}
