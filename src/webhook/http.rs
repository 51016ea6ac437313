//! HTTP/1 as senders speak it: connections, their time-outs, bodies, trace context. Knows no
//! credentials and no JSON.

pub mod server;
pub mod timeout_stream;
pub mod accept_error_log;
pub mod body;
mod crowd;
mod forwarded;
pub mod trace_context;
pub mod trusted_proxies;
