use super::*;
use crate::delivery::record::Record;
use bytes::Bytes;
use std::ops::Range;
use std::time::SystemTime;

/// A ticket and the record's key.
type Sent = (usize, KeyHash);

fn letters(key: &str, tickets: Range<usize>) -> Vec<Sent> {
    tickets.map(|ticket| (ticket, KeyHash::of(key))).collect()
}

fn letter((ticket, key): Sent) -> Letter {
    let record = Record::restored("topic".into(), "", [], Bytes::new(), SystemTime::UNIX_EPOCH);
    Letter { ticket, key, headers: Headers::of(&record) }
}

fn put(outbox: &mut Outbox, letters: &[Sent]) {
    for sent in letters {
        outbox.put(letter(*sent));
    }
}

fn take(outbox: &mut Outbox) -> Vec<Sent> {
    let mut leaving = Vec::new();
    outbox.take(&mut leaving);
    leaving.iter().map(|letter| (letter.ticket, letter.key)).collect()
}

fn land(outbox: &mut Outbox, letters: &[Sent]) {
    for (_, key) in letters {
        outbox.landed(*key);
    }
}

#[test]
fn a_turn_is_to_be_ended_once() {
    let mut outbox = Outbox::default();
    let sent = letters("a", 0..1)[0];
    assert_eq!(outbox.put(letter(sent)), Turn::Begun);
    assert_eq!(outbox.put(letter(sent)), Turn::GoesOn);
    take(&mut outbox);
    assert_eq!(outbox.put(letter(sent)), Turn::Begun);
}

#[test]
fn one_key_alone_waits_for_all_its_acks_and_leaves_together_in_order() {
    let mut outbox = Outbox::default();
    let (first, second, third) = (letters("a", 0..9), letters("a", 9..12), letters("a", 12..13));
    put(&mut outbox, &first);
    assert_eq!(take(&mut outbox), first);
    put(&mut outbox, &second);
    assert_eq!(take(&mut outbox), []);
    land(&mut outbox, &first[..4]);
    put(&mut outbox, &third);
    assert_eq!(take(&mut outbox), []);
    land(&mut outbox, &first[4..]);
    assert_eq!(take(&mut outbox), [second, third].concat());
}

#[test]
fn a_few_records_hold_nothing_back() {
    let mut outbox = Outbox::default();
    for ticket in 0..MOST_UNDER_WAY {
        let letter = letters("a", ticket..ticket + 1);
        put(&mut outbox, &letter);
        assert_eq!(take(&mut outbox), letter);
    }
    put(&mut outbox, &letters("a", 90..91));
    assert_eq!(take(&mut outbox), []);
}

#[test]
fn another_key_under_way_lets_the_held_ones_go() {
    let mut outbox = Outbox::default();
    put(&mut outbox, &letters("a", 0..9));
    take(&mut outbox);
    let (held, other) = (letters("a", 9..10), letters("b", 10..11));
    put(&mut outbox, &held);
    put(&mut outbox, &other);
    assert_eq!(take(&mut outbox), other);
    assert_eq!(take(&mut outbox), held);
}

#[test]
fn a_key_that_is_alone_later_is_held_back_too() {
    let mut outbox = Outbox::default();
    let (a, b) = (letters("a", 0..1), letters("b", 1..7));
    put(&mut outbox, &a);
    take(&mut outbox);
    put(&mut outbox, &b);
    take(&mut outbox);
    land(&mut outbox, &a);
    land(&mut outbox, &b);
    put(&mut outbox, &b);
    assert_eq!(take(&mut outbox), b);
    put(&mut outbox, &b);
    assert_eq!(take(&mut outbox), []);
    land(&mut outbox, &b);
    assert_eq!(take(&mut outbox), b);
}
