//! One row of the table: some connections, some projects, some servers, several rounds.
//!
//! A round runs the servers one after another, on connections that stay open for the whole row; the
//! next round begins with another. What disturbs a machine for a second or two disturbs neighbours
//! alike, so the ratios within a round say more than the ratio of two averages.

use std::io;
use std::time::Duration;

use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;

use crate::sample::{Figure, Sample};
use crate::spread::Spread;
use crate::subject::{Role, Subject};

/// What is asked of the servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) connections: usize,
    pub(crate) app_ids: usize,
    /// None: closed loop.
    pub(crate) posts_per_second: Option<f64>,
}

/// How thoroughly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    /// Of each run before it counts: batches find their size.
    pub(crate) warm_up: Duration,
    /// Of each run.
    pub(crate) time: Duration,
}

/// What came of it: a sample for each round, in their order.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) bare: Vec<Sample>,
    pub(crate) prototype: Vec<Sample>,
    pub(crate) bridge: Vec<Sample>,
}

impl Case {
    fn pace(self) -> Pace {
        self.posts_per_second.map_or(Pace::Closed, Pace::Open)
    }
}

impl Rounds {
    /// Takes all samples of a case, of bare hyper, prototype and bridge.
    pub(crate) fn measure(&self, case: Case, subjects: &[Subject; 3]) -> io::Result<Row> {
        let samples = self.take(case, &subjects.each_ref())?;
        let [bare, prototype, bridge] = samples.try_into().expect("there are three");
        Ok(Row { case, bare, prototype, bridge })
    }

    /// Opens the connections and takes all samples of a case, those of each server together.
    pub(crate) fn take(&self, case: Case, subjects: &[&Subject]) -> io::Result<Vec<Vec<Sample>>> {
        let connect = |subject: &&Subject| {
            Load::connect(subject.addr(), case.connections, Posts::new(case.app_ids))
        };
        let mut loads = subjects.iter().map(connect).collect::<io::Result<Vec<_>>>()?;
        let mut samples = vec![Vec::new(); subjects.len()];
        for round in 0..self.count {
            for turn in 0..subjects.len() {
                let next = (round + turn) % subjects.len();
                let sample = self.sample(&mut loads[next], subjects[next], case.pace());
                samples[next].push(sample);
            }
        }
        Ok(samples)
    }

    /// One run, behind its warm-up; what fails there counts too.
    pub(crate) fn sample(&self, load: &mut Load, subject: &Subject, pace: Pace) -> Sample {
        let warm = Sample::take(load, subject.pid(), pace, self.warm_up);
        let mut sample = Sample::take(load, subject.pid(), pace, self.time);
        sample.failures += warm.failures;
        sample.first_failure = warm.first_failure.or(sample.first_failure);
        sample
    }
}

impl Row {
    pub(crate) fn samples(&self, role: Role) -> &[Sample] {
        match role {
            Role::Bare => &self.bare,
            Role::Prototype => &self.prototype,
            Role::Bridge => &self.bridge,
        }
    }

    /// A figure over the rounds.
    pub(crate) fn figure(&self, role: Role, figure: Figure) -> Spread {
        Spread::of(self.samples(role).iter().map(|sample| sample.figure(figure)))
    }

    /// What the bridge's figure is of another's, over the rounds.
    pub(crate) fn ratio(&self, to: Role, figure: Figure) -> Spread {
        ratio(&self.bridge, self.samples(to), figure)
    }

    /// Posts of all servers that were not answered 200, and what was wrong with the first.
    pub(crate) fn failures(&self) -> (u64, Option<String>) {
        let samples = Role::ALL
            .into_iter()
            .flat_map(|role| self.samples(role).iter().map(move |sample| (role.label(), sample)));
        let mut failures = (0, None);
        for (label, sample) in samples {
            failures.0 += sample.failures;
            if let Some(why) = &sample.first_failure {
                failures.1.get_or_insert_with(|| format!("{label}: {why}"));
            }
        }
        failures
    }
}

/// What a figure of one is of another's, round by round.
pub(crate) fn ratio(one: &[Sample], other: &[Sample], figure: Figure) -> Spread {
    let pairs = one.iter().zip(other);
    Spread::of(pairs.map(|(one, other)| one.figure(figure) / other.figure(figure)))
}
