//! The test harness, tried on its own: each part of `testkit` must see what it is there to see.
//!
//! A ledger that misses a lost record, a proxy that lets bytes through, a wait without an end: any of
//! them would let every other test pass. Nothing here is about the bridge.

mod bridge;
mod http;
mod kafka;
mod ledger;
mod load;
mod mock;
mod proxy;
mod senders;
mod waits;
