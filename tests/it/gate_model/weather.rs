//! What may happen, and how often.
//!
//! Each spell of bad weather draws its own frequencies: some events not at all, some far too often.
//! That reaches corners that an even mixture would pass by.

use std::time::Duration;

/// Between two events at most, as a rule: some hundreds of them fit into the gate's catching up.
const STEP: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorldEvent {
    Post,
    LoopLooks,
    Tick,
    Probe,
    Written,
    Acked,
    TimedOut,
    Fails,
    LateCopy,
    Commit,
    CommitReported,
    CommitFails,
    DrainSends,
    DrainWritten,
    DrainAcked,
    DrainDeletes,
    DrainFault,
    DrainQuarantines,
    DrainLateCopy,
    KafkaGoes,
    KafkaReturns,
    Stop,
    Crash,
}

/// How often an event is drawn in storms and in the calm, beside the others. In the calm nothing
/// goes wrong; some fifteen posts are under way at any time, so that the backlog is not zero by
/// chance, and the drain could do far more.
const FREQUENCIES: [(WorldEvent, u32, u32); 23] = [
    (WorldEvent::Post, 80, 200),
    (WorldEvent::LoopLooks, 50, 50),
    (WorldEvent::Tick, 20, 20),
    (WorldEvent::Probe, 8, 20),
    (WorldEvent::Written, 150, 200),
    (WorldEvent::Acked, 150, 200),
    (WorldEvent::TimedOut, 8, 0),
    (WorldEvent::Fails, 8, 0),
    (WorldEvent::LateCopy, 20, 20),
    (WorldEvent::Commit, 80, 60),
    (WorldEvent::CommitReported, 80, 90),
    (WorldEvent::CommitFails, 8, 0),
    (WorldEvent::DrainSends, 80, 60),
    (WorldEvent::DrainWritten, 80, 60),
    (WorldEvent::DrainAcked, 80, 60),
    (WorldEvent::DrainDeletes, 80, 60),
    (WorldEvent::DrainFault, 4, 0),
    (WorldEvent::DrainQuarantines, 1, 0),
    (WorldEvent::DrainLateCopy, 20, 20),
    (WorldEvent::KafkaGoes, 4, 0),
    (WorldEvent::KafkaReturns, 40, 0),
    (WorldEvent::Stop, 1, 0),
    (WorldEvent::Crash, 1, 0),
];

/// What the frequencies of a storm are multiplied with, each by one of these.
const OFTEN: [u32; 8] = [0, 1, 1, 1, 1, 1, 4, 4];
/// The same for what goes wrong, in a bad storm.
const BAD: [u32; 8] = [0, 0, 0, 0, 1, 1, 8, 8];
/// And in a fair one: posts must also find their way back between two faults.
const FAIR: [u32; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

/// The frequencies of a time.
#[derive(Debug)]
pub(super) struct Weather {
    frequencies: Vec<(WorldEvent, u32)>,
    /// The sum of them.
    total: u32,
    /// The most records of one commit or one answer.
    pub(super) batch: usize,
    /// The most time between two events.
    pub(super) step: Duration,
}

impl WorldEvent {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        FREQUENCIES.into_iter().map(|(event, _, _)| event)
    }

    /// Whether it happens only while Kafka is up.
    pub(super) fn needs_kafka(self) -> bool {
        match self {
            Self::Written
            | Self::Acked
            | Self::LateCopy
            | Self::DrainWritten
            | Self::DrainAcked
            | Self::DrainLateCopy => true,
            Self::Post
            | Self::LoopLooks
            | Self::Tick
            | Self::Probe
            | Self::TimedOut
            | Self::Fails
            | Self::Commit
            | Self::CommitReported
            | Self::CommitFails
            | Self::DrainSends
            | Self::DrainDeletes
            | Self::DrainFault
            | Self::DrainQuarantines
            | Self::KafkaGoes
            | Self::KafkaReturns
            | Self::Stop
            | Self::Crash => false,
        }
    }
}

impl Weather {
    /// Anything may happen; in half of the storms, few things go wrong.
    pub(super) fn storm(rng: &mut fastrand::Rng) -> Self {
        let batch = [1, 8, 64][rng.usize(..3)];
        let step = [STEP / 4, STEP, STEP * 4][rng.usize(..3)];
        let faults = if rng.bool() { BAD } else { FAIR };
        let mut frequency = |(event, in_storms, in_calm)| {
            let factors = if in_calm == 0 { faults } else { OFTEN };
            let drawn = in_storms * factors[rng.usize(..factors.len())];
            // Something must be left to draw.
            (event, if event == WorldEvent::Tick { drawn + 1 } else { drawn })
        };
        Self::new(FREQUENCIES.map(&mut frequency).to_vec(), batch, step)
    }

    /// Posts keep coming, and nothing goes wrong.
    pub(super) fn calm() -> Self {
        let frequencies = FREQUENCIES.map(|(event, _, in_calm)| (event, in_calm)).to_vec();
        Self::new(frequencies, 64, STEP)
    }

    /// The same without posts.
    pub(super) fn still() -> Self {
        let mut frequencies = Self::calm().frequencies;
        frequencies.retain(|(event, _)| *event != WorldEvent::Post);
        Self::new(frequencies, 64, STEP)
    }

    pub(super) fn draw(&self, rng: &mut fastrand::Rng) -> WorldEvent {
        let mut left = rng.u32(..self.total);
        for (event, frequency) in &self.frequencies {
            if left < *frequency {
                return *event;
            }
            left -= frequency;
        }
        unreachable!("what is drawn lies below the total")
    }

    fn new(frequencies: Vec<(WorldEvent, u32)>, batch: usize, step: Duration) -> Self {
        let total = frequencies.iter().map(|(_, frequency)| frequency).sum();
        Self { frequencies, total, batch, step }
    }
}
