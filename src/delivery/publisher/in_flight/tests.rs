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

fn told(why: Undelivered) -> Poll<Fate> {
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

fn look(flights: &mut Flights, ticket: usize) -> Poll<Fate> {
    flights.poll(ticket, &Context::from_waker(Waker::noop()))
}

/// A record under way to Kafka that nothing stands behind.
fn depart_alone(now: Instant) -> (Flights, usize) {
    let mut flights = Flights::new(Fallback::Nothing);
    let ticket = flights.depart(now, record());
    (flights, ticket)
}

#[test]
fn a_sender_is_told_its_fate_and_the_ticket_is_free_again() {
    let mut flights = Flights::new(Fallback::Disk);
    let ticket = flights.depart(Instant::now(), record());
    assert_eq!(look(&mut flights, ticket), Poll::Pending);
    assert!(matches!(flights.land(ticket, Ok(ACKED), Instant::now()).next, Next::Nothing));
    assert_eq!(look(&mut flights, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn without_a_disk_a_late_sender_is_told_by_the_deadline_and_the_report_is_still_awaited() {
    let start = Instant::now();
    let (mut flights, ticket) = depart_alone(start);
    assert!(flights.next_late(start + TIMEOUT / 2, TIMEOUT).is_none());
    let late = flights.next_late(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert_eq!((late.ticket, late.since), (ticket, start));
    assert!(matches!(late.next, Next::Nothing));
    assert_eq!(look(&mut flights, ticket), told(Undelivered::Late));
    assert_eq!(flights.len(), 1);
    assert!(flights.land(ticket, Ok(ACKED), Instant::now()).on_time.is_none());
    assert_eq!(flights.len(), 0);
}

#[test]
fn an_ack_between_the_deadline_and_the_look_still_counts() {
    let start = Instant::now();
    let (mut flights, ticket) = depart_alone(start);
    flights.next_late(start + TIMEOUT, TIMEOUT);
    assert!(matches!(flights.land(ticket, Ok(ACKED), Instant::now()).next, Next::Nothing));
    assert_eq!(look(&mut flights, ticket), Poll::Ready(Ok(ACKED)));
}

#[test]
fn a_late_record_goes_to_the_disk_and_the_first_proof_is_told() {
    for (first, then) in [(ACKED, STORED), (STORED, ACKED)] {
        let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
        let ticket = flights.depart(start, record());
        let late = flights.next_late(start + TIMEOUT, TIMEOUT).expect("it is late");
        assert!(matches!(late.next, Next::Spool(_)));
        for place in [first, then] {
            let next = match place {
                Place::Kafka { .. } => flights.land(ticket, Ok(place), Instant::now()).next,
                Place::Spool { .. } => flights.store(ticket, Ok(place)),
            };
            assert!(matches!(next, Next::Nothing));
            assert_eq!(flights.len(), 1);
        }
        assert_eq!(look(&mut flights, ticket), Poll::Ready(Ok(first)));
        assert_eq!(flights.len(), 0);
    }
}

#[test]
fn a_failed_record_goes_to_the_disk_once_and_its_sender_waits_for_that() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let ticket = flights.depart(start, record());
    assert!(matches!(
        flights.land(ticket, Err(Undelivered::Late), Instant::now()).next,
        Next::Spool(_)
    ));
    assert!(flights.next_late(start + TIMEOUT, TIMEOUT).is_none());
    assert_eq!(look(&mut flights, ticket), Poll::Pending);
    assert!(matches!(flights.store(ticket, Err(Undelivered::NotStored)), Next::Nothing));
    assert_eq!(look(&mut flights, ticket), told(Undelivered::NotStored));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_record_that_could_not_be_stored_may_still_be_acked() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let ticket = flights.depart(start, record());
    assert!(flights.next_late(start + TIMEOUT, TIMEOUT).is_some());
    assert!(matches!(flights.store(ticket, Err(Undelivered::NotStored)), Next::Nothing));
    assert!(matches!(flights.land(ticket, Ok(ACKED), Instant::now()).next, Next::Nothing));
    assert_eq!(look(&mut flights, ticket), Poll::Ready(Ok(ACKED)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn the_account_of_a_sender_that_left_is_closed_by_the_proof() {
    let mut flights = Flights::new(Fallback::Disk);
    let ticket = flights.depart(Instant::now(), record());
    assert!(matches!(flights.abandon(ticket, post()), Next::Nothing));
    let Next::Close(post, fate) = flights.land(ticket, Ok(ACKED), Instant::now()).next else {
        panic!("the account comes back")
    };
    post.close(Outcome::Published);
    assert_eq!((fate, flights.len()), (Ok(ACKED), 0));
}

#[test]
fn the_record_of_a_sender_that_left_goes_to_the_disk_all_the_same() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let ticket = flights.depart(start, record());
    assert!(matches!(flights.abandon(ticket, post()), Next::Nothing));
    let late = flights.next_late(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert!(matches!(late.next, Next::Spool(_)));
    let Next::Close(post, fate) = flights.store(ticket, Ok(STORED)) else {
        panic!("the account comes back")
    };
    post.close(Outcome::Spooled);
    assert_eq!((fate, flights.len()), (Ok(STORED), 1));
    flights.land(ticket, Err(Undelivered::Late), Instant::now());
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_sender_that_leaves_after_the_report_gets_its_account_back() {
    let mut flights = Flights::new(Fallback::Disk);
    let ticket = flights.depart(Instant::now(), record());
    flights.land(ticket, Ok(ACKED), Instant::now());
    let Next::Close(post, fate) = flights.abandon(ticket, post()) else {
        panic!("the fate is known")
    };
    post.close(Outcome::Published);
    assert_eq!((fate, flights.len()), (Ok(ACKED), 0));
}

#[test]
fn a_parked_record_goes_on_either_way() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let (to_kafka, to_disk) = (flights.park(start, record()), flights.park(start, record()));
    let later = start + TIMEOUT / 2;
    flights.release(to_kafka, later);
    assert!(flights.divert(to_disk, later).is_some());
    // Its time runs from when it left.
    assert!(flights.next_late(start + TIMEOUT, TIMEOUT).is_none());
    flights.land(to_kafka, Ok(ACKED), Instant::now());
    assert!(matches!(flights.store(to_disk, Ok(STORED)), Next::Nothing));
    assert_eq!(look(&mut flights, to_kafka), Poll::Ready(Ok(ACKED)));
    assert_eq!(look(&mut flights, to_disk), Poll::Ready(Ok(STORED)));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_disk_that_hangs_is_not_waited_for_longer_than_its_patience() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let ticket = flights.append(start);
    assert_eq!(flights.give_up_on_disk(start + TIMEOUT / 2, TIMEOUT), 0);
    assert_eq!(flights.give_up_on_disk(start + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut flights, ticket), told(Undelivered::DiskSilent));
    assert_eq!(flights.len(), 1);
    assert!(matches!(flights.store(ticket, Ok(STORED)), Next::Nothing));
    assert_eq!(flights.len(), 0);
}

#[test]
fn the_disk_s_patience_begins_when_the_record_goes_there() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let ticket = flights.depart(start, record());
    let late = start + TIMEOUT;
    assert!(flights.next_late(late, TIMEOUT).is_some());
    assert_eq!(flights.give_up_on_disk(late, TIMEOUT), 0);
    assert_eq!(flights.give_up_on_disk(late + TIMEOUT, TIMEOUT), 1);
    assert_eq!(look(&mut flights, ticket), told(Undelivered::DiskSilent));
}

#[test]
fn a_ticket_given_anew_is_not_late_by_its_forerunner_s_departure() {
    let (mut flights, start) = (Flights::new(Fallback::Disk), Instant::now());
    let first = flights.depart(start, record());
    flights.land(first, Ok(ACKED), Instant::now());
    assert_eq!(look(&mut flights, first), Poll::Ready(Ok(ACKED)));
    let later = start + TIMEOUT / 2;
    let second = flights.depart(later, record());
    assert_eq!(second, first);
    assert!(flights.next_late(start + TIMEOUT, TIMEOUT).is_none());
    assert_eq!(flights.earliest_departure(), Some(later));
}

#[test]
fn a_record_that_is_late_before_it_left_is_not_kept_without_a_disk() {
    let start = Instant::now();
    let mut flights = Flights::new(Fallback::Nothing);
    let ticket = flights.depart(start, record());
    let late = flights.next_late(start + TIMEOUT, TIMEOUT).expect("it is late");
    assert!(matches!(late.next, Next::Nothing));
    assert!(flights.record(ticket).is_none());
    assert_eq!(look(&mut flights, ticket), told(Undelivered::Late));
    assert!(matches!(
        flights.land(ticket, Err(Undelivered::Late), Instant::now()).next,
        Next::Nothing
    ));
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_record_that_was_refused_for_its_time_leaves_again_until_its_deadline() {
    let (start, time) = (Instant::now(), SendTime::own(SystemTime::UNIX_EPOCH.into()));
    for (fallback, late) in
        [(Fallback::Disk, Poll::Pending), (Fallback::Nothing, told(Undelivered::Late))]
    {
        let mut flights = Flights::new(fallback);
        let ticket = flights.depart(start, record());
        flights.note_sent(ticket, time);
        assert!(flights.depart_again(ticket, time));
        assert!(flights.next_late(start + TIMEOUT, TIMEOUT).is_some());
        assert_eq!(look(&mut flights, ticket), late);
        assert!(!flights.depart_again(ticket, time), "it is late");
    }
}

#[test]
fn a_record_that_is_refused_with_every_time_is_given_up_in_the_end() {
    let mut flights = Flights::new(Fallback::Disk);
    let ticket = flights.depart(Instant::now(), record());
    let time = SendTime::own(SystemTime::UNIX_EPOCH.into());
    let again = (0..1000).take_while(|_| flights.depart_again(ticket, time)).count();
    assert_eq!(again, 64);
}
