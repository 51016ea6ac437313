//! `hookbridge serve`: the bridge, until a signal ends it.
//!
//! Promise: SIGTERM and SIGINT end it gracefully, a second one at once; SIGHUP never ends it, and
//! has its files read again.

use crate::args::serve::ServeArgs;
use crate::bridge::Bridge;
use crate::bridge::inherited_sockets::InheritedSockets;
use crate::bridge::supervision::Supervision;
use crate::cli::signals::EndSignals;
use crate::cli::stderr::Stderr;
use crate::cli::{Failure, logging, otlp, version};
use crate::config::{Config, PortReuse};
use crate::metrics::Metrics;
use crate::metrics::build::Build;
use std::convert::Infallible;
use std::{env, path};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Runs the bridge to its end.
pub fn run(args: ServeArgs, stderr: &Stderr) -> Result<(), Failure> {
    let inherited = InheritedSockets::take().map_err(Failure::of_configuration)?;
    logging::start(&args.log, stderr)?;
    let collector = args.otlp.clone();
    let config = Config::new(args).map_err(Failure::of_configuration)?;
    let scheme = if config.certificate.is_some() { "https" } else { "http" };
    let tracer = otlp::tracer(&collector, scheme)?;
    stderr.last_lines_within(config.grace.last_lines);
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::at_work)?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        let signals = EndSignals::new(stderr).map_err(Failure::at_work)?;
        let hangup = signal(SignalKind::hangup()).map_err(Failure::at_work)?;
        let (ask_to_reload, reload_asked) = watch::channel(());
        let metrics = Metrics::new(&version::build(), stderr.dropped());
        let run = async {
            let bridge = match config.port_reuse {
                PortReuse::Alone => Some(Bridge::bind(config, inherited)?),
                PortReuse::HandOver => Bridge::follow(config, inherited, &stop).await?,
            };
            let Some(mut bridge) = bridge else { return Ok(()) };
            bridge.supervise(Supervision::new(|variable| env::var_os(variable)));
            bridge.trace(tracer);
            bridge.open(&stop).await?;
            if !stop.is_cancelled() {
                log_start(bridge.config(), bridge.waiting());
            }
            bridge.run(metrics, stop.clone(), reload_asked).await
        };
        tokio::select! {
            ended = run => ended.map_err(|error| {
                if error.is_configuration() {
                    Failure::of_configuration(error)
                } else {
                    Failure::at_work(error)
                }
            }),
            never = signals.watch(stop.clone()) => match never {},
            never = reload(hangup, &ask_to_reload) => match never {},
        }
    });
    if ended.is_ok() {
        tracing::info!("ended, every post was answered");
    }
    // A question to a broker that does not answer is not waited for.
    runtime.shutdown_background();
    ended
}

/// By default it would end the bridge.
async fn reload(mut hangup: Signal, reload: &watch::Sender<()>) -> Infallible {
    loop {
        if hangup.recv().await.is_some() {
            tracing::info!("SIGHUP: files are read again");
            reload.send_replace(());
        }
    }
}

/// What runs, for whoever reads the log a year later: behind all that is refused at a start.
fn log_start(config: &Config, waiting: Option<u64>) {
    let Build { version, commit, librdkafka } = version::build();
    let spool = config.spool.as_ref().map(|spool| path::absolute(&spool.dir));
    let spool = spool.and_then(Result::ok).map(|dir| dir.display().to_string());
    tracing::info!(
        version,
        commit,
        librdkafka,
        brokers = config.kafka.brokers(),
        topic = &*config.topic,
        spool,
        waiting,
        users = config.users,
        max_body = %config.limits.max_body.display().iec(),
        max_connections = config.max_connections,
        max_in_flight_bytes = %config.limits.in_flight.display().iec(),
        ack_timeout = %humantime::format_duration(config.kafka.ack_timeout()),
        grace = %humantime::format_duration(config.grace.whole),
        workers = config.workers,
        "hookbridge starts"
    );
}
