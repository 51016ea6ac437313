//! What the other tests stand on, tried on its own.

mod bridge;
mod http;
mod kafka;
mod ledger;
mod load;
mod mock;
mod proxy;
mod senders;
mod waits;
