//! What is shown, as text with colours in it; the screen takes them out where they do not belong.
//!
//! Promise: what could steer a terminal is escaped. It is for eyes: nothing should parse it.

use crate::cli::dev::broker::Broker;
use crate::cli::dev::post_line::cut;
use crate::cli::dev::sample_outcome::{Answered, SampleOutcome};
use crate::cli::printable::printable_line;
use crate::cli::record_text;
use crate::delivery::kafka::topic_record::TopicRecord;
use anstyle::{AnsiColor, Style};
use http::StatusCode;
use std::time::Duration;

const TITLE: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DIMMED: Style = Style::new().dimmed();

/// Columns of a terminal.
const WIDTH: usize = 80;
/// A key is an app_id, of 24 characters as the provider makes them.
const MOST_OF_A_KEY: usize = 24;

/// The first line: the program, its version, and what it starts.
pub(super) fn heading(version: &str, broker: &Broker, topic: &str) -> String {
    let starts = match broker {
        Broker::Embedded(_) => {
            "an embedded Kafka broker, the bridge before it, sample posts".to_owned()
        }
        Broker::Given(brokers) => {
            format!("the bridge before {brokers}, sample posts to its topic {topic}")
        }
    };
    format!("{TITLE}hookbridge {version}{TITLE:#}: {starts}\n\n")
}

/// The last line.
pub(super) fn farewell(broker: &Broker, topic: &str) -> String {
    match broker {
        Broker::Embedded(_) => "\nEnded; nothing of it is left.\n".to_owned(),
        Broker::Given(_) => format!("\nEnded; its records stay on {topic}.\n"),
    }
}

/// The head of a block.
pub(super) fn title(text: &str) -> String {
    format!("\n{TITLE}{text}{TITLE:#}\n")
}

/// A sample at a glance.
pub(super) fn sample(outcome: &SampleOutcome) -> String {
    let SampleOutcome { sample, answered, result } = outcome;
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
        Err(error) => format!("{BAD}{}{BAD:#}", printable_line(&error.to_string())),
    };
    let (name, bytes) = (sample.name, sample.body.len());
    format!("{name:<13}  {bytes} bytes -> {answer} -> {arrival}\n")
}

/// How many arrived.
pub(super) fn total(outcomes: &[SampleOutcome]) -> String {
    let arrived = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    let all = outcomes.len();
    let style = if arrived == all { GOOD } else { BAD };
    format!("{style}{arrived} of {all} arrived as sent{style:#}\n")
}

/// A record in a line, to be read below that of its post.
pub(super) fn record_line(record: &TopicRecord<'_>) -> String {
    let TopicRecord { partition, offset, key, value, .. } = record;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let key = cut(&key.map_or_else(|| "none".to_owned(), text), MOST_OF_A_KEY);
    let value = value.map_or_else(|| "null".to_owned(), text);
    // JSON means the same without its line breaks.
    let value: Vec<&str> = value.split_whitespace().collect();
    let place = format!("    record: partition {partition}, offset {offset}, key {key}, value ");
    let room = WIDTH.saturating_sub(place.chars().count() + 1);
    format!("{DIMMED}{place}{}{DIMMED:#}\n", cut(&value.join(" "), room))
}

/// A whole record, as an example of all.
pub(super) fn example(record: &TopicRecord<'_>) -> String {
    title("The record of the first, as a consumer sees it.") + &record_text::record(record)
}

/// Green is what was taken.
pub(super) fn coloured(status: StatusCode) -> String {
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
    fn each_sample_is_a_line_that_says_where_it_is_or_why_not() {
        let answered = Some(Answered { status: StatusCode::OK, took: Duration::from_micros(1234) });
        let outcome = |sample, result| SampleOutcome { sample, answered, result };
        let [one, two, ..] = &SAMPLES;
        let arrived = outcome(one, Ok(RecordLocation { partition: 3, offset: 0 }));
        let lost = outcome(two, Err(SampleError::Missing(Duration::from_secs(10))));
        let lines = [
            "roomdrop       178 bytes -> 200 in   1.2 ms -> partition 3, offset 0, as sent",
            "recording      390 bytes -> 200 in   1.2 ms -> no record within 10s",
            "1 of 2 arrived as sent",
        ];
        let shown = plain(&(sample(&arrived) + &sample(&lost) + &total(&[arrived, lost])));
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_record_below_its_post_is_one_line_of_a_terminal() {
        let value = "{\n  \"type\": \"roomdrop\",\n  \"trans_date\": \"1688374123\"\n}";
        let record = TopicRecord {
            partition: 2,
            key: Some(b"demo"),
            value: Some(value.as_bytes()),
            ..TopicRecord::default()
        };
        let shown = plain(&record_line(&record));
        let line = "    record: partition 2, offset 0, key demo, value { \"type\": \"roomdrop\", \"trans…\n";
        assert_eq!((shown.as_str(), shown.trim_end().chars().count()), (line, WIDTH));
    }
}
