//! Which records leave at the end of a turn, and which wait for acks.

use super::*;
use crate::delivery::record::Record;
use bytes::Bytes;
use std::ops::Range;
use std::time::SystemTime;

/// A ticket and the record's key.
type Sent = (Ticket, KeyHash);

fn sent(key: &str, tickets: Range<usize>) -> Vec<Sent> {
    tickets.map(|ticket| (Ticket::of(ticket), KeyHash::of(key))).collect()
}

fn pending((ticket, key): Sent) -> Pending {
    let record = Record::restored("topic".into(), "", [], Bytes::new(), SystemTime::UNIX_EPOCH);
    Pending { ticket, key, headers: Headers::of(&record) }
}

fn put(accumulator: &mut Accumulator, sent: &[Sent]) {
    for one in sent {
        accumulator.append(pending(*one));
    }
}

fn take(accumulator: &mut Accumulator) -> Vec<Sent> {
    let mut ready = Vec::new();
    accumulator.drain(&mut ready);
    ready.iter().map(|pending| (pending.ticket, pending.key)).collect()
}

fn reported(accumulator: &mut Accumulator, sent: &[Sent]) {
    for (_, key) in sent {
        accumulator.completed(*key);
    }
}

#[test]
fn a_turn_is_to_be_ended_once() {
    let mut accumulator = Accumulator::default();
    let sent = sent("a", 0..1)[0];
    assert!(accumulator.append(pending(sent)));
    assert!(!accumulator.append(pending(sent)));
    take(&mut accumulator);
    assert!(accumulator.append(pending(sent)));
}

#[test]
fn one_key_alone_waits_for_all_its_acks_and_leaves_in_order() {
    let mut accumulator = Accumulator::default();
    let (first, second, third) = (sent("a", 0..9), sent("a", 9..12), sent("a", 12..13));
    put(&mut accumulator, &first);
    assert_eq!(take(&mut accumulator), first);
    put(&mut accumulator, &second);
    assert_eq!(take(&mut accumulator), []);
    reported(&mut accumulator, &first[..4]);
    put(&mut accumulator, &third);
    assert_eq!(take(&mut accumulator), []);
    reported(&mut accumulator, &first[4..]);
    assert_eq!(take(&mut accumulator), [second, third].concat());
}

#[test]
fn a_few_records_hold_nothing_back() {
    let mut accumulator = Accumulator::default();
    for ticket in 0..MOST_UNDER_WAY {
        let pending = sent("a", ticket..ticket + 1);
        put(&mut accumulator, &pending);
        assert_eq!(take(&mut accumulator), pending);
    }
    put(&mut accumulator, &sent("a", 90..91));
    assert_eq!(take(&mut accumulator), []);
}

#[test]
fn another_key_under_way_lets_the_held_ones_go() {
    let mut accumulator = Accumulator::default();
    put(&mut accumulator, &sent("a", 0..9));
    take(&mut accumulator);
    let (held, other) = (sent("a", 9..10), sent("b", 10..11));
    put(&mut accumulator, &held);
    put(&mut accumulator, &other);
    assert_eq!(take(&mut accumulator), other);
    assert_eq!(take(&mut accumulator), held);
}

#[test]
fn a_key_that_is_alone_later_is_held_back_too() {
    let mut accumulator = Accumulator::default();
    let (a, b) = (sent("a", 0..1), sent("b", 1..7));
    put(&mut accumulator, &a);
    take(&mut accumulator);
    put(&mut accumulator, &b);
    take(&mut accumulator);
    reported(&mut accumulator, &a);
    reported(&mut accumulator, &b);
    put(&mut accumulator, &b);
    assert_eq!(take(&mut accumulator), b);
    put(&mut accumulator, &b);
    assert_eq!(take(&mut accumulator), []);
    reported(&mut accumulator, &b);
    assert_eq!(take(&mut accumulator), b);
}
