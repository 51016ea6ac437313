//! What `/metrics` says at one moment.

use crate::deadline::eventually;
use crate::http;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

/// For the last reports of a Kafka that is away, on a busy machine.
const SETTLED: Duration = Duration::from_secs(20);

const OUTCOMES: &str = "hookbridge_outcomes_total";

/// The text of one scrape.
pub struct Exposition(String);

impl Exposition {
    /// Asks an admin port.
    #[track_caller]
    pub fn of(admin: SocketAddr) -> Self {
        Self(http::get(admin, "/metrics").text().to_owned())
    }

    /// Asks until no post is under way, and checks the accounts: each post that was received has
    /// exactly one outcome, and no body is held any more.
    #[track_caller]
    pub fn settled(admin: SocketAddr) -> Self {
        eventually(SETTLED, "no post is under way", || {
            Self::of(admin).value::<u64>("hookbridge_in_flight") == 0
        });
        // Another than the one that answered, whose first series may be older than its last.
        let settled = Self::of(admin);
        let ended: u64 = settled.outcomes().values().sum();
        let received: u64 = settled.value("hookbridge_received_total");
        assert_eq!(received, ended, "{:?}", settled.outcomes());
        assert_eq!(settled.value::<u64>("hookbridge_in_flight_bytes"), 0);
        settled
    }

    /// The value of a series, named with its labels: a float, or an integer where it counts.
    #[track_caller]
    pub fn value<T: FromStr<Err: Debug>>(&self, series: &str) -> T {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no series {series} in\n{}", self.0));
        value.split(' ').next().expect("split gives one at least").parse().unwrap()
    }

    /// Every series with its labels, and its value.
    pub fn all(&self) -> impl Iterator<Item = (&str, f64)> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once(' ').expect("a series has a value"))
            .map(|(series, value)| (series, value.parse().unwrap()))
    }

    /// How many posts ended in each way, where there was one.
    pub fn outcomes(&self) -> BTreeMap<&str, u64> {
        let lines = self.0.lines().filter_map(|line| {
            let (outcome, value) = line
                .strip_prefix(OUTCOMES)?
                .strip_prefix("{outcome=\"")?
                .split_once("\"} ")
                .expect("outcome is the only label");
            Some((outcome, value.parse().unwrap()))
        });
        lines.filter(|(_, count)| *count > 0).collect()
    }
}
