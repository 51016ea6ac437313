//! The exposition of a bridge that has done nothing yet.

use super::*;

#[test]
fn every_series_is_at_zero_from_the_start() {
    let build = Build { version: "1.2.3", commit: "abc", librdkafka: "2.12.1".to_owned() };
    let metrics = Metrics::new(&build, Counter::default());
    let text = metrics.exposition(Format::OpenMetrics).unwrap();
    for outcome in Outcome::ALL {
        let line = format!("hookbridge_outcomes_total{{outcome=\"{}\"}} 0\n", outcome.as_str());
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    for event in EventKind::ALL.iter().map(|e| e.as_str()) {
        assert!(text.contains(&format!("hookbridge_accepted_total{{type=\"{event}\"}} 0\n")));
        let last = format!("hookbridge_last_accepted_timestamp_seconds{{type=\"{event}\"}} 0.0\n");
        assert!(text.contains(&last), "{last} is not in\n{text}");
    }
    for line in [
        "hookbridge_received_total 0\n",
        "hookbridge_long_passwords_total 0\n",
        "hookbridge_answer_seconds_count 0\n",
        "hookbridge_ack_seconds_count 0\n",
        "hookbridge_connections 0\n",
        "hookbridge_in_flight 0\n",
        "hookbridge_in_flight_bytes 0\n",
        "hookbridge_kafka_up 0\n",
        "hookbridge_log_lines_dropped_total 0\n",
        "hookbridge_build_info{version=\"1.2.3\",commit=\"abc\",librdkafka=\"2.12.1\"} 1\n",
        "\nprocess_resident_memory_bytes ",
        "\nprocess_open_fds ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
