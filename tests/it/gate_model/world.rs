//! The world around the gate: one event after the other, the promises checked after each.

mod actions;

use crate::gate_model::Violation;
use crate::gate_model::design::Design;
use crate::gate_model::direct::Direct;
use crate::gate_model::disk::ModelSpool;
use crate::gate_model::drain::ModelDrain;
use crate::gate_model::driver::Driver;
use crate::gate_model::ledger::PostLedger;
use crate::gate_model::parked_posts::ParkedPosts;
use crate::gate_model::tally::Tally;
use crate::gate_model::weather::{Weather, WorldEvent};
use hookbridge::delivery::gate::{CATCH_UP_LIMIT, GateState};
use std::time::{Duration, Instant};

/// How late a timer fires at most.
const TIMER_LAG: Duration = Duration::from_millis(5);
/// How long after catching up an event loop looks at most: long enough for catching up to begin anew.
const LOOP_LAG: Duration = Duration::from_millis(50);
/// How long a post is parked at most: the last steps before the timer and the look add to it.
const PARKED: Duration =
    CATCH_UP_LIMIT.saturating_add(TIMER_LAG.saturating_mul(3)).saturating_add(LOOP_LAG);

#[derive(Debug, PartialEq, Eq)]
enum Kafka {
    Up,
    Down,
}

#[derive(Debug)]
pub(super) struct World {
    design: Design,
    rng: fastrand::Rng,
    now: Instant,
    kafka: Kafka,
    driver: Driver,
    event_loops: ParkedPosts,
    direct: Direct,
    disk: ModelSpool,
    drain: ModelDrain,
    ledger: PostLedger,
    stopping: Stopping,
    /// How many catch-ups had ended when it was last looked at.
    catch_ups_ended: u64,
    /// When all event loops will have looked at the gate after catching up.
    looked: Option<Instant>,
    tally: Tally,
}

#[derive(Debug, PartialEq, Eq)]
enum Stopping {
    No,
    Yes,
}

impl World {
    pub(super) fn new(design: Design, seed: u64) -> Self {
        let now = Instant::now();
        Self {
            design,
            rng: fastrand::Rng::with_seed(seed),
            now,
            kafka: Kafka::Up,
            driver: Driver::start(design, 0),
            event_loops: ParkedPosts::default(),
            direct: Direct::default(),
            disk: ModelSpool::new(design),
            drain: ModelDrain::default(),
            ledger: PostLedger::default(),
            stopping: Stopping::No,
            catch_ups_ended: 0,
            looked: None,
            tally: Tally::default(),
        }
    }

    /// The next event, or none if what was drawn cannot happen now.
    pub(super) fn step(&mut self, weather: &Weather) -> Result<(), Violation> {
        self.now += weather.step.mul_f64(self.rng.f64());
        let before = self.driver.gate().state();
        self.keep_time()?;
        let event = weather.draw(&mut self.rng);
        let happened = self.happen(event, weather.batch)?;
        self.tally.count(event, happened);
        self.tally.moved(before, self.driver.gate().state());
        self.check()
    }

    pub(super) fn new_spell(&mut self) -> Weather {
        Weather::storm(&mut self.rng)
    }

    pub(super) fn toss(&mut self) -> bool {
        self.rng.bool()
    }

    /// Kafka is up from now on, and the bridge runs.
    pub(super) fn clear_up(&mut self) {
        self.kafka = Kafka::Up;
        if self.stopping == Stopping::Yes {
            self.crash();
        }
    }

    pub(super) fn is_direct(&self) -> bool {
        self.driver.gate().state() == GateState::Direct
    }

    /// Nothing is under way anywhere, and nothing is owed.
    pub(super) fn is_settled(&self) -> bool {
        let idle = self.disk.pending() == 0 && self.direct.is_idle() && self.drain.is_idle();
        self.is_direct() && idle && self.event_loops.parked() == 0 && self.ledger.is_even()
    }

    pub(super) fn backlog(&self) -> u64 {
        self.disk.backlog()
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What is due at a time and only a little late.
    fn keep_time(&mut self) -> Result<(), Violation> {
        if self.driver.gate().next_deadline().is_some_and(|at| at + TIMER_LAG <= self.now) {
            self.driver.tick(self.now);
        }
        let ended = self.driver.gate().catch_ups_ended();
        if std::mem::replace(&mut self.catch_ups_ended, ended) != ended {
            self.looked.get_or_insert(self.now + LOOP_LAG);
        }
        if self.looked.take_if(|at| *at <= self.now).is_some() {
            let free = self.event_loops.look_all(self.driver.gate());
            self.unpark(free)?;
        }
        Ok(())
    }

    /// Gives how many things happened.
    fn happen(&mut self, event: WorldEvent, batch: usize) -> Result<usize, Violation> {
        if self.kafka == Kafka::Down && event.needs_kafka() {
            return Ok(0);
        }
        let now = self.now;
        let (rng, ledger) = (&mut self.rng, &mut self.ledger);
        Ok(match event {
            WorldEvent::Post => self.post()?,
            WorldEvent::LoopLooks => {
                let free = self.event_loops.look(self.driver.gate(), rng);
                self.unpark(free)?
            }
            WorldEvent::Tick => {
                self.driver.tick(now);
                self.driver.catch_up(now);
                1
            }
            WorldEvent::Probe => self.probe(),
            WorldEvent::Written => self.direct.write(batch, rng, ledger)?,
            WorldEvent::Acked => self.direct.ack(batch, rng, ledger)?,
            WorldEvent::TimedOut => {
                let late = self.direct.time_out(rng);
                self.unacked(late)?
            }
            WorldEvent::Fails => {
                let (reports, failed) = self.direct.fail(rng);
                self.unacked(failed)?;
                reports
            }
            WorldEvent::LateCopy => self.direct.write_late(rng, ledger)?,
            WorldEvent::Commit => self.disk.commit(batch, rng, ledger),
            WorldEvent::CommitReported => self.report_commit()?,
            WorldEvent::CommitFails => self.fail_commit(batch),
            WorldEvent::DrainSends => self.send(batch)?,
            WorldEvent::DrainWritten => self.drain.write(batch, ledger)?,
            WorldEvent::DrainAcked => self.ack_drain(),
            WorldEvent::DrainDeletes => self.delete()?,
            WorldEvent::DrainFault => self.fail_drain(),
            WorldEvent::DrainQuarantines => self.quarantined()?,
            WorldEvent::DrainLateCopy => self.drain.haunt(rng, ledger)?,
            WorldEvent::KafkaGoes => self.turn(Kafka::Down),
            WorldEvent::KafkaReturns => self.turn(Kafka::Up),
            WorldEvent::Stop => self.stop(),
            WorldEvent::Crash => self.crash(),
        })
    }

    /// The accounts of the gate against the world. The mistaken designs are to be found by what
    /// they do to posts.
    fn check(&self) -> Result<(), Violation> {
        if let Some(post) = self.event_loops.waits_longer(PARKED, self.now) {
            return Err(Violation::Waited { post });
        }
        let (gate, truth) = (self.driver.gate(), self.disk.backlog());
        let right = gate.backlog() == truth
            && gate.pending() == self.disk.pending()
            && gate.parked() == self.event_loops.parked()
            && (gate.state() != GateState::Direct || truth == 0);
        if self.design == Design::Sound && !right {
            return Err(Violation::Miscounted { backlog: gate.backlog(), truth });
        }
        Ok(())
    }
}
