use super::*;
use crate::delivery::record::Record;
use crate::metrics::{Build, Metrics, Outcome};
use crate::post::accounts::Accounts;
use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::SystemTime;

const TIMEOUT: Duration = Duration::from_millis(2500);
const ACKED: Place = Place::Kafka { partition: 1, offset: 2 };
const STORED: Place = Place::Spool { row: 3 };

fn answer(why: Undelivered) -> Poll<DeliveryResult> {
    Poll::Ready(Err(why))
}

fn post() -> Post {
    let build = Build { version: "0", commit: "0", librdkafka: "0".to_owned() };
    let accounts = Accounts::new(Arc::new(Metrics::new(&build, Counter::default())));
    Post::open(&Arc::new(accounts), Ipv4Addr::LOCALHOST.into(), 0)
}

fn record() -> Record {
    Record::restored("topic".into(), "key", Vec::new(), Bytes::new(), SystemTime::UNIX_EPOCH)
}

fn look(in_flight: &mut InFlight, ticket: usize) -> Poll<DeliveryResult> {
    in_flight.poll(ticket, &Context::from_waker(Waker::noop()))
}

/// A record under way to Kafka that nothing stands behind.
fn depart_alone(now: Instant) -> (InFlight, usize) {
    let mut in_flight = InFlight::new(Fallback::Nothing);
    let ticket = in_flight.send(now, record());
    (in_flight, ticket)
}

