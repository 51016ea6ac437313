//! What one run of one server says.

use crate::usage::Usage;
use rustix::process::Pid;
use std::time::Duration;
use testkit::load::schedule::Pace;
use testkit::load::{Load, Tally};

/// The figures of one run.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// What was wrong with the first post that was not answered 200.
    pub(crate) first_failure: Option<String>,
    pub(crate) posts_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// User and system time of the server, for each post.
    pub(crate) cpu_us: f64,
    /// Resident memory of the server, connections open.
    rss_mb: f64,
    /// The share of posts whose connection resumed a TLS session.
    pub(crate) resumed: f64,
}

/// One of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    Rate,
    P50,
    P99,
    Cpu,
    Rss,
}

impl Sample {
    /// Posts to a server for so long.
    pub(crate) fn take(load: &mut Load, server: Pid, pace: Pace, time: Duration) -> Self {
        let before = Usage::of(server);
        let mut tally = load.run(pace, time);
        let after = Usage::of(server);
        Self {
            posts_per_second: tally.answered() as f64 / tally.elapsed.as_secs_f64(),
            p50_ms: percentile(&mut tally, 50),
            p99_ms: percentile(&mut tally, 99),
            cpu_us: after.cpu_us_since(before, tally.answered()),
            rss_mb: after.rss_mb(),
            resumed: tally.resumed as f64 / tally.answered() as f64,
            first_failure: tally.first_failure,
        }
    }

    pub(crate) fn figure(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Rate => self.posts_per_second,
            Figure::P50 => self.p50_ms,
            Figure::P99 => self.p99_ms,
            Figure::Cpu => self.cpu_us,
            Figure::Rss => self.rss_mb,
        }
    }
}

/// The latency that this many of a hundred posts are within, in milliseconds.
fn percentile(tally: &mut Tally, percent: usize) -> f64 {
    tally.percentile(percent).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
}
