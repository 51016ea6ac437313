//! What came of a run, for people and for scripts.
//!
//! The members of the JSON are those of [`Summary`]; times are in seconds.

use crate::cli::printable::printable_line;
use crate::cli::send::progress::per_second;
use crate::cli::send::schedule::Schedule;
use crate::cli::send::tally::{Latencies, Tally};
use crate::cli::table::{Align, table};
use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use serde::Serialize;
use std::time::Duration;

const LABEL: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// See the module.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// That were sent, or could not be.
    pub(super) posts: u64,
    /// Answered 200, with `accepted`.
    pub(super) accepted: u64,
    /// That were due and found no free connection in time.
    pub(super) unsent: u64,
    pub(super) connections: u16,
    pub(super) seconds: f64,
    /// Posts a second.
    pub(super) rate: f64,
    /// As it was asked for.
    pub(super) rate_wanted: Option<f64>,
    /// Whether posts were sent when they were due.
    pub(super) rate_reached: bool,
    pub(super) answers: Vec<AnswerRow>,
    /// From when a post was due until its answer was read; null if nothing was answered.
    pub(super) latency: Option<LatencyRow>,
}

/// Posts with one answer.
#[derive(Debug, Serialize)]
pub(super) struct AnswerRow {
    /// Null where there was none.
    pub(super) status: Option<u16>,
    pub(super) code: String,
    pub(super) posts: u64,
    /// What the first of them was told.
    pub(super) detail: Option<String>,
}

/// In seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct LatencyRow {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Summary {
    /// Of a run that took so long.
    pub(super) fn of(
        tally: &Tally,
        schedule: &Schedule,
        connections: u16,
        elapsed: Duration,
    ) -> Self {
        let answers = tally.answers().into_iter().map(|(status, code, count)| AnswerRow {
            status,
            code,
            posts: count.posts,
            detail: count.detail,
        });
        let seconds = elapsed.as_secs_f64();
        let due = schedule.due_within(elapsed);
        let unsent = due.map_or(0, |due| due.saturating_sub(schedule.taken()));
        Self {
            posts: tally.posts(),
            accepted: tally.accepted(),
            unsent,
            connections,
            seconds,
            rate: tally.posts() as f64 / seconds,
            rate_wanted: schedule.plan().rate,
            rate_reached: unsent == 0 && schedule.kept_up(),
            answers: answers.collect(),
            latency: tally.latencies().map(LatencyRow::from),
        }
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers") + "\n"
    }

    /// Some lines of text.
    pub(super) fn text(&self) -> String {
        let connections = match self.connections {
            1 => "1 connection".to_owned(),
            more => format!("{more} connections"),
        };
        let posts = HumanCount(self.posts);
        let (rate, time) = (per_second(self.rate), time(self.seconds));
        let mut text = row("posts", &format!("{posts} in {time}, {rate}/s over {connections}"));
        if let Some(wanted) = self.rate_wanted.filter(|_| !self.rate_reached) {
            let wanted = per_second(wanted);
            let late = format!("{BAD}{wanted}/s were asked for and not reached{BAD:#}");
            text += &row("rate", &format!("{late}: every connection waited for its answer"));
            if self.unsent > 0 {
                let unsent = HumanCount(self.unsent);
                text += &row("", &format!("{unsent} posts were due and never sent"));
            }
            text += &row("", "try more --connections; if that changes nothing, it is the bridge");
        }
        if let Some(LatencyRow { p50, p90, p99, max }) = self.latency {
            let all = [("p50", p50), ("p90", p90), ("p99", p99), ("max", max)];
            let all = all.map(|(name, seconds)| format!("{name} {}", self::time(seconds)));
            text += &row("latency", &all.join(", "));
        }
        text + "\n" + &self.table()
    }

    fn table(&self) -> String {
        let rows = self.answers.iter().map(|AnswerRow { status, code, posts, detail }| {
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            let detail = detail.as_deref().map(printable_line).unwrap_or_default();
            [status, printable_line(code), HumanCount(*posts).to_string(), detail]
        });
        let head = [
            ("STATUS", Align::Left),
            ("CODE", Align::Left),
            ("POSTS", Align::Right),
            ("SAID", Align::Left),
        ];
        let style = if self.accepted == self.posts { GOOD } else { BAD };
        let accepted = format!("{} of {}", HumanCount(self.accepted), HumanCount(self.posts));
        let table = table(head, &rows.collect::<Vec<_>>());
        format!("{table}{style}{accepted} accepted{style:#}\n")
    }
}

impl From<Latencies> for LatencyRow {
    fn from(latencies: Latencies) -> Self {
        let Latencies { p50, p90, p99, max } = latencies;
        let [p50, p90, p99, max] = [p50, p90, p99, max].map(|time| time.as_secs_f64());
        Self { p50, p90, p99, max }
    }
}

fn row(label: &str, text: &str) -> String {
    format!("{LABEL}{label:<7}{LABEL:#}  {text}\n")
}

fn time(seconds: f64) -> String {
    format!("{:.1?}", Duration::from_secs_f64(seconds))
}
