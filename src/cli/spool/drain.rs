//! `spool drain`: what a bridge has left on disk, to Kafka.
//!
//! 1. Open the spool, which takes its lock: the bridge must be gone.
//! 2. Drain it as a bridge would, oldest first, each record to the topic that it was promised.
//! 3. End when nothing waits, when nothing has moved for `--timeout`, or at a signal.
//! 4. Say what was drained, and what is left.
//!
//! Promise: it succeeds only if nothing is left that was ever promised: a record or a file that was
//! quarantined counts as left, and is named. Records leave the disk only after Kafka's ack.

use crate::args::spool::SpoolDrainArgs;
use crate::cli::bar::{BarLook, BarState};
use crate::cli::screen::Screen;
use crate::cli::signals::EndSignals;
use crate::cli::spool::listing::Listing;
use crate::cli::spool::{SpoolCommandError, counted, list};
use crate::cli::stderr::Stderr;
use crate::cli::version;
use crate::clock::Clock;
use crate::config::bounds::positive;
use crate::config::kafka;
use crate::delivery::availability::Availability;
use crate::delivery::availability::health_report::HealthReport;
use crate::delivery::availability::topic_state::TopicState;
use crate::delivery::drain::{Drain, DrainError};
use crate::delivery::kafka::probe::{KafkaClientError, Probe};
use crate::delivery::kafka::settings::Settings;
use crate::delivery::shared_gate::SharedGate;
use crate::delivery::spool::error::CloseError;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::status::{Room, Status};
use crate::delivery::spool::{Limit, Spool};
use crate::delivery::topic;
use crate::metrics::Metrics;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between looks at how far it is; shorter than the gate takes to let posts through again.
const LOOK: Duration = Duration::from_millis(50);
/// How long the last commit of the spool may take.
const CLOSE: Duration = Duration::from_secs(10);
/// Rows that are looked through for one that can be read.
const FIRST: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// Why it could not go on, or what it has left.
#[derive(Debug, thiserror::Error)]
pub(super) enum DrainFailure {
    #[error("cannot start")]
    Start(#[source] io::Error),
    #[error("the Kafka client cannot be made from --kafka-config and --kafka-property")]
    Kafka(#[source] KafkaClientError),
    #[error("the drain cannot go on")]
    Drain(#[source] DrainError),
    #[error("cannot close the spool")]
    Close(#[source] CloseError),
    #[error("{left} in {}{why}", dir.display())]
    Left { left: String, dir: PathBuf, why: String },
}

impl DrainFailure {
    /// Whether flags or files are at fault, and not the world.
    pub(super) fn is_configuration(&self) -> bool {
        match self {
            Self::Kafka(_) => true,
            Self::Drain(error) => error.is_configuration(),
            Self::Start(_) | Self::Close(_) | Self::Left { .. } => false,
        }
    }
}

/// What ended it.
enum DrainEnd {
    Empty,
    Signal,
    /// Nothing had moved for this long; why, as far as that is known.
    Stalled(Duration, String),
}

/// Drains it; an error unless nothing is left.
pub(super) fn run(args: &SpoolDrainArgs, stderr: &Stderr) -> Result<(), SpoolCommandError> {
    let kafka = kafka::settings_of_tool(&args.kafka)?;
    let timeout = positive("--timeout", args.timeout)?;
    let dir = &args.folder.spool;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(DrainFailure::Start)?;
    let (spool, thread) = Spool::open_left(dir)?;
    // Not before: a disk may hang, and a signal ends that.
    let signals = {
        let _inside = runtime.enter();
        EndSignals::new(stderr).map_err(DrainFailure::Start)?
    };
    let ended = match spool.status().rows {
        0 => Ok(DrainEnd::Empty),
        _ => runtime.block_on(drain(&spool, &kafka, timeout, signals, stderr)),
    };
    // What is said in the end is not to come beside the bar.
    stderr.show(BarState::Over);
    stderr.end();
    // A question to a broker that does not answer is not waited for.
    runtime.shutdown_background();
    let status = spool.status();
    let closed = thread.close(CLOSE).map_err(DrainFailure::Close);
    let ended = ended?;
    closed?;
    sum_up(dir, &status, &ended)
}

async fn drain(
    spool: &Spool,
    kafka: &Settings,
    stall_timeout: Duration,
    signals: EndSignals,
    stderr: &Stderr,
) -> Result<DrainEnd, DrainFailure> {
    let (signal, over) = (CancellationToken::new(), CancellationToken::new());
    let metrics = Arc::new(Metrics::new(&version::build(), stderr.dropped()));
    let availability = Arc::new(Availability::new(&metrics, kafka.ack_timeout()));
    // Where the disk does not answer, the watch says so in the end.
    let topic = timeout(stall_timeout, first_topic(spool)).await.ok().flatten();
    let topic = topic.unwrap_or_else(|| "".into());
    let drained = topic::Topic::new(topic.clone(), kafka.message_max_bytes(), &Clock::system());
    let probe = Probe::new(kafka, &drained, availability.clone(), None, None)
        .map_err(DrainFailure::Kafka)?;
    let gate = Arc::new(SharedGate::new(spool.clone()));
    let drain = Drain::new(gate, availability.clone(), kafka.clone(), drained, Duration::MAX)
        .map_err(|error| DrainFailure::Drain(error.into()))?;

    let draining = async {
        let late = async {
            over.cancelled().await;
            sleep(CLOSE).await;
        };
        let drained = tokio::select! {
            drained = drain.run(over.clone()) => drained,
            // The disk hangs; closing it will say so.
            () = late => Ok(()),
        };
        over.cancel();
        drained
    };
    let watching = async {
        let watch =
            Watch { spool, availability: &availability, topic: &topic, stall_timeout, stderr };
        let ended = over.run_until_cancelled(watch.run(&signal)).await;
        over.cancel();
        ended
    };
    let probing = probe.run(over.clone());
    let (drained, ended, _) = tokio::select! {
        all = async { tokio::join!(draining, watching, probing) } => all,
        never = signals.watch(signal.clone()) => match never {},
    };
    drained.map_err(DrainFailure::Drain)?;
    Ok(ended.unwrap_or(DrainEnd::Signal))
}

/// The topic that the oldest record is for; the others are seldom for another.
async fn first_topic(spool: &Spool) -> Option<Arc<str>> {
    let (done, rows) = oneshot::channel();
    let limit = Limit { rows: FIRST, bytes: 1 };
    spool.read(None, limit, |rows| drop(done.send(rows))).ok()?;
    let rows = rows.await.ok()?.ok()?;
    rows.first().map(|row| row.record.topic().into())
}

/// Looks on while it drains.
struct Watch<'a> {
    spool: &'a Spool,
    availability: &'a Availability,
    /// The topic of the oldest record.
    topic: &'a str,
    stall_timeout: Duration,
    stderr: &'a Stderr,
}

impl Watch<'_> {
    /// Waits for an end, and shows how far it is.
    async fn run(self, signal: &CancellationToken) -> DrainEnd {
        let all = self.spool.status().rows;
        let (mut least, mut moved) = (all, Instant::now());
        loop {
            let status = self.spool.status();
            if status.rows == 0 {
                return DrainEnd::Empty;
            }
            if status.rows < least {
                (least, moved) = (status.rows, Instant::now());
            }
            let obstacle = self.obstacle(&status);
            if moved.elapsed() >= self.stall_timeout {
                let why = obstacle.unwrap_or_else(|| "kafka answers, but acks nothing".to_owned());
                return DrainEnd::Stalled(self.stall_timeout, why);
            }
            self.stderr.show(BarState::At {
                look: BarLook::Records,
                done: all.saturating_sub(status.rows),
                len: all,
                message: obstacle.unwrap_or_default(),
            });
            if signal.run_until_cancelled(sleep(LOOK)).await.is_none() {
                return DrainEnd::Signal;
            }
        }
    }

    /// What holds it up, as far as is known.
    fn obstacle(&self, status: &Status) -> Option<String> {
        if let Room::Broken { why } = &status.room {
            return Some(format!("the spool is broken: {why}"));
        }
        let known = self.availability.knowledge();
        match (known.report, &*known.topic) {
            (HealthReport::Up, _) => match &status.room {
                Room::Full { why } => Some(format!("the spool is full: {why}")),
                Room::HasRoom | Room::Broken { .. } => None,
            },
            (_, TopicState::Missing { error }) => {
                Some(format!("the topic {} is missing: {error}", self.topic))
            }
            (HealthReport::Doubted { why } | HealthReport::Away { why }, _) => {
                Some(format!("kafka is away: {why}"))
            }
            (HealthReport::Unproven { why, .. }, _) => Some(format!("kafka answers, but: {why}")),
            (HealthReport::Untried, _) => Some("no broker has answered".to_owned()),
        }
    }
}

/// Says what was drained, and names what is left.
fn sum_up(dir: &Path, status: &Status, ended: &DrainEnd) -> Result<(), SpoolCommandError> {
    let mut screen = Screen::new();
    let drained = status.totals.drained;
    screen.print(&format!("{} to Kafka\n", counted(drained, "record went", "records went")));
    let left = [
        (status.rows, "record waits", "records wait"),
        (status.quarantined_rows, "record is quarantined", "records are quarantined"),
        (status.totals.missing_rows, "record is missing", "records are missing"),
        (status.quarantined_files, "damaged file is kept", "damaged files are kept"),
    ];
    let left = left.iter().filter(|(count, ..)| *count > 0);
    let left: Vec<String> = left.map(|(count, one, many)| counted(*count, one, many)).collect();
    if status.quarantined_rows + status.quarantined_files > 0 {
        let Listing { quarantine, .. } = Listing::of(&SpoolReader::open(dir)?, dir)?;
        let (reasons, files) =
            (list::reasons(&quarantine.by_reason), list::files(&quarantine.files));
        screen.print(&format!("{reasons}{files}"));
    }
    screen.end().map_err(SpoolCommandError::Output)?;
    if left.is_empty() {
        return Ok(());
    }
    let why = match ended {
        DrainEnd::Empty => String::new(),
        DrainEnd::Signal => ": ended by a signal".to_owned(),
        DrainEnd::Stalled(timeout, why) => {
            let timeout = humantime::format_duration(*timeout);
            format!(": nothing moved within {timeout}: {why}; what is left stays for another drain")
        }
    };
    Err(DrainFailure::Left { left: left.join(", "), dir: dir.to_owned(), why }.into())
}
