//! A mutex that outlives a panic under it.
//!
//! Promise: none but that of `std`'s mutex. It is for values that are whole at every step of what is
//! done under their lock, so that a thread that panicked has left nothing half done. Where that is not
//! so, as for the counts of [`crate::delivery::shared_gate`], it is not used.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    /// A lock around a value.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// The value, alone.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
