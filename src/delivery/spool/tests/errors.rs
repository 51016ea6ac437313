//! Each call that may fail, failing once.

use crate::delivery::spool::tests::cuts::honest;
use crate::delivery::spool::tests::ledger::{Broken, Who};
use crate::delivery::spool::tests::lives::Life;
use crate::delivery::spool::tests::model::fate::{Call, Errors};
use rustix::io::Errno;

/// How many calls of each kind fail, each in a life of its own: some segments are made and removed
/// meanwhile, and the spool is opened again.
const CALLS: u32 = 50;
/// Steps after the failure.
const STEPS: u32 = 10;

#[test]
fn a_call_that_fails_once_by_a_disk_error_costs_nothing() {
    each_fails_once(Errno::IO);
}

#[test]
fn a_call_that_fails_once_on_a_full_disk_costs_nothing() {
    each_fails_once(Errno::NOSPC);
}

fn each_fails_once(errno: Errno) {
    for call in [
        Call::Open,
        Call::Create,
        Call::Write,
        Call::Allocate,
        Call::Cut,
        Call::Sync,
        Call::Rename,
        Call::Remove,
        Call::SyncFolder,
    ] {
        for nth in 1..=CALLS {
            let failed = fails_once(call, nth, errno);
            failed.unwrap_or_else(|what| panic!("{call:?} {nth}: {what}"));
        }
    }
}

fn fails_once(call: Call, nth: u32, errno: Errno) -> Result<(), Broken> {
    let mut life = Life::new(u64::from(nth), honest, Errors::Nth(call, nth, errno));
    while life.disk.met() < nth {
        life.step()?;
    }
    life.heal()?;
    life.look(Who::Same)?;
    for _ in 0..STEPS {
        life.step()?;
    }
    life.look_at_files()?;
    life.disk.set_errors(Errors::None);
    life.try_cut()?;
    life.kill();
    life.open()
}
