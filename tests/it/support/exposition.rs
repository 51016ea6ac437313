//! What `/metrics` says at one moment.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::support::http;

const OUTCOMES: &str = "hookbridge_outcomes_total";

/// The text of one scrape.
pub(crate) struct Exposition(String);

impl Exposition {
    /// Asks an admin port.
    #[track_caller]
    pub(crate) fn of(admin: SocketAddr) -> Self {
        Self(http::get(admin, "/metrics").text().to_owned())
    }

    /// The value of a series, named with its labels: a float, or an integer where it counts.
    #[track_caller]
    pub(crate) fn value<T: FromStr<Err: Debug>>(&self, series: &str) -> T {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no series {series} in\n{}", self.0));
        value.split(' ').next().expect("split gives one at least").parse().unwrap()
    }

    /// How many posts ended in each way, where there was one.
    pub(crate) fn outcomes(&self) -> BTreeMap<&str, u64> {
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
