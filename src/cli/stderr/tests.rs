//! What finds room in the queue.

use super::*;

#[test]
fn a_long_line_does_not_exceed_the_bound_after_a_full_queue() {
    let mut queue = OutputQueue::new();
    assert!(queue.take(vec![0; MOST_BYTES / 2 - LINE]));
    assert!(!queue.take(vec![0; MOST_BYTES]));

    assert!(!queue.take(vec![0; MOST_BYTES / 2 + 1]), "{} bytes wait", queue.bytes);

    assert!(queue.take(vec![0; MOST_BYTES / 2 - LINE]));
    assert_eq!((queue.bytes, queue.missing), (MOST_BYTES, 0));
}
