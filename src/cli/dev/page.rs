//! What is shown, as text with colours in it; the screen takes them out where they do not belong.
//!
//! Promise: a value is shown as it was posted, line by line; what could steer a terminal is
//! escaped. It is for eyes: nothing should parse it.

use crate::cli::dev::consumer::ConsumedRecord;
use crate::cli::dev::sample_outcome::{Answered, SampleOutcome};
use crate::cli::http_client::Answer;
use crate::cli::printable::printable;
use crate::cli::sample::Sample;
use crate::timestamp::Timestamp;
use anstyle::{AnsiColor, Style};
use http::StatusCode;
use std::fmt::Write as _;
use std::time::Duration;

const TITLE: Style = Style::new().bold();
const LABEL: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// What a further line of a labelled text begins with, as wide as a label. A `ce_id` header behind
/// it ends at column 80.
const INDENT: &str = "         ";
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

/// A record as a consumer sees it.
pub(super) fn record(record: &ConsumedRecord) -> String {
    let ConsumedRecord { topic, partition, offset, timestamp, key, headers, value } = record;
    let time =
        timestamp.map(|time| format!(", {}", Timestamp::of_unix_millis(time))).unwrap_or_default();
    let place = format!("{topic}, partition {partition}, offset {offset}{time}");
    let key = key.as_deref().map_or_else(|| "none".to_owned(), printable);
    let header = |(name, value): &(String, Vec<u8>)| {
        format!("{LABEL}{}:{LABEL:#} {}", printable(name.as_bytes()), printable(value))
    };
    let headers: Vec<String> = headers.iter().map(header).collect();
    [
        row("record", &place),
        row("key", &key),
        if headers.is_empty() { String::new() } else { row("header", &headers.join("\n")) },
        row("value", &printable(value)),
    ]
    .concat()
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

/// A labelled text; further lines go under the first.
pub(super) fn row(label: &str, text: &str) -> String {
    let text = text.trim_end().replace('\n', &format!("\n{INDENT}"));
    format!("  {LABEL}{label:<6}{LABEL:#} {text}\n")
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
    fn a_record_shows_its_value_line_by_line_under_its_label() {
        let shown = record(&ConsumedRecord {
            topic: "t".to_owned(),
            partition: 3,
            offset: 7,
            timestamp: Some(1_688_374_123_456),
            key: Some(b"app".to_vec()),
            headers: vec![("ce_id".into(), vec![b'f'; 64]), ("ce_type".into(), b"x".to_vec())],
            value: b"{\n  \"a\": 1\n}\n".to_vec(),
        });
        let id = "f".repeat(64);
        let lines = [
            "  record t, partition 3, offset 7, 2023-07-03T08:48:43.456Z",
            "  key    app",
            &format!("  header ce_id: {id}"),
            "         ce_type: x",
            "  value  {",
            "           \"a\": 1",
            "         }",
        ];
        let shown = plain(&shown);
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
        assert!(shown.lines().all(|line| line.len() <= 80));
    }

    #[test]
    fn a_record_of_another_producer_may_lack_key_and_headers() {
        let shown = plain(&record(&ConsumedRecord { value: b"x".to_vec(), ..Default::default() }));
        let lines = ["  record , partition 0, offset 0", "  key    none", "  value  x"];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
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