#[test]
fn a_sender_is_told_its_fate_and_the_ticket_is_free_again() {
    let mut in_flight = InFlight::new(Fallback::Disk);
    let ticket = in_flight.send(Instant::now(), record());
    assert_eq!(look(&mut in_flight, ticket), Poll::Pending);
    assert!(matches!(in_flight.reported(ticket, Ok(ACKED), Instant::now()).next, Action::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn without_a_disk_a_late_sender_is_told_by_the_deadline_and_the_report_is_still_awaited() {
    let start = Instant::now();
    let (mut in_flight, ticket) = depart_alone(start);
    assert!(in_flight.next_overdue(start + TIMEOUT / 2, TIMEOUT).is_none());
    let late = in_flight.next_overdue(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert_eq!((late.ticket, late.since), (ticket, start));
    assert!(matches!(late.next, Action::Nothing));
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::Late));
    assert_eq!(in_flight.len(), 1);
    assert!(in_flight.reported(ticket, Ok(ACKED), Instant::now()).on_time.is_none());
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn an_ack_between_the_deadline_and_the_look_still_counts() {
    let start = Instant::now();
    let (mut in_flight, ticket) = depart_alone(start);
    in_flight.next_overdue(start + TIMEOUT, TIMEOUT);
    assert!(matches!(in_flight.reported(ticket, Ok(ACKED), Instant::now()).next, Action::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
}

#[test]
fn a_late_record_goes_to_the_disk_and_the_first_proof_is_told() {
    for (first, then) in [(ACKED, STORED), (STORED, ACKED)] {
        let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
        let ticket = in_flight.send(start, record());
        let late = in_flight.next_overdue(start + TIMEOUT, TIMEOUT).expect("it is late");
        assert!(matches!(late.next, Action::Append(_)));
        for place in [first, then] {
            let next = match place {
                Place::Kafka { .. } => in_flight.reported(ticket, Ok(place), Instant::now()).next,
                Place::Spool { .. } => in_flight.spooled(ticket, Ok(place)),
            };
            assert!(matches!(next, Action::Nothing));
            assert_eq!(in_flight.len(), 1);
        }
        assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(first)));
        assert_eq!(in_flight.len(), 0);
    }
}

#[test]
fn a_failed_record_goes_to_the_disk_once_and_its_sender_waits_for_that() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let ticket = in_flight.send(start, record());
    assert!(matches!(
        in_flight.reported(ticket, Err(Undelivered::Late), Instant::now()).next,
        Action::Append(_)
    ));
    assert!(in_flight.next_overdue(start + TIMEOUT, TIMEOUT).is_none());
    assert_eq!(look(&mut in_flight, ticket), Poll::Pending);
    assert!(matches!(in_flight.spooled(ticket, Err(Undelivered::NotStored)), Action::Nothing));
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::NotStored));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_record_that_could_not_be_stored_may_still_be_acked() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let ticket = in_flight.send(start, record());
    assert!(in_flight.next_overdue(start + TIMEOUT, TIMEOUT).is_some());
    assert!(matches!(in_flight.spooled(ticket, Err(Undelivered::NotStored)), Action::Nothing));
    assert!(matches!(in_flight.reported(ticket, Ok(ACKED), Instant::now()).next, Action::Nothing));
    assert_eq!(look(&mut in_flight, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn the_account_of_a_sender_that_left_is_closed_by_the_proof() {
    let mut in_flight = InFlight::new(Fallback::Disk);
    let ticket = in_flight.send(Instant::now(), record());
    assert!(matches!(in_flight.abandon(ticket, post()), Action::Nothing));
    let Action::CloseAccount(post, delivery) =
        in_flight.reported(ticket, Ok(ACKED), Instant::now()).next
    else {
        panic!("the account comes back")
    };
    post.close(Outcome::Published);
    assert_eq!((delivery, in_flight.len()), (Ok(ACKED), 0));
}

#[test]
fn the_record_of_a_sender_that_left_goes_to_the_disk_all_the_same() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let ticket = in_flight.send(start, record());
    assert!(matches!(in_flight.abandon(ticket, post()), Action::Nothing));
    let late = in_flight.next_overdue(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert!(matches!(late.next, Action::Append(_)));
    let Action::CloseAccount(post, delivery) = in_flight.spooled(ticket, Ok(STORED)) else {
        panic!("the account comes back")
    };
    post.close(Outcome::Spooled);
    assert_eq!((delivery, in_flight.len()), (Ok(STORED), 1));
    in_flight.reported(ticket, Err(Undelivered::Late), Instant::now());
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_sender_that_leaves_after_the_report_gets_its_account_back() {
    let mut in_flight = InFlight::new(Fallback::Disk);
    let ticket = in_flight.send(Instant::now(), record());
    in_flight.reported(ticket, Ok(ACKED), Instant::now());
    let Action::CloseAccount(post, delivery) = in_flight.abandon(ticket, post()) else {
        panic!("the delivery is known")
    };
    post.close(Outcome::Published);
    assert_eq!((delivery, in_flight.len()), (Ok(ACKED), 0));
}

#[test]
fn a_parked_record_goes_on_either_way() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let (to_kafka, to_disk) = (in_flight.park(start, record()), in_flight.park(start, record()));
    let later = start + TIMEOUT / 2;
    in_flight.send_parked(to_kafka, later);
    assert!(in_flight.append_parked(to_disk, later).is_some());
    // Its time runs from when it left.
    assert!(in_flight.next_overdue(start + TIMEOUT, TIMEOUT).is_none());
    in_flight.reported(to_kafka, Ok(ACKED), Instant::now());
    assert!(matches!(in_flight.spooled(to_disk, Ok(STORED)), Action::Nothing));
    assert_eq!(look(&mut in_flight, to_kafka), Poll::Ready(Ok(ACKED)));
    assert_eq!(look(&mut in_flight, to_disk), Poll::Ready(Ok(STORED)));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_disk_that_hangs_is_not_waited_for_longer_than_its_patience() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let ticket = in_flight.append(start);
    assert_eq!(in_flight.time_out_spool(start + TIMEOUT / 2, TIMEOUT), 0);
    assert_eq!(in_flight.time_out_spool(start + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::DiskSilent));
    assert_eq!(in_flight.len(), 1);
    assert!(matches!(in_flight.spooled(ticket, Ok(STORED)), Action::Nothing));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn the_disk_s_patience_begins_when_the_record_goes_there() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let ticket = in_flight.send(start, record());
    let late = start + TIMEOUT;
    assert!(in_flight.next_overdue(late, TIMEOUT).is_some());
    assert_eq!(in_flight.time_out_spool(late, TIMEOUT), 0);
    assert_eq!(in_flight.time_out_spool(late + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::DiskSilent));
}

#[test]
fn a_ticket_given_anew_is_not_late_by_its_forerunner_s_departure() {
    let (mut in_flight, start) = (InFlight::new(Fallback::Disk), Instant::now());
    let first = in_flight.send(start, record());
    in_flight.reported(first, Ok(ACKED), Instant::now());
    assert_eq!(look(&mut in_flight, first), Poll::Ready(Ok(ACKED)));
    let later = start + TIMEOUT / 2;
    let second = in_flight.send(later, record());
    assert_eq!(second, first);
    assert!(in_flight.next_overdue(start + TIMEOUT, TIMEOUT).is_none());
    assert_eq!(in_flight.earliest_sent(), Some(later));
}

#[test]
fn a_record_that_is_late_before_it_left_is_not_kept_without_a_disk() {
    let start = Instant::now();
    let mut in_flight = InFlight::new(Fallback::Nothing);
    let ticket = in_flight.send(start, record());
    let late = in_flight.next_overdue(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert!(matches!(late.next, Action::Nothing));
    assert!(in_flight.record(ticket).is_none());
    assert_eq!(look(&mut in_flight, ticket), answer(Undelivered::Late));
    assert!(matches!(
        in_flight.reported(ticket, Err(Undelivered::Late), Instant::now()).next,
        Action::Nothing
    ));
    assert_eq!(in_flight.len(), 0);
}

#[test]
fn a_record_that_was_refused_for_its_time_leaves_again_until_its_deadline() {
    let (start, time) = (Instant::now(), SendTime::own(SystemTime::UNIX_EPOCH.into()));
    for (fallback, late) in
        [(Fallback::Disk, Poll::Pending), (Fallback::Nothing, answer(Undelivered::Late))]
    {
        let mut in_flight = InFlight::new(fallback);
        let ticket = in_flight.send(start, record());
        in_flight.set_send_time(ticket, time);
        assert!(in_flight.resend(ticket, time));
        assert!(in_flight.next_overdue(start + TIMEOUT, TIMEOUT).is_some());
        assert_eq!(look(&mut in_flight, ticket), late);
        assert!(!in_flight.resend(ticket, time), "it is late");
    }
}

#[test]
fn a_record_that_is_refused_with_every_time_is_given_up_in_the_end() {
    let mut in_flight = InFlight::new(Fallback::Disk);
    let ticket = in_flight.send(Instant::now(), record());
    let time = SendTime::own(SystemTime::UNIX_EPOCH.into());
    let again = (0..1000).take_while(|_| in_flight.resend(ticket, time)).count();
    assert_eq!(again, 64);
}
