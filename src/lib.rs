//! HTTP notifications of a video service in, Kafka records out.
//! **A 200 means that the notification is on Kafka or on disk.**
//!
//! ```text
//!  sender ──POST──▶ http::server ──▶ webhook::ingest ──▶ delivery::publisher ──▶ Kafka
//!                                                              │   │ no ack     ▲
//!                                                              │   ▼            │
//!                                                              │  spool ──▶ drain
//!  sender ◀──200── webhook::ingest ◀────────── Receipt ◀───────┘ ack, or sync
//!
//!  Request ──▶ Notification ──▶ Record ──▶ Receipt          or, at any point, a Rejection
//! ```
//!
//! What is invalid and is to be kept goes the same way to a second topic ([`webhook::dead_letters`]),
//! with a publisher of its own.
//!
//! The mods are in reading order, top down; a module imports only from those below it.
//!
//! - [`cli`]: the commands; they read the environment, print, and choose exit codes.
//! - [`bridge`]: the life of the process: bind, start, wait, stop. It knows both sides and gives
//!   each what it needs.
//! - [`config`]: what the flags mean.
//! - [`redrive`]: dead letters back to the topic of notifications.
//! - [`admin`]: liveness, readiness, metrics.
//! - [`webhook`]: the sender side. HTTP and JSON; no Kafka. Begin at [`webhook::ingest`], the path
//!   of a post from top to bottom, and [`webhook::rejection`], every "no"; [`webhook::documents`]
//!   prints both for machines.
//! - [`delivery`]: the Kafka side. Kafka and the disk; no HTTP and no JSON. Begin at
//!   [`delivery::publisher`]; for what happens around an outage, at [`delivery::gate`].
//! - [`post`]: the outcome of one post, recorded exactly once, whoever is left to see it.
//! - [`spans`]: the spans of one post, in a build with the feature `otlp`.
//! - [`metrics`]: every series, and the closed sets of their labels.
//! - [`args`]: every flag.
//! - [`error_chain`]: an error and its causes, in one line.
//! - [`rare_line`]: lines of the log for what happens again and again.
//! - [`lock`]: a mutex that outlives a panic.
//! - [`timestamp`]: a time and its text; [`clock`]: where it comes from.
//!
//! # The way of a post, file by file
//!
//! The files that decide something about a post; what they are built on is in the mods beside them.
//!
//! 1. [`webhook::http::server`] accepts the connection, for which `crowd` has room;
//!    `connection_phase` says where it is, and `timeout_stream` ends it where it is too slow. What
//!    answers on it is given to it: `EventLoop::serve` in [`bridge`] joins the server, the ingest
//!    and the publisher of one event loop.
//! 2. [`webhook::ingest`] asks in the order of the contract: [`webhook::auth::authenticator`] whose
//!    post it is (a pair that was good before is in `verified_pairs`), [`webhook::http::body`] for
//!    its bytes, [`webhook::notification`] what they say (`json_walk` once over the bytes, `rules`
//!    for each field, `members` for what is kept). Every "no" is a [`webhook::rejection`].
//! 3. [`delivery::record`] is made: key, value and [headers](delivery::record::header_name).
//! 4. [`delivery::publisher`] takes it. [`delivery::shared_gate`] says which way it goes. On its
//!    way to Kafka it is an entry of `in_flight`, gathers in `accumulator` until the turn of the
//!    loop ends, and is handed to [`delivery::kafka::producer`] with the time and partition that
//!    [`delivery::topic`] gives it.
//! 5. Kafka's report comes: `publisher/reports` reads it, `in_flight/stage` says what it means for the
//!    record, and [`delivery::publisher::publish`] gives the waiting handler its receipt.
//! 6. [`post`] records the outcome, and the sender has its 200.
//!
//! # What holds it together
//!
//! **A 200 is a type.** [`webhook::ingest`] builds it from a
//! [`delivery::publisher::publish::Receipt`], and only what saw a record become durable can make
//! one.
//!
//! **Hang-up is not cancellation.** A record that was handed over belongs to the publisher, not to
//! the handler: whether its sender waits, closes its half of the connection or is gone, the ack is
//! awaited and counted, and a stop waits for it. Where a handler is dropped, its
//! [`post::PostOutcome`] goes to the publisher.
//!
//! **Unacked is not failed.** A record whose ack did not come may still be on Kafka; a broker that
//! refuses one record of a batch fails its neighbours with it. [`delivery::kafka::delivery_error`]
//! says what each code proves.
//!
//! **A time is no fault.** A record whose time Kafka refuses is sent again with another
//! ([`delivery::record_times`]); its header says when it was received.
//!
//! **One gate.** Whether a post goes to Kafka or to disk is decided in one place, a value without
//! I/O ([`delivery::gate`]) behind one lock ([`delivery::shared_gate`]), so that for one app_id
//! nothing overtakes what was answered before it. The spool ([`delivery::spool`]) is a log of files
//! on a thread of its own; one task ([`delivery::drain`]) with a producer of its own empties it,
//! oldest first.
//!
//! **One post, one event loop.** Each `--workers` loop has a listener, a producer and a publisher of
//! its own; delivery reports are read inside the loop, in batches. A post costs neither a task nor
//! a timer. The admin port, the probe of Kafka and the drain run on the main thread, so that they go
//! on while the data path is busy.
//!
//! **A plain value decides, a shell with the lock shares it.** The value gets the time with each call
//! and does no I/O, so that tests need no clock: `Gate` in `SharedGate`, `AvailabilityState` in
//! `Availability`, `InFlight` in `Publisher`, `FairQueue` in `HashQueue`, `LineQuota` in `RareLine`.
//!
//! **Checked values have types.** Bytes become a [`webhook::notification::Notification`], flags a
//! [`config::Config`]; whoever holds one need not check again.

pub mod cli;
pub mod bridge;
pub mod config;
pub mod redrive;
pub mod admin;
pub mod webhook;
pub mod delivery;
pub mod post;
pub mod spans;
pub mod metrics;
pub mod args;
pub mod error_chain;
pub mod rare_line;
pub mod lock;
pub mod timestamp;
pub mod clock;
