use super::*;
use crate::delivery::record::Event;

fn record() -> Record {
    let event = Event {
        app_id: "5f3a",
        event_type: "roomdrop",
        source: "hookbridge",
        subject: Some("room 1"),
        time: Some(&"2023-07-03T08:48:43Z"),
        trace_parent: None,
        trace_state: None,
        user: Some("video"),
    };
    let received = from_unix_millis(1_700_000_000_123);
    Record::new("video.events".into(), event, Bytes::from_static(b"{\"a\":1}"), received)
}

#[test]
fn a_record_comes_back_as_it_was() {
    let (record, mut headers) = (record(), Vec::new());
    let columns = Columns::of(&record, &mut headers);
    assert_eq!(columns.len(), size_of(&record));
    let mut topic = "".into();
    let back = columns.restore(7, columns.checksum(7), &mut topic).unwrap();
    assert_eq!(format!("{back:?}"), format!("{record:?}"));
    let again = columns.restore(7, columns.checksum(7), &mut topic).unwrap();
    assert_eq!(back.topic().as_ptr(), again.topic().as_ptr(), "one name for all rows");
}

type Put<'a> = fn(Columns<'a>, &'a [u8]) -> Columns<'a>;

#[test]
fn every_flipped_bit_of_every_column_is_found() {
    let (record, mut headers) = (record(), Vec::new());
    let columns = Columns::of(&record, &mut headers);
    let (id, checksum) = (7, columns.checksum(7));
    let damaged = |columns: Columns<'_>, id: i64, checksum: i64| {
        columns.restore(id, checksum, &mut "".into()).unwrap_err() == Unreadable::Checksum
    };
    for bit in 0..64 {
        assert!(damaged(columns, id ^ (1 << bit), checksum));
        assert!(damaged(columns, id, checksum ^ (1 << bit)));
        let received = columns.received ^ (1 << bit);
        assert!(damaged(Columns { received, ..columns }, id, checksum));
    }
    let puts: [(&[u8], Put<'_>); 4] = [
        (columns.topic, |columns, topic| Columns { topic, ..columns }),
        (columns.key, |columns, key| Columns { key, ..columns }),
        (columns.headers, |columns, headers| Columns { headers, ..columns }),
        (columns.value, |columns, value| Columns { value, ..columns }),
    ];
    for (bytes, put) in puts {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                put(columns, Vec::leak(flipped)).restore(id, checksum, &mut "".into()).err(),
                Some(Unreadable::Checksum)
            );
        }
    }
}

#[test]
fn bytes_that_move_from_one_column_to_the_next_are_found() {
    let columns = Columns { received: 0, topic: b"ab", key: b"c", headers: b"", value: b"" };
    let moved = Columns { topic: b"a", key: b"bc", ..columns };
    assert_ne!(columns.checksum(1), moved.checksum(1));
}

#[test]
fn a_header_of_another_version_is_named() {
    let mut headers = Vec::new();
    put_header(&mut headers, "hookbridge-mood", "good");
    let columns = Columns { received: 0, topic: b"t", key: b"k", headers: &headers, value: b"" };
    let error = columns.restore(1, columns.checksum(1), &mut "".into()).unwrap_err();
    assert_eq!(error, Unreadable::UnknownHeader("hookbridge-mood".to_owned()));
    let cut = Columns { headers: &headers[..headers.len() - 1], ..columns };
    let error = cut.restore(1, cut.checksum(1), &mut "".into()).unwrap_err();
    assert_eq!(error, Unreadable::Headers);
}

#[test]
fn times_before_1970_and_far_ahead_survive_or_are_clamped() {
    for millis in [-1, 0, 1_700_000_000_123] {
        assert_eq!(unix_millis(from_unix_millis(millis)), millis);
    }
    assert_eq!(from_unix_millis(i64::MIN), UNIX_EPOCH - Duration::from_millis(1 << 63));
}
