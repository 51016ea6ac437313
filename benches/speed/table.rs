//! The figures as people read them.
//!
//! Medians over the rounds; ratios with the least and the greatest of all rounds behind them.

use std::fmt;

use crate::report::Report;
use crate::row::{Case, Row};
use crate::sample::Figure;
use crate::spread::Short;
use crate::subject::Role;

/// The columns and what stands above them.
const COLUMNS: [(Figure, &str); 6] = [
    (Figure::Rate, "posts/s"),
    (Figure::P50, "p50 ms"),
    (Figure::P99, "p99 ms"),
    (Figure::Cpu, "CPU us/post"),
    (Figure::Rss, "RSS MB"),
    (Figure::Load, "load us/post"),
];

/// As wide as `0.074 (0.068-0.102)` and a gap.
const WIDTH: usize = 21;
const LABEL: usize = 16;

/// Shows a row.
pub(crate) struct RowText<'a>(pub(crate) &'a Row);

impl fmt::Display for RowText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0;
        write!(f, "\n{}\n{:LABEL$}", CaseText(row.case), "")?;
        for (_, title) in COLUMNS {
            write!(f, "{title:>WIDTH$}")?;
        }
        writeln!(f)?;
        for role in Role::ALL {
            write!(f, "{:LABEL$}", role.label())?;
            for (figure, _) in COLUMNS {
                write!(f, "{:>WIDTH$}", Short(row.figure(role, figure).median))?;
            }
            writeln!(f)?;
        }
        for to in [Role::Prototype, Role::Bare] {
            write!(f, "/ {:<width$}", to.label(), width = LABEL - 2)?;
            // The load generator's own cost is no figure of the bridge.
            for (figure, _) in &COLUMNS[..COLUMNS.len() - 1] {
                write!(f, "{:>WIDTH$}", row.ratio(to, *figure))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Shows what a row is about.
pub(crate) struct CaseText(pub(crate) Case);

impl fmt::Display for CaseText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { connections, app_ids, posts_per_second } = self.0;
        let plural = |n| if n == 1 { "" } else { "s" };
        write!(f, "{connections} connection{}, ", plural(connections))?;
        write!(f, "{app_ids} app_id{}", plural(app_ids))?;
        posts_per_second.map_or(Ok(()), |rate| write!(f, ", open loop at {rate:.0} posts/s"))
    }
}

/// Shows what was measured, and where.
pub(crate) struct Head<'a>(pub(crate) &'a Report);

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { bridge, machine, kafka, partitions, round_trip_ms, rounds, .. } = self.0;
        writeln!(f, "{bridge}, {:.1} MB", self.0.bridge_mb)?;
        writeln!(
            f,
            "{}, {} cores, Linux {}; load generator, broker and servers share them",
            machine.cpu, machine.cores, machine.kernel
        )?;
        writeln!(f, "{kafka}, {partitions} partitions, round trip + {round_trip_ms} ms")?;
        writeln!(
            f,
            "medians of {} rounds of {:?} each; ratios hookbridge / other: median (min-max) of the rounds",
            rounds.count, rounds.time
        )?;
        let [bare, prototype, bridge] = self.0.idle_rss_mb;
        writeln!(
            f,
            "RSS idle, MB: bare hyper {bare:.1}, prototype {prototype:.1}, hookbridge {bridge:.1}, \
             which was ready after {:.0} ms",
            self.0.ready_ms
        )
    }
}
