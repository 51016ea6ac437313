//! What finds room in the queue.

use super::*;

#[test]
fn what_waits_is_bounded_also_by_a_long_line_behind_a_time_without_room() {
    let mut queue = OutputQueue::new();
    assert!(queue.take(vec![0; MOST_BYTES / 2 - LINE]));
    assert!(!queue.take(vec![0; MOST_BYTES]));

    assert!(!queue.take(vec![0; MOST_BYTES / 2 + 1]), "{} bytes wait", queue.bytes);

    assert!(queue.take(vec![0; MOST_BYTES / 2 - LINE]));
    assert_eq!((queue.bytes, queue.missing), (MOST_BYTES, 0));
}
