//! Waits: for a condition, each with a deadline.
//!
//! The only place of the tests that sleeps: between two looks at the condition, or for as long as a
//! fault is to last.

use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks: short beside what tests wait for, long beside what a look costs.
const PAUSE: Duration = Duration::from_millis(10);

/// Between two looks at what must not change: nothing of a bridge changes more often.
const NOW_AND_THEN: Duration = Duration::from_millis(50);

/// Waits until `condition` holds; panics with `what` when `deadline` has passed.
#[track_caller]
pub fn eventually(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(deadline, what, || condition().then_some(()));
}

/// Waits until `look` finds something and returns it; panics with `what` when `deadline` has
/// passed.
#[track_caller]
pub fn wait_for<T>(deadline: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    let Some(found) = within(deadline, look) else { panic!("not within {deadline:?}: {what}") };
    found
}

/// Waits for a process to end; kills it and panics with `what` when `deadline` has passed.
#[track_caller]
pub fn wait_exit(child: &mut Child, deadline: Duration, what: &str) -> ExitStatus {
    if let Some(status) = exit_within(child, deadline) {
        return status;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("did not end within {deadline:?} and was killed: {what}");
}

/// The status of a process that ends within `deadline`.
pub fn exit_within(child: &mut Child, deadline: Duration) -> Option<ExitStatus> {
    within(deadline, || child.try_wait().unwrap())
}

/// Looks every now and then for so long, and once at least: at what must hold the whole time.
#[track_caller]
pub fn throughout(time: Duration, mut look: impl FnMut()) {
    let end = Instant::now() + time;
    loop {
        look();
        if Instant::now() >= end {
            return;
        }
        thread::sleep(NOW_AND_THEN);
    }
}

/// Lets a fault last: a node is frozen for so long, and no condition says when that is over. Not for
/// waiting until something has come about.
pub fn let_pass(time: Duration) {
    thread::sleep(time);
}

/// Looks until there is something or `deadline` has passed; once more than never.
fn within<T>(deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
