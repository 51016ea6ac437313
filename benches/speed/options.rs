//! The flags of the benchmark.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, value_parser};
use testkit::broker::Kind;
use testkit::load::posts::MOST_APP_IDS;

use crate::HOOKBRIDGE;
use crate::curve::Variant;
use crate::row::Rounds;

/// A run in which something can be seen.
const SHORTEST: Duration = Duration::from_millis(50);

/// Compares the bridge with bare hyper and with a bare prototype of hyper and librdkafka
///
/// All on this machine, in one run. Ends with an error when a post was not answered 200.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench speed --", max_term_width = 100)]
pub(crate) struct Options {
    /// A minute instead of five: fewer cases, fewer and shorter rounds
    #[arg(long)]
    pub(crate) quick: bool,

    /// Connections at once, a row of the table each [default: 1,64,256,1024,4096; quick: 1,64,256]
    #[arg(long, value_delimiter = ',', value_name = "N,…", value_parser = positive)]
    connections: Vec<usize>,

    /// Projects that are posted for, a row each
    #[arg(long, value_delimiter = ',', value_name = "N,…", default_values_t = [7, 1],
          value_parser = app_ids)]
    pub(crate) app_ids: Vec<usize>,

    /// Posts a second in all rows: open loop [default: closed loop, and one row of open loop]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// Rounds of each row [default: 5; quick: 3]
    #[arg(long, value_name = "N", value_parser = positive)]
    rounds: Option<usize>,

    /// Time of each run, of which there are three in a round [default: 1300ms; quick: 500ms]
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<Duration>,

    /// Partitions of the topic
    #[arg(long, value_name = "N", default_value = "6", value_parser = value_parser!(i32).range(1..))]
    pub(crate) partitions: i32,

    /// Brokers that are far away: the mock in any case, and how much longer it takes over every answer,
    /// in whole milliseconds
    #[arg(long, value_name = "TIME", value_parser = round_trip, default_value = "0ms")]
    pub(crate) round_trip: Duration,

    /// Another build of the bridge
    #[arg(long, value_name = "FILE", default_value = HOOKBRIDGE.path())]
    pub(crate) bridge: PathBuf,

    /// Records in the spool, each a row of the second table [default: 0,100000,1000000; quick: 0,100000]
    #[arg(long, value_delimiter = ',', value_name = "N,…")]
    depths: Option<Vec<usize>>,

    /// At the end, this many posts to the bridge, and its memory before and after
    #[arg(long, value_name = "POSTS", default_value = "0")]
    pub(crate) soak: u64,

    /// Draws CPU per post and p99 over the connections
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// In the table's place: the load generator beside wrk, on bare hyper and on the bridge
    #[arg(long, conflicts_with_all = ["rate", "svg", "soak", "depths"])]
    pub(crate) wrk: bool,

    /// In the table's place: the spool of the bridge beside that of this other build, in turns
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rate", "wrk", "svg", "soak", "depths"])]
    pub(crate) against: Option<PathBuf>,

    /// In the table's place: the bridge with these flags beside the bridge without, in turns; as often
    /// as there are variants. A first word that is no flag is another build of the bridge
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true,
          conflicts_with_all = ["wrk", "svg", "soak", "depths", "against"])]
    pub(crate) curve: Vec<Variant>,

    /// Further flags of `hookbridge serve`
    #[arg(last = true, value_name = "FLAG")]
    pub(crate) serve: Vec<String>,
}

impl Options {
    pub(crate) fn connections(&self) -> Vec<usize> {
        match (&*self.connections, self.quick) {
            ([], true) => vec![1, 64, 256],
            ([], false) => vec![1, 64, 256, 1024, 4096],
            (given, _) => given.to_vec(),
        }
    }

    pub(crate) fn depths(&self) -> Vec<usize> {
        let usual: &[usize] = if self.quick { &[0, 100_000] } else { &[0, 100_000, 1_000_000] };
        self.depths.clone().unwrap_or_else(|| usual.to_vec())
    }

    pub(crate) fn rounds(&self) -> Rounds {
        let (count, time) = if self.quick { (3, 500) } else { (5, 1300) };
        Rounds {
            count: self.rounds.unwrap_or(count),
            warm_up: Duration::from_millis(200),
            time: self.time.unwrap_or(Duration::from_millis(time)),
        }
    }

    /// A round trip can be had of the mock alone.
    pub(crate) fn kafka(&self) -> Kind {
        if self.round_trip.is_zero() { Kind::best() } else { Kind::Mock }
    }

    /// What cannot be done, before anything is started.
    pub(crate) fn check(&self) -> Result<(), String> {
        let builds = self.curve.iter().filter_map(Variant::build).chain(self.against.as_deref());
        let builds = builds.chain([&*self.bridge]);
        for build in builds {
            if !build.is_file() {
                return Err(format!("{}: there is no such build", build.display()));
            }
        }
        let Some(chart) = &self.svg else { return Ok(()) };
        let opened = OpenOptions::new().append(true).create(true).open(chart);
        opened.map(drop).map_err(|error| format!("--svg {}: {error}", chart.display()))
    }
}

fn positive(typed: &str) -> Result<usize, String> {
    let number = typed.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "a number of 1 or more".to_owned())
}

fn rate(typed: &str) -> Result<f64, String> {
    let rate = typed.parse().ok().filter(|rate: &f64| *rate >= 1.0 && rate.is_finite());
    rate.ok_or_else(|| "posts a second, 1 or more".to_owned())
}

fn time(typed: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(typed).map_err(|error| error.to_string())?;
    if time < SHORTEST { Err(format!("{SHORTEST:?} or more")) } else { Ok(time) }
}

fn round_trip(typed: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(typed).map_err(|error| error.to_string())?;
    let millis = Duration::from_millis(time.as_millis().try_into().unwrap_or(u64::MAX));
    if millis == time { Ok(time) } else { Err("whole milliseconds".to_owned()) }
}

fn app_ids(typed: &str) -> Result<usize, String> {
    let range = 1..=MOST_APP_IDS;
    let count = typed.parse().ok().filter(|count| range.contains(count));
    count.ok_or_else(|| format!("one of {} to {}", range.start(), range.end()))
}
