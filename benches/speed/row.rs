//! One row of the table: some connections, some projects, some servers, several rounds.
//!
//! A round runs the servers one after another, on connections that stay open for the whole row; the
//! next round begins with another. What disturbs a machine for a second or two disturbs neighbours
//! alike, so the ratios within a round say more than the ratio of two averages.

use crate::lineup::Lineup;
use crate::sample::{Figure, Sample};
use crate::spread::Spread;
use crate::subject::Subject;
use bytesize::ByteSize;
use std::fmt;
use std::io;
use std::time::Duration;
use testkit::load::Load;
use testkit::load::posts::Posts;
use testkit::load::schedule::Pace;

/// Of each run before it counts: batches find their size.
const WARM_UP: Duration = Duration::from_millis(200);

/// Of posts whose connections are to resume a session: the first ones have none yet.
const NEARLY_ALL: f64 = 0.95;

/// What is asked of the servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) connections: usize,
    pub(crate) app_ids: usize,
    pub(crate) pace: Pace,
    pub(crate) travel: Travel,
    /// The least of a body.
    pub(crate) body: ByteSize,
}

/// On what connection a post comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    /// On one that is kept.
    Kept,
    /// On a new one, over TLS with a full handshake.
    New,
    /// On a new one, over TLS with the session of one before.
    Resumed,
}

/// How thoroughly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    /// Of each run.
    pub(crate) time: Duration,
}

/// What came of it: of each server a sample for each round, in their order.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) case: Case,
    samples: Vec<Vec<Sample>>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, app_ids, pace, travel, body } = self;
        let plural = |n: &usize| if *n == 1 { "" } else { "s" };
        write!(f, "{connections} connection{}, ", plural(connections))?;
        write!(f, "{app_ids} app_id{}", plural(app_ids))?;
        f.write_str(match travel {
            Travel::Kept => "",
            Travel::New => ", a connection a post",
            Travel::Resumed => ", a connection a post, TLS sessions resumed",
        })?;
        if body.as_u64() > 0 {
            write!(f, ", bodies of {body}")?;
        }
        match pace {
            Pace::Closed => Ok(()),
            Pace::Open(rate) => write!(f, ", open loop at {rate:.0} posts/s"),
        }
    }
}

impl Case {
    /// The usual posts, in a closed loop on kept connections.
    pub(crate) fn usual(connections: usize, app_ids: usize) -> Self {
        let (pace, travel, body) = (Pace::Closed, Travel::Kept, ByteSize::default());
        Self { connections, app_ids, pace, travel, body }
    }

    pub(crate) fn posts(&self) -> Posts {
        Posts::sized(self.app_ids, self.body.as_u64() as usize)
    }
}

impl Rounds {
    /// Opens the connections and takes all samples of a case.
    pub(crate) fn measure(self, case: Case, subjects: &[Subject]) -> io::Result<Row> {
        let loads = subjects.iter().map(|subject| subject.load(case));
        let mut loads = loads.collect::<io::Result<Vec<_>>>()?;
        let mut samples = vec![Vec::new(); subjects.len()];
        for round in 0..self.count {
            for turn in 0..subjects.len() {
                let next = (round + turn) % subjects.len();
                let subject = &subjects[next];
                let mut sample = self.sample(&mut loads[next], subject, case.pace);
                let is_to_resume = case.travel == Travel::Resumed && subject.is_over_tls();
                if is_to_resume && sample.resumed < NEARLY_ALL {
                    sample.first_failure.get_or_insert("few sessions were resumed".to_owned());
                }
                samples[next].push(sample);
            }
        }
        Ok(Row { case, samples })
    }

    /// One run, behind its warm-up; what fails there counts too.
    pub(crate) fn sample(self, load: &mut Load, subject: &Subject, pace: Pace) -> Sample {
        let warm = Sample::take(load, subject.pid(), pace, WARM_UP);
        let mut sample = Sample::take(load, subject.pid(), pace, self.time);
        sample.first_failure = warm.first_failure.or(sample.first_failure);
        sample
    }
}

impl Row {
    /// A server's figure over the rounds.
    pub(crate) fn figure(&self, subject: usize, figure: Figure) -> Spread {
        Spread::of(self.samples[subject].iter().map(|sample| sample.figure(figure)))
    }

    /// What one's figure is of another's, over the rounds.
    pub(crate) fn ratio(&self, (one, other): (usize, usize), figure: Figure) -> Spread {
        let pairs = self.samples[one].iter().zip(&self.samples[other]);
        Spread::of(pairs.map(|(one, other)| one.figure(figure) / other.figure(figure)))
    }

    /// What was wrong with the first post that was not answered 200.
    pub(crate) fn failure(&self, lineup: &Lineup) -> Option<String> {
        lineup.subjects.iter().zip(&self.samples).find_map(|(subject, samples)| {
            let why = samples.iter().find_map(|sample| sample.first_failure.as_ref())?;
            Some(format!("{}, {}: {why}", self.case, subject.label()))
        })
    }
}
