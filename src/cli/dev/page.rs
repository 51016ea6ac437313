//! What is shown, as text with colours in it; the screen takes them out where they do not belong.
//!
//! Promise: what could steer a terminal is escaped. It is for eyes: nothing should parse it.

use crate::cli::dev::sample_outcome::{Answered, SampleOutcome};
use crate::cli::http_client::Answer;
use crate::cli::printable::printable;
use crate::cli::record_text::row;
use crate::cli::sample::Sample;
use anstyle::{AnsiColor, Style};
use http::StatusCode;
use std::fmt::Write as _;
use std::time::Duration;

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// As much of an id as distinguishes it from the others on the screen.
const SHORT_ID: usize = 12;

/// The first line: the program, its version, and what it starts.
pub(super) fn heading(version: &str) -> String {
    format!(
        "{TITLE}hookbridge {version}{TITLE:#}: an embedded Kafka broker, the bridge before it, sample posts\n"
    )
}

/// The head of a block.
pub(super) fn title(text: &str) -> String {
    format!("\n{TITLE}{text}{TITLE:#}\n")
}

/// What was posted.
pub(super) fn posted(sample: &Sample) -> String {
    row("post", &format!("{} bytes", sample.body.len()))
}

/// The status and the time of an answer; of an accepted post, the beginning of its id too.
pub(super) fn answer(answer: &Answer, id: Option<&str>) -> String {
    // The whole id is a header of the record.
    let id = id.map(|id| format!(", id {}…", id.get(..SHORT_ID).unwrap_or(id)));
    let (status, took) = (coloured(answer.status), millis(answer.took));
    row("answer", &format!("{status} in {took}{}", id.unwrap_or_default()))
}

/// An error, in place of what should have come.
pub(super) fn error(text: &str) -> String {
    row("fault", &format!("{BAD}{}{BAD:#}", printable(text.as_bytes())))
}

/// All samples at a glance: a line each, and how many arrived.
pub(super) fn summary(outcomes: &[SampleOutcome]) -> String {
    let mut text = "\n".to_owned();
    for SampleOutcome { sample, answered, result } in outcomes {
        let answer = match answered {
            Some(Answered { status, took }) => {
                format!("{} in {:>8}", coloured(*status), millis(*took))
            }
            None => format!("{BAD}no answer{BAD:#}"),
        };
        let arrival = match result {
            Ok(location) => {
                let (partition, offset) = (location.partition, location.offset);
                format!("partition {partition}, offset {offset}, {GOOD}as sent{GOOD:#}")
            }
            Err(error) => format!("{BAD}{}{BAD:#}", printable(error.to_string().as_bytes())),
        };
        let (name, bytes) = (sample.name, sample.body.len());
        writeln!(text, "{name:<13}  {bytes} bytes -> {answer} -> {arrival}")
            .expect("a String takes all text");
    }
    let arrived = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    let all = outcomes.len();
    let style = if arrived == all { GOOD } else { BAD };
    text + &format!("{style}{arrived} of {all} arrived as sent{style:#}\n")
}

fn coloured(status: StatusCode) -> String {
    let style = if status == StatusCode::OK { GOOD } else { BAD };
    format!("{style}{}{style:#}", status.as_u16())
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::dev::sample_outcome::{RecordLocation, SampleError};
    use crate::cli::sample::SAMPLES;
    use anstream::adapter::strip_str;

    fn plain(text: &str) -> String {
        strip_str(text).to_string()
    }

    #[test]
    fn the_summary_counts_arrivals_and_says_why_others_failed() {
        let answered = Some(Answered { status: StatusCode::OK, took: Duration::from_micros(1234) });
        let outcome = |sample, result| SampleOutcome { sample, answered, result };
        let [one, two, ..] = &SAMPLES;
        let arrived = outcome(one, Ok(RecordLocation { partition: 3, offset: 0 }));
        let lost = outcome(two, Err(SampleError::Missing(Duration::from_secs(10))));
        let lines = [
            "",
            "roomdrop       178 bytes -> 200 in   1.2 ms -> partition 3, offset 0, as sent",
            "recording      390 bytes -> 200 in   1.2 ms -> no record within 10s",
            "1 of 2 arrived as sent",
        ];
        let shown = plain(&summary(&[arrived, lost]));
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }
}
