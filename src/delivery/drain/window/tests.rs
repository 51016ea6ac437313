//! What may be under way at once, what reports mean for it, and what is released.

use super::*;
use crate::delivery::ticket::Ticket;
use crate::post::Location;
use bytes::Bytes;
use std::time::SystemTime;

fn row(number: usize) -> RowId {
    RowId::from_ticket(Ticket::of(number))
}

fn acked(number: usize) -> DeliveryReport {
    DeliveryReport {
        ticket: Ticket::of(number),
        result: Ok(Location::Kafka { partition: 0, offset: 0 }),
    }
}

fn failed(number: usize, meaning: Meaning) -> DeliveryReport {
    DeliveryReport { ticket: Ticket::of(number), result: Err(DeliveryError::of(meaning)) }
}

fn send(window: &mut Window, number: usize) {
    send_bytes(window, number, 0);
}

fn send_bytes(window: &mut Window, number: usize, bytes: usize) {
    let (value, time) = (Bytes::from(vec![0; bytes]), SystemTime::UNIX_EPOCH);
    let record = Record::restored("topic".into(), "key", [], value, time);
    let placement = Placement { time: SendTime::own(time.into()), partition: None };
    window.sent(row(number), &record, placement);
}

/// A window with these rows under way.
fn window(rows: std::ops::RangeInclusive<usize>) -> Window {
    let mut window = Window::default();
    rows.for_each(|number| send(&mut window, number));
    window
}

fn room(window: &Window) -> usize {
    window.room().map_or(0, |room| room.rows.get())
}

#[test]
fn a_full_window_has_no_room_until_an_ack_comes() {
    let mut window = window(1..=ROWS);
    assert_eq!(room(&window), 0);
    assert!(window.take_in(vec![acked(1)]).acks);
    assert_eq!(room(&window), 1);
}

#[test]
fn acked_rows_are_released_once_and_again_only_if_that_failed() {
    let mut window = window(1..=2);
    window.take_in(vec![acked(1)]);
    let first = ToRelease { acked: vec![row(1)], refused: vec![] };
    assert_eq!(window.begin_release(), Some(first));
    window.take_in(vec![acked(2)]);
    window.take_back_release();
    let both = ToRelease { acked: vec![row(1), row(2)], refused: vec![] };
    assert_eq!(window.begin_release(), Some(both));
    assert_eq!(window.end_release(), 2);
    assert!(!window.is_open());
}

#[test]
fn a_row_that_waits_for_its_release_is_not_sent_again() {
    let mut window = window(1..=2);
    window.take_in(vec![acked(1)]);
    window.begin_release();
    window.start_over(RestartReason::Dead);
    assert_eq!(window.cursor(), None);
    assert!(window.has_ended(row(1)));
    assert!(!window.has_ended(row(2)));
}

#[test]
fn of_a_refused_batch_only_rows_refused_alone_are_quarantined() {
    let mut window = window(1..=3);
    let reason = window.take_in(vec![failed(1, Meaning::NotProof)]).reason;
    assert!(matches!(reason, Some(RestartReason::Suspects(_, last)) if last == row(3)));
    window.start_over(reason.unwrap());
    assert_eq!(room(&window), 1);
    send(&mut window, 1);
    assert_eq!(room(&window), 0);
    window.take_in(vec![acked(1)]);
    send(&mut window, 2);
    let reason = window.take_in(vec![failed(2, Meaning::NotProof)]).reason;
    assert!(matches!(reason, Some(RestartReason::Refused(_, refused)) if refused == row(2)));
    window.start_over(reason.unwrap());
    // From the first row again, and still alone.
    window.passed(row(1));
    window.passed(row(2));
    assert_eq!(room(&window), 1);
    send(&mut window, 3);
    window.take_in(vec![acked(3)]);
    assert_eq!(room(&window), ROWS);
    let refused = vec![(row(2), DeliveryError::of(Meaning::NotProof).to_string())];
    let all = ToRelease { acked: vec![row(1), row(3)], refused: refused.clone() };
    assert_eq!(window.begin_release(), Some(all));

    // Where the quarantine has no room, the two go by turns.
    window.take_back_release();
    let acked = ToRelease { acked: vec![row(1), row(3)], refused: vec![] };
    assert_eq!(window.begin_release(), Some(acked));
    window.end_release();
    let refused = ToRelease { acked: vec![], refused };
    assert_eq!(window.begin_release(), Some(refused));
    window.end_release();
    assert_eq!(window.begin_release(), None);
}

