//! The spans of a build with the feature `otlp`.
//!
//! The names in them are those of [`conventions`], and are in no other file.

pub mod conventions;
pub mod request_span;
pub mod send_span;
pub mod tracer;
