//! The figures as people read them.
//!
//! Medians over the rounds; ratios with the least and the greatest of all rounds behind them.

use crate::HOOKBRIDGE;
use crate::lineup::Lineup;
use crate::options::Options;
use crate::row::Row;
use crate::sample::Figure;
use crate::spread::Short;
use crate::subject::Subject;
use std::fs;
use std::io;
use std::process::Command;

/// The columns and what is above them.
const COLUMNS: [(Figure, &str); 5] = [
    (Figure::Rate, "posts/s"),
    (Figure::P50, "p50 ms"),
    (Figure::P99, "p99 ms"),
    (Figure::Cpu, "CPU us/post"),
    (Figure::Rss, "RSS MB"),
];

/// As wide as `0.074 (0.068-0.102)` and a gap.
const WIDTH: usize = 21;

/// Shows what is measured, and where.
pub(crate) fn print_head(options: &Options) -> io::Result<()> {
    let version = Command::new(HOOKBRIDGE.path()).arg("--version").output()?.stdout;
    let binary_mb = fs::metadata(HOOKBRIDGE.path())?.len() as f64 / 1e6;
    println!("{}, {binary_mb:.1} MB", String::from_utf8_lossy(&version).trim());
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    println!(
        "{}, {} cores, Linux {}; load generator, broker and servers share them",
        model.map_or("unknown CPU", |(_, model)| model),
        std::thread::available_parallelism()?,
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim()
    );
    let Options { partitions, round_trip, .. } = options;
    let (kafka, millis) = (options.kafka(), round_trip.as_millis());
    println!("{kafka}, {partitions} partitions, round trip + {millis} ms");
    let rounds = options.rounds();
    println!("medians of {} rounds of {:?} each; ratios: (min-max)", rounds.count, rounds.time);
    Ok(())
}

/// Shows what the servers take before the first post.
pub(crate) fn print_idle(lineup: &Lineup) {
    for subject in &lineup.subjects {
        let ready = subject.ready_after().as_secs_f64() * 1e3;
        let rss = subject.idle_rss_mb();
        println!("{}: ready after {ready:.0} ms, RSS idle {rss:.1} MB", subject.label());
    }
}

/// Shows a row.
pub(crate) fn print_row(row: &Row, lineup: &Lineup) {
    let labels: Vec<_> = lineup.subjects.iter().map(Subject::label).collect();
    let ratios = lineup.ratios.iter();
    let ratios: Vec<_> = ratios
        .map(|&(one, other)| (format!("{} / {}", labels[one], labels[other]), (one, other)))
        .collect();
    let width = ratios.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let line = |label: &str, cell: &dyn Fn(Figure, &str) -> String| {
        print!("{label:width$}");
        for (figure, title) in COLUMNS {
            print!("{:>WIDTH$}", cell(figure, title));
        }
        println!();
    };
    println!("\n{}", row.case);
    line("", &|_, title| title.to_owned());
    for (place, label) in labels.iter().enumerate() {
        line(label, &|figure, _| Short(row.figure(place, figure).median).to_string());
    }
    for (label, places) in &ratios {
        line(label, &|figure, _| row.ratio(*places, figure).to_string());
    }
}
