//! What is taken and what is written, as documents for machines.
//!
//! Promise: each is made of the lists that posts are judged by and records are made of, so that a type, a
//! field, a refusal or a header that is added there is in them too. No I/O.

pub mod json_schema;
pub mod open_api;
pub mod async_api;
pub mod example_refusal;
