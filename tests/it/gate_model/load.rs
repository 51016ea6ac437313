//! Whether the gate comes back from an outage under full load, in times that are usual.
//!
//! Senders that post again as soon as they are answered, a disk on which appends and deletions share
//! commits, a drain with its window. Nothing fails, and nothing is left to chance.

use hookbridge::delivery::gate::admission::{Admission, Way};
use hookbridge::delivery::gate::{CATCH_UP_LIMIT, Gate, GateState};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// One round of the model.
const STEP: Duration = Duration::from_millis(1);
/// Posts that the event loops take in one step; 20,000 a second is what one loop does while it
/// spools.
const POSTS: u64 = 20;
/// Rows that the drain has under way.
const WINDOW: u64 = 256;
/// What an outage left in the spool.
const ROWS: u64 = 20_000;
/// How long the gate may take to come back: most of it for the rows.
const DEADLINE: Duration = Duration::from_secs(5);

struct Load {
    senders: u64,
    commit: Duration,
    round_trip: Duration,
}

/// What is under way, each with the time of its end.
struct ModelBridge {
    load: Load,
    gate: Gate,
    now: Instant,
    /// Senders that were answered.
    ready: u64,
    parked: VecDeque<Instant>,
    catch_ups_ended: u64,
    direct: VecDeque<(Instant, u64)>,
    appends: u64,
    deletions: u64,
    commit: Option<Commit>,
    unsent: u64,
    sent: VecDeque<(Instant, u64)>,
}

struct Commit {
    end: Instant,
    appends: u64,
    deletions: u64,
}

impl ModelBridge {
    fn after_an_outage(load: Load) -> Self {
        Self {
            ready: load.senders,
            load,
            gate: Gate::new(ROWS),
            now: Instant::now(),
            parked: VecDeque::new(),
            catch_ups_ended: 0,
            direct: VecDeque::new(),
            appends: 0,
            deletions: 0,
            commit: None,
            unsent: ROWS,
            sent: VecDeque::new(),
        }
    }

    fn step(&mut self) {
        self.now += STEP;
        self.end_commit();
        self.ready += take_due(&mut self.direct, self.now);
        let acked = take_due(&mut self.sent, self.now);
        if acked > 0 {
            self.deletions += acked;
            self.gate.drain_acked(self.now);
        }
        self.drain();
        self.begin_commit();
        self.gate.tick(self.now);
        self.unpark();
        self.take_posts();
    }

    fn end_commit(&mut self) {
        if let Some(commit) = self.commit.take_if(|commit| commit.end <= self.now) {
            self.gate.committed(commit.appends);
            self.gate.released(commit.deletions, self.now);
            self.ready += commit.appends;
            self.unsent += commit.appends;
        }
    }

    fn begin_commit(&mut self) {
        if self.commit.is_none() && self.appends + self.deletions > 0 {
            let end = self.now + self.load.commit;
            let (appends, deletions) = (self.appends, self.deletions);
            self.commit = Some(Commit { end, appends, deletions });
            (self.appends, self.deletions) = (0, 0);
        }
    }

    fn drain(&mut self) {
        let under_way: u64 = self.sent.iter().map(|(_, rows)| rows).sum();
        let rows = self.unsent.min(WINDOW - under_way);
        if rows > 0 {
            self.unsent -= rows;
            self.sent.push_back((self.now + self.load.round_trip, rows));
        }
    }

    fn take_posts(&mut self) {
        for _ in 0..self.ready.min(POSTS) {
            self.ready -= 1;
            match self.gate.post(self.now) {
                Admission::Go(way) => self.go(way),
                Admission::Park => self.parked.push_back(self.now),
            }
        }
    }

    fn unpark(&mut self) {
        if self.catch_ups_ended != self.gate.catch_ups_ended() {
            self.catch_ups_ended = self.gate.catch_ups_ended();
            for since in std::mem::take(&mut self.parked) {
                assert!(self.now <= since + CATCH_UP_LIMIT);
                let way = self.gate.unpark();
                self.go(way);
            }
        }
    }

    fn go(&mut self, way: Way) {
        match way {
            Way::Direct => self.direct.push_back((self.now + self.load.round_trip, 1)),
            Way::Spool => self.appends += 1,
        }
    }
}

fn take_due(under_way: &mut VecDeque<(Instant, u64)>, now: Instant) -> u64 {
    let later = under_way.partition_point(|(end, _)| *end <= now);
    under_way.drain(..later).map(|(_, records)| records).sum()
}

/// How many catch-ups it took.
fn catch_ups_until_direct(load: Load) -> u64 {
    let mut bridge = ModelBridge::after_an_outage(load);
    let deadline = bridge.now + DEADLINE;
    while bridge.gate.state() != GateState::Direct {
        assert!(bridge.now < deadline, "{:?}", bridge.gate);
        bridge.step();
    }
    bridge.gate.catch_ups_ended()
}

fn millis(commit: u64, round_trip: u64) -> (Duration, Duration) {
    (Duration::from_millis(commit), Duration::from_millis(round_trip))
}

#[test]
fn few_senders_and_a_fast_disk_need_to_catch_up_once() {
    let (commit, round_trip) = millis(1, 1);
    for senders in [1, 16, 64] {
        assert_eq!(catch_ups_until_direct(Load { senders, commit, round_trip }), 1, "{senders}");
    }
}

#[test]
fn it_comes_back_with_every_connection_busy_and_a_slow_disk() {
    for (commit, round_trip) in [millis(5, 2), millis(10, 5), millis(30, 5)] {
        assert_eq!(catch_ups_until_direct(Load { senders: 4096, commit, round_trip }), 1);
    }
}
