//! HTTP notifications of a video service in, Kafka records out.
//! **A 200 means that the notification is on Kafka or on disk.**

pub mod cli;
pub mod bridge;
pub mod config;
pub mod admin;
pub mod delivery;
pub mod webhook;
pub mod metrics;
pub mod post;
pub mod args;
