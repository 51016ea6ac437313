//! What the other tests stand on, tried on its own.

mod bridge;
mod http;
mod kafka;
mod mock;
mod waits;
