//! Where keys go, and when a count of partitions that has changed is used.

use super::*;

fn partitions() -> Arc<Partitions> {
    Arc::default()
}

fn see(partitions: &Partitions, count: usize) {
    partitions.seen(count, Instant::now());
}

#[test]
fn a_key_goes_where_java_puts_it() {
    let vectors = include_str!("../../../../tests/kafka/murmur2.tsv");
    let mut lines = vectors.lines();
    let counts = lines.next().unwrap().split('\t').skip(2).map(|of| of.trim_start_matches("of "));
    let counts: Vec<u32> = counts.map(|count| count.parse().unwrap()).collect();
    for line in lines {
        let columns: Vec<_> = line.split('\t').collect();
        let byte = |at| u8::from_str_radix(&columns[0][at..at + 2], 16).unwrap();
        let key: Vec<u8> = (0..columns[0].len()).step_by(2).map(byte).collect();
        assert_eq!(murmur2(&key).cast_signed(), columns[1].parse::<i32>().unwrap(), "{line}");
        let key = String::from_utf8(key).unwrap();
        for (count, expected) in counts.iter().zip(&columns[2..]) {
            let partitions = partitions();
            see(&partitions, *count as usize);
            assert_eq!(partitions.of(&key), Some(expected.parse().unwrap()), "{line}: {count}");
        }
    }
}

#[test]
fn nothing_is_said_before_anything_is_known() {
    assert_eq!(partitions().of("key"), None);
}

#[test]
fn new_partitions_are_used_when_every_producer_knows_them() {
    let partitions = partitions();
    let (one, other) = (partitions.join(), partitions.join());
    see(&partitions, 1);
    one.knows(1);
    assert_eq!(partitions.of("a"), None);
    other.knows(1);
    assert_eq!(partitions.of("a"), Some(0));
    see(&partitions, 6);
    one.knows(6);
    assert_eq!(partitions.of("a"), Some(0));
    other.knows(3);
    assert_eq!(partitions.of("a"), Some(0));
    other.knows(6);
    assert_eq!(partitions.of("a"), Some(4));
}

#[test]
fn a_producer_that_has_gone_is_not_waited_for() {
    let partitions = partitions();
    let (one, other) = (partitions.join(), partitions.join());
    see(&partitions, 6);
    one.knows(6);
    drop(other);
    assert_eq!(partitions.of("a"), Some(4));
}

#[test]
fn fewer_partitions_are_used_when_they_are_seen_for_a_while() {
    let (partitions, start) = (partitions(), Instant::now());
    let member = partitions.join();
    partitions.seen(6, start);
    member.knows(6);
    partitions.seen(1, start);
    partitions.seen(6, start + SHRUNK / 2);
    partitions.seen(1, start + SHRUNK);
    assert_eq!(partitions.of("a"), Some(4), "one broker knew older things");
    partitions.seen(1, start + 2 * SHRUNK);
    assert_eq!(partitions.of("a"), Some(0));
}

#[test]
fn a_topic_that_comes_back_is_learnt_anew() {
    let partitions = partitions();
    let member = partitions.join();
    see(&partitions, 6);
    member.knows(6);
    let start = Instant::now();
    partitions.missing(start);
    assert_eq!(partitions.of("a"), Some(4), "one broker knew older things");
    partitions.missing(start + SHRUNK);
    assert_eq!(partitions.of("a"), None);
    see(&partitions, 1);
    member.knows(1);
    assert_eq!(partitions.of("a"), Some(0));
}

#[test]
fn lost_partitions_are_forgotten_for_every_producer() {
    let (partitions, start) = (partitions(), Instant::now());
    let member = partitions.join();
    partitions.seen(6, start);
    member.knows(6);
    partitions.seen(1, start);
    partitions.seen(1, start + SHRUNK);
    partitions.seen(6, start + SHRUNK);
    assert_eq!(partitions.of("a"), Some(0));
    member.knows(6);
    assert_eq!(partitions.of("a"), Some(4));
}
