//! The files of keys, certificates and authorities, and whether clients are made of what is in them.
//!
//! Promise: librdkafka reads them when a client is made, and never again. So a probe that is not let
//! in looks whether they are others, and what it finds to work is told to the producers here. What is
//! in the files, nobody here looks at.

use crate::delivery::kafka::settings::Settings;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What tells files from those that were there before, without reading them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFiles(Vec<Option<Stamp>>);

/// Node, size, and the time of its last change: seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

impl KeyFiles {
    /// As they are at this moment. Blocks.
    pub(super) fn seen(settings: &Settings) -> Self {
        let stamp = |path: &str| {
            let file = fs::metadata(path).ok()?;
            Some((file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
        };
        Self(settings.files().map(|(_, path)| stamp(path)).collect())
    }
}

/// How often a client was let in with other files than those before it.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyVersion(Arc<AtomicU64>);

impl KeyVersion {
    /// For a client that is about to be made.
    pub(super) fn current(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A client with other files was let in.
    pub(super) fn renewed(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
