//! `hookbridge dev`: all of it on one machine, with nothing installed.
//!
//! 1. An embedded broker, or the one of `--kafka`; the bridge before it, with a credential that lives as long as it does.
//! 2. The sample notifications posted over real HTTP, each record read back by a real consumer,
//!    held against what was posted; a line for each, and one record whole.
//! 3. With `--once` that is all. Else the addresses are shown, and a line for every post that comes,
//!    with `--watch` one for its record too.
//!
//! Promise: it ends with success only if all samples arrived as sent; it writes no file, and
//! heeds no setting of a bridge but its own flags. The bridge is the one that `serve` runs, with
//! its defaults; the broker is no Kafka.

mod broker;
mod consumer;
mod credential;
mod feed;
mod next_steps;
mod page;
mod painter;
mod post_line;
mod post_lines;
mod program_name;
mod sample_outcome;
mod samples_run;

use crate::args::DevArgs;
use crate::args::serve::ServeArgs;
use crate::bridge::Bridge;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::inherited_sockets::InheritedSockets;
use crate::cli::dev::broker::Broker;
use crate::cli::dev::consumer::Consumer;
use crate::cli::dev::credential::{Credential, USER};
use crate::cli::dev::feed::{Feed, Watch};
use crate::cli::dev::next_steps::NextSteps;
use crate::cli::dev::painter::Painter;
use crate::cli::dev::post_lines::{PostLines, post_lines};
use crate::cli::dev::program_name::program_name;
use crate::cli::dev::samples_run::SamplesRun;
use crate::cli::http_client::HttpError;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::{Failure, logging, version};
use crate::config::kafka::{NOT_BROKERS, is_broker};
use crate::config::{self, Config, ConfigError};
use crate::metrics::Metrics;
use clap::builder::Resettable;
use clap::{Args as _, Command, FromArgMatches as _};
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Why it ended badly.
#[derive(Debug, thiserror::Error)]
enum DevError {
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
    #[error("cannot start the embedded broker")]
    Broker(#[source] KafkaError),
    #[error("cannot read from the broker")]
    Consumer(#[source] KafkaError),
    #[error(
        "--kafka {brokers}: no answer within {}: start it, or correct the address; brokers that want \
         TLS or SASL are not for dev",
        humantime::format_duration(*.waited)
    )]
    Given { brokers: String, waited: Duration },
    #[error("--topic {topic}: these brokers have no such topic: make it, or name another")]
    NoTopic { topic: String },
    #[error("cannot configure the bridge")]
    Flags(#[from] clap::Error),
    #[error("cannot configure the bridge")]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    #[error("cannot talk to the bridge")]
    Http(#[from] HttpError),
    #[error("the bridge was not ready within {}: {said}", humantime::format_duration(*.waited))]
    NotReady { waited: Duration, said: String },
    #[error("not all samples arrived as sent: {0}")]
    Samples(String),
    #[error("the topic holds {count} records where {posted} were posted")]
    Extra { count: usize, posted: usize },
    #[error("ended before all samples had arrived")]
    Interrupted,
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Runs it to its end.
pub fn run(args: &DevArgs, stderr: &Stderr) -> Result<(), Failure> {
    let (layer, mut posts) = post_lines();
    logging::start_beside(layer, &args.log, stderr)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let ended = runtime.block_on(dev(args, &mut posts, stderr));
    runtime.shutdown_background();
    ended.map_err(|error| match error {
        DevError::Flags(_) | DevError::Config(_) => Failure::of_configuration(error),
        DevError::Signals(_)
        | DevError::Broker(_)
        | DevError::Consumer(_)
        | DevError::Given { .. }
        | DevError::NoTopic { .. }
        | DevError::Bridge(_)
        | DevError::Http(_)
        | DevError::NotReady { .. }
        | DevError::Samples(_)
        | DevError::Extra { .. }
        | DevError::Interrupted
        | DevError::Output(_) => Failure::at_work(error),
    })
}

async fn dev(args: &DevArgs, posts: &mut PostLines, stderr: &Stderr) -> Result<(), DevError> {
    let stop = CancellationToken::new();
    let signals = EndSignals::new(stderr).map_err(DevError::Signals)?;
    let mut screen = Painter::start().map_err(DevError::Output)?;
    let credential = Credential::throw_away();
    let topic = config::topic("--topic", &args.topic)?;
    if !args.kafka.iter().flat_map(|given| given.split(',')).all(|it| is_broker(it.trim())) {
        return Err(ConfigError::new("--kafka", NOT_BROKERS).into());
    }
    let broker = Broker::new(args.kafka.as_deref(), &topic).map_err(DevError::Broker)?;
    let config = Config { access: credential.access(), ..config(args, &broker)? };
    let path = config.path.clone();
    let metrics = Metrics::new(&version::build(), stderr.dropped());
    let bridge = Bridge::bind(config, InheritedSockets::default())?;
    let addresses = bridge.addresses();

    let visit = async {
        let authorization = credential.authorization();
        let screen = &mut screen;
        screen.print(&page::heading(version::build().version, &broker, &topic));
        let consumer = Consumer::open(&broker, &topic).await?;
        let samples = SamplesRun {
            addresses,
            path: &path,
            authorization,
            consumer: &consumer,
            screen,
            example: None,
        };
        let samples = samples.run().await?;
        if !args.once {
            let (program, broker, topic) = (program_name(), &broker, &*topic);
            let next_steps = NextSteps { program, addresses, path, broker, topic, credential };
            screen.print(&next_steps.text());
            let (consumer, told) = (&consumer, BTreeMap::new());
            let watch = if args.watch { Watch::PostsAndRecords } else { Watch::Posts };
            Feed { watch, user: USER, posts, consumer, screen, samples, told }.run().await;
        }
        Ok::<(), DevError>(())
    };
    // Each ends the other.
    let visiting = async {
        let visited = stop.run_until_cancelled(visit).await;
        stop.cancel();
        visited
    };
    let serving = async {
        let served = bridge.run(metrics, stop.clone(), watch::channel(()).1).await;
        stop.cancel();
        served
    };
    let (served, visited) = tokio::select! {
        ended = async { tokio::join!(serving, visiting) } => ended,
        never = signals.watch(stop.clone()) => match never {},
    };
    // Where both failed, the bridge is the cause.
    served?;
    match visited {
        Some(visited) => visited?,
        None if args.once => return Err(DevError::Interrupted),
        None => screen.print(&page::farewell(&broker, &topic)),
    }
    screen.end().map_err(DevError::Output)
}

/// What `serve` would make of these flags alone: its defaults are the defaults here.
fn config(args: &DevArgs, broker: &Broker) -> Result<Config, DevError> {
    let (listen, admin_listen) = (args.listen.to_string(), args.admin_listen.to_string());
    let brokers = broker.address();
    let mut flags = vec![
        ["--listen", &listen],
        ["--admin-listen", &admin_listen],
        ["--brokers", &brokers],
        ["--topic", &args.topic],
    ];
    match broker {
        // Kafka's own default for a topic: the embedded broker cannot be asked.
        Broker::Embedded(_) => flags.push(["--kafka-property", "message.max.bytes=1048588"]),
        Broker::Given(_) => {}
    }
    // The environment of this shell may speak of another bridge.
    let command = ServeArgs::augment_args(Command::new("serve"))
        .no_binary_name(true)
        .mut_args(|arg| arg.env(Resettable::Reset));
    // The credential is no file: whoever calls puts it in.
    let flags = flags.iter().flatten().chain([&"--no-auth"]);
    let matches = command.try_get_matches_from(flags)?;
    Ok(Config::new(ServeArgs::from_arg_matches(&matches)?)?)
}
