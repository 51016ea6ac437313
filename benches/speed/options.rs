//! The flags of the benchmark.

use crate::first_posts::USERS;
use crate::lineup::{Variant, build_at};
use crate::row::{Rounds, Travel};
use bytesize::ByteSize;
use clap::builder::RangedU64ValueParser;
use clap::{Parser, value_parser};
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;
use testkit::broker::Kind;
use testkit::load::posts::MOST_APP_IDS;

/// Compares the bridge with bare hyper and with a bare prototype of hyper and librdkafka
///
/// All on this machine, in one run. Ends with an error when a post was not answered 200.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench speed --", max_term_width = 100)]
pub(crate) struct Options {
    /// A minute instead of five: fewer connections, fewer and shorter rounds
    #[arg(long)]
    quick: bool,

    /// Connections at once, a row of the table each [default: 1,64,256,1024,4096; quick: 1,64,256]
    #[arg(long, value_delimiter = ',', value_name = "N,…",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    connections: Vec<usize>,

    /// Projects that are posted for, a row each
    #[arg(long, value_delimiter = ',', value_name = "N,…", default_values_t = [7, 1],
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=MOST_APP_IDS as u64))]
    pub(crate) app_ids: Vec<usize>,

    /// Rounds of each row [default: 5 of 1.3 s for each server; quick: 3 of 0.5 s]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: Option<usize>,

    /// Partitions of the topic
    #[arg(long, value_name = "N", default_value = "6", value_parser = value_parser!(i32).range(1..))]
    pub(crate) partitions: i32,

    /// Brokers that are far away: the mock in any case, and how much longer it takes over every answer,
    /// in whole milliseconds
    #[arg(long, value_name = "TIME", value_parser = round_trip, default_value = "0ms")]
    pub(crate) round_trip: Duration,

    /// At the end, this many posts to a fresh bridge, and its memory before and after
    #[arg(long, value_name = "POSTS", default_value = "0")]
    pub(crate) soak: u64,

    /// Draws CPU per post and p99 over the connections
    #[arg(long, value_name = "FILE", value_parser = writable)]
    pub(crate) svg: Option<PathBuf>,

    /// A new connection for each post; with --tls once with full handshakes and once with sessions that
    /// are resumed
    #[arg(long)]
    new_connections: bool,

    /// The bridge over TLS, beside itself without and bare hyper with the same rustls; all of --curve
    #[arg(long, conflicts_with_all = ["svg", "soak"])]
    pub(crate) tls: bool,

    /// Bodies of this size, in the place of 300 bytes
    #[arg(long, value_name = "SIZE", default_value = "0")]
    pub(crate) body: ByteSize,

    /// In the table's place: the servers' memory before a second of so many connections, with them, and
    /// after
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..),
          conflicts_with_all = ["svg", "soak", "connections", "app_ids", "new_connections", "body"])]
    pub(crate) crowd: Option<usize>,

    /// In the table's place: how long the first posts of so many users at once take
    #[arg(long, value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=USERS as u64),
          conflicts_with_all = ["svg", "soak", "connections", "app_ids", "new_connections", "body",
                                "crowd"])]
    pub(crate) first_posts: Option<usize>,

    /// In the place of the others: the bridge with these flags beside the bridge without; as often as
    /// there are variants. A first word that is no flag is another build of the bridge
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true,
          conflicts_with_all = ["svg", "soak", "against"])]
    pub(crate) curve: Vec<Variant>,

    /// In the table's place: the spool of the bridge beside that of this other build, in turns
    #[arg(long, value_name = "FILE", value_parser = build_at,
          conflicts_with_all = ["svg", "soak", "connections", "app_ids", "new_connections", "tls",
                                "body", "crowd", "first_posts"])]
    pub(crate) against: Option<PathBuf>,
}

impl Options {
    pub(crate) fn connections(&self) -> &[usize] {
        match (&*self.connections, self.quick) {
            ([], true) => &[1, 64, 256],
            ([], false) => &[1, 64, 256, 1024, 4096],
            (given, _) => given,
        }
    }

    pub(crate) fn travels(&self) -> &'static [Travel] {
        match (self.new_connections, self.tls) {
            (false, _) => &[Travel::Kept],
            (true, false) => &[Travel::New],
            (true, true) => &[Travel::New, Travel::Resumed],
        }
    }

    pub(crate) fn rounds(&self) -> Rounds {
        let (count, millis) = if self.quick { (3, 500) } else { (5, 1300) };
        Rounds { count: self.rounds.unwrap_or(count), time: Duration::from_millis(millis) }
    }

    /// A round trip can be had of the mock alone.
    pub(crate) fn kafka(&self) -> Kind {
        if self.round_trip.is_zero() { Kind::best() } else { Kind::Mock }
    }
}

fn round_trip(typed: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(typed).map_err(|error| error.to_string())?;
    let is_whole = time.subsec_nanos().is_multiple_of(1_000_000);
    if is_whole { Ok(time) } else { Err("whole milliseconds".to_owned()) }
}

/// Before anything is measured that could then not be drawn.
fn writable(typed: &str) -> Result<PathBuf, String> {
    let opened = OpenOptions::new().append(true).create(true).open(typed);
    opened.map(|_| typed.into()).map_err(|error| error.to_string())
}
