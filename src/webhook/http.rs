//! HTTP/1 as senders speak it: connections, their time-outs, bodies, trace context. Knows no
//! credentials and no JSON.

pub mod server;
pub mod timeout_stream;
pub mod tls;
mod handshake_turns;
pub mod connection_phase;
mod heads;
pub mod framing;
pub mod crowd;
pub mod successor;
pub mod arrival;
pub mod body;
mod forwarded;
pub mod trace_context;
pub mod trusted_proxies;
