//! HTTP notifications of a video service in, Kafka records out.
//! **A 200 means that the notification is on Kafka or on disk.**

pub mod admin;
pub mod args;
pub mod bridge;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod metrics;
pub mod post;
pub mod webhook;
