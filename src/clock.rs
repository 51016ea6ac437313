//! The wall clock, as a value: what times of receipt come from.
//!
//! Promise: the system's time, unless it was made with a shift, which tests move. It measures no
//! durations: those are `Instant`s, which no step of the wall clock touches.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// The time of day. Cheap to clone; clones share their shift.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Milliseconds that it is ahead of the system's.
    shift: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's own.
    pub fn system() -> Self {
        Self::default()
    }

    /// One that is ahead of the system's by as many milliseconds as `shift` says at the time.
    pub fn shifted(shift: Arc<AtomicI64>) -> Self {
        Self { shift: Some(shift) }
    }

    /// The time of day.
    pub fn now(&self) -> SystemTime {
        let now = SystemTime::now();
        let Some(shift) = &self.shift else { return now };
        let shift = shift.load(Ordering::Relaxed);
        let distance = Duration::from_millis(shift.unsigned_abs());
        let shifted = if shift < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
        shifted.unwrap_or(now)
    }
}
