//! What may happen, and how often.
//!
//! Each spell of bad weather draws its own frequencies: some events not at all, some far too often.
//! That reaches corners that an even mixture would pass by.

use std::time::Duration;

/// Between two events at most, as a rule: some hundreds of them fit into catching up.
const STEP: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Post,
    LoopLooks,
    Tick,
    Probe,
    Lands,
    Acked,
    TimedOut,
    Fails,
    LateCopy,
    Commit,
    CommitTold,
    CommitFails,
    DrainSends,
    DrainLands,
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
const FREQUENCIES: [(Event, u32, u32); 23] = [
    (Event::Post, 80, 200),
    (Event::LoopLooks, 50, 50),
    (Event::Tick, 20, 20),
    (Event::Probe, 8, 20),
    (Event::Lands, 150, 200),
    (Event::Acked, 150, 200),
    (Event::TimedOut, 8, 0),
    (Event::Fails, 8, 0),
    (Event::LateCopy, 20, 20),
    (Event::Commit, 80, 60),
    (Event::CommitTold, 80, 90),
    (Event::CommitFails, 8, 0),
    (Event::DrainSends, 80, 60),
    (Event::DrainLands, 80, 60),
    (Event::DrainAcked, 80, 60),
    (Event::DrainDeletes, 80, 60),
    (Event::DrainFault, 4, 0),
    (Event::DrainQuarantines, 1, 0),
    (Event::DrainLateCopy, 20, 20),
    (Event::KafkaGoes, 4, 0),
    (Event::KafkaReturns, 40, 0),
    (Event::Stop, 1, 0),
    (Event::Crash, 1, 0),
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
    frequencies: Vec<(Event, u32)>,
    /// The sum of them.
    total: u32,
    /// The most records of one commit or one answer.
    pub(super) batch: usize,
    /// The most time between two events.
    pub(super) step: Duration,
}

impl Event {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        FREQUENCIES.into_iter().map(|(event, _, _)| event)
    }

    /// Whether it happens only while Kafka is up.
    pub(super) fn needs_kafka(self) -> bool {
        match self {
            Self::Lands
            | Self::Acked
            | Self::LateCopy
            | Self::DrainLands
            | Self::DrainAcked
            | Self::DrainLateCopy => true,
            Self::Post
            | Self::LoopLooks
            | Self::Tick
            | Self::Probe
            | Self::TimedOut
            | Self::Fails
            | Self::Commit
            | Self::CommitTold
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
            (event, if event == Event::Tick { drawn + 1 } else { drawn })
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
        frequencies.retain(|(event, _)| *event != Event::Post);
        Self::new(frequencies, 64, STEP)
    }

    pub(super) fn draw(&self, rng: &mut fastrand::Rng) -> Event {
        let mut left = rng.u32(..self.total);
        for (event, frequency) in &self.frequencies {
            if left < *frequency {
                return *event;
            }
            left -= frequency;
        }
        unreachable!("what is drawn lies below the total")
    }

    fn new(frequencies: Vec<(Event, u32)>, batch: usize, step: Duration) -> Self {
        let total = frequencies.iter().map(|(_, frequency)| frequency).sum();
        Self { frequencies, total, batch, step }
    }
}