#[test]
fn a_lost_ack_blames_no_row() {
    let mut window = window(1..=1);
    let reason = window.take_in(vec![failed(1, Meaning::Unacked)]).reason;
    assert!(matches!(reason, Some(RestartReason::Unacked(_))));
    window.start_over(reason.unwrap());
    assert_eq!((window.begin_release(), room(&window)), (None, ROWS));
}

#[test]
fn an_ack_of_a_replaced_producer_is_not_that_of_a_resent_row() {
    let mut window = window(1..=1);
    window.start_over(RestartReason::Dead);
    assert!(!window.take_in(vec![acked(1)]).acks);
    assert_eq!(window.begin_release(), None);
}

#[test]
fn nothing_is_read_while_too_much_waits_for_its_release() {
    let mut window = Window::default();
    for number in 1..=MOST_ENDED {
        send(&mut window, number);
        window.take_in(vec![acked(number)]);
    }
    assert_eq!(room(&window), 0);
    window.begin_release();
    assert_eq!(room(&window), ROWS);
}

#[test]
fn a_fatal_error_before_the_reports_does_not_hide_them() {
    let mut window = window(1..=3);
    let taken = window.take_in(vec![failed(2, Meaning::Unacked), failed(1, Meaning::NotProof)]);
    let reason = RestartReason::Dead.or_worse(taken.reason);
    assert!(matches!(reason, RestartReason::Suspects(_, last) if last == row(3)));
    assert_eq!(reason.or_worse(Some(RestartReason::Dead)), reason);
}

#[test]
fn large_rows_fill_the_window_by_their_bytes() {
    let mut window = Window::default();
    let mebibyte = 1 << 20;
    let most = usize::try_from(BYTES).unwrap() / mebibyte;
    for number in 1..=most {
        let room = window.room().expect("there is room");
        assert!(room.bytes <= BYTES - ((number - 1) * mebibyte) as u64);
        send_bytes(&mut window, number, mebibyte);
    }
    assert_eq!(room(&window), 0);
    window.take_in(vec![acked(1)]);
    assert_eq!(room(&window), ROWS - most + 1);
    window.start_over(RestartReason::Dead);
    assert_eq!(room(&window), ROWS);
}

#[test]
fn once_the_suspects_are_through_rows_go_together_again() {
    let mut window = window(1..=2);
    let reason = window.take_in(vec![failed(1, Meaning::NotProof)]).reason.unwrap();
    window.start_over(reason);
    for number in 1..=2 {
        assert_eq!(room(&window), 1);
        send(&mut window, number);
        window.take_in(vec![acked(number)]);
    }
    send(&mut window, 3);
    assert_eq!(room(&window), ROWS - 1);
}

#[test]
fn a_last_suspect_that_is_acked_after_all_keeps_nobody_alone() {
    let mut window = window(1..=2);
    let reason = window.take_in(vec![failed(1, Meaning::NotProof)]).reason.unwrap();
    window.take_in(vec![acked(2)]);
    window.start_over(reason);
    send(&mut window, 1);
    window.take_in(vec![acked(1)]);
    assert_eq!(room(&window), ROWS);
}

#[test]
fn suspects_that_never_return_keep_no_row_alone_in_the_end() {
    let mut window = window(1..=2);
    let reason = window.take_in(vec![failed(1, Meaning::NotProof)]).reason.unwrap();
    window.start_over(reason);
    window.emptied();
    assert_eq!(room(&window), ROWS);
}
