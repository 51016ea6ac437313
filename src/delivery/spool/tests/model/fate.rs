//! What becomes of each call to the model's disk: it is carried out, it fails, or the power or the
//! process ends in it.
//!
//! It is a plain value; the disk asks it before each call.

use fastrand::Rng;
use rustix::io::Errno;
use std::io;

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery::spool::tests) enum Call {
    List,
    Open,
    Read,
    Create,
    Write,
    Allocate,
    Cut,
    Sync,
    Rename,
    Remove,
    SyncFolder,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy)]
pub(in crate::delivery::spool::tests) enum Errors {
    None,
    /// This one of its kind, counted from 1.
    Nth(Call, u32, Errno),
    /// One in this many of those that change something.
    OneIn(u32),
}

/// What becomes of a call.
pub(super) enum Turn {
    Does,
    /// It changes nothing, or a part.
    Fails(io::Error),
    /// It is the last one, and is carried out in part. Nobody learns what it answers.
    Ends(io::Error),
    /// It comes after the last one.
    IsOver(io::Error),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Fate {
    pub(super) rng: Rng,
    errors: Errors,
    /// Calls of the kind that fails.
    met: u32,
    /// Calls that change something, up to the last one.
    left: u32,
}

impl Call {
    fn changes(self) -> bool {
        match self {
            Self::List | Self::Open | Self::Read => false,
            Self::Create
            | Self::Write
            | Self::Allocate
            | Self::Cut
            | Self::Sync
            | Self::Rename
            | Self::Remove
            | Self::SyncFolder => true,
        }
    }

    /// Whether a full disk is a reason to fail: what is allocated can be written and synced.
    fn needs_room(self) -> bool {
        match self {
            Self::Create | Self::Allocate | Self::Rename | Self::Remove | Self::SyncFolder => true,
            Self::List | Self::Open | Self::Read | Self::Write | Self::Cut | Self::Sync => false,
        }
    }
}

impl Fate {
    pub(super) fn new(rng: Rng) -> Self {
        Self { rng, errors: Errors::None, met: 0, left: u32::MAX }
    }

    pub(super) fn set_errors(&mut self, errors: Errors) {
        (self.errors, self.met) = (errors, 0);
    }

    /// Lets this many calls be made that change something; the last one is carried out in part.
    pub(super) fn end_after(&mut self, calls: u32) {
        self.left = calls;
    }

    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// How many calls of the kind that fails there were.
    pub(super) fn met(&self) -> u32 {
        self.met
    }

    pub(super) fn turn(&mut self, call: Call) -> Turn {
        if self.left == 0 {
            return Turn::IsOver(Errno::IO.into());
        }
        if call.changes() {
            self.left -= 1;
            if self.left == 0 {
                return Turn::Ends(Errno::IO.into());
            }
        }
        match self.errors {
            Errors::Nth(kind, nth, errno) if kind == call => {
                self.met += 1;
                if self.met == nth { Turn::Fails(errno.into()) } else { Turn::Does }
            }
            Errors::OneIn(calls) if call.changes() && self.rng.u32(..calls) == 0 => {
                let full = call.needs_room() && self.rng.bool();
                Turn::Fails(if full { Errno::NOSPC } else { Errno::IO }.into())
            }
            Errors::None | Errors::Nth(..) | Errors::OneIn(_) => Turn::Does,
        }
    }
}
