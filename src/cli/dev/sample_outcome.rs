//! What became of a sample: posted, answered, read back, compared.
//!
//! Promise: "as sent" is said only of a record whose value is the posted bytes, whose key is the
//! sample's app_id and whose `ce_id` is the answered one. Plain values: it waits for nothing.

use crate::cli::dev::consumer::ConsumedRecord;
use crate::cli::http_client::{Answer, HttpError};
use crate::cli::sample::{APP_ID, Sample};
use crate::error_chain::error_chain;
use http::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// One sample's way.
pub(super) struct SampleOutcome {
    pub(super) sample: &'static Sample,
    /// The answer, if one came.
    pub(super) answered: Option<Answered>,
    /// Where the record is that arrived as sent.
    pub(super) result: Result<RecordLocation, SampleError>,
}

impl SampleOutcome {
    /// Which sample did not arrive as sent, and why.
    pub(super) fn error(&self) -> Option<String> {
        self.result.as_ref().err().map(|error| format!("{}: {error}", self.sample.name))
    }
}

/// An answer, in short.
#[derive(Clone, Copy)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) took: Duration,
}

/// A place on the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordLocation {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// Why a sample did not arrive as sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum SampleError {
    /// No answer came.
    #[error("{}", error_chain(.0))]
    Unanswered(HttpError),
    /// Another answer than the one 200: what it says.
    #[error("refused: {0}")]
    Refused(String),
    /// Its record did not come in time.
    #[error("no record within {}", humantime::format_duration(*.0))]
    Missing(Duration),
    /// The value is not what was posted.
    #[error("its value is not the posted bytes")]
    Value,
    /// The key is not the app_id.
    #[error("its key is not the app_id")]
    Key,
}

/// The body of the 200.
#[derive(Deserialize)]
struct AcceptedAnswer {
    id: String,
}

/// What is read of a refusal (RFC 9457).
#[derive(Deserialize)]
struct ProblemDetail {
    detail: String,
}

/// The id of an accepted post.
pub(super) fn accepted(answer: &Answer) -> Result<String, SampleError> {
    let refused = |detail: &str| SampleError::Refused(detail.to_owned());
    if answer.status == StatusCode::OK {
        let accepted: Result<AcceptedAnswer, _> = serde_json::from_slice(&answer.body);
        return accepted.map(|it| it.id).map_err(|_| refused("an answer without an id"));
    }
    let problem: Result<ProblemDetail, _> = serde_json::from_slice(&answer.body);
    Err(problem.map_or_else(|_| refused("without a reason"), |it| refused(&it.detail)))
}

/// Holds the record against its post.
pub(super) fn compare(
    sample: &Sample,
    record: &ConsumedRecord,
) -> Result<RecordLocation, SampleError> {
    if record.value != sample.body {
        return Err(SampleError::Value);
    }
    if record.key.as_deref() != Some(APP_ID.as_bytes()) {
        return Err(SampleError::Key);
    }
    Ok(RecordLocation { partition: record.partition, offset: record.offset })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample::SAMPLES;
    use bytes::Bytes;

    fn answer(status: StatusCode, body: &'static str) -> Answer {
        Answer { status, body: Bytes::from_static(body.as_bytes()), took: Duration::ZERO }
    }

    fn record(key: &str, value: &[u8]) -> ConsumedRecord {
        let (key, value) = (Some(key.into()), value.to_vec());
        ConsumedRecord { partition: 3, offset: 7, key, value, ..ConsumedRecord::default() }
    }

    #[test]
    fn only_a_200_with_an_id_is_accepted() {
        let good = answer(StatusCode::OK, r#"{"status":"accepted","id":"ab"}"#);
        assert_eq!(accepted(&good).unwrap(), "ab");
        let away = r#"{"code":"unavailable","detail":"kafka is away"}"#;
        for (status, body, said) in [
            (StatusCode::OK, "{}", "refused: an answer without an id"),
            (StatusCode::ACCEPTED, r#"{"id":"ab"}"#, "refused: without a reason"),
            (StatusCode::SERVICE_UNAVAILABLE, away, "refused: kafka is away"),
        ] {
            assert_eq!(accepted(&answer(status, body)).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn a_record_is_as_sent_when_value_and_key_are() {
        let sample = &SAMPLES[0];
        let place = compare(sample, &record(APP_ID, sample.body)).unwrap();
        assert_eq!(place, RecordLocation { partition: 3, offset: 7 });
        let longer = [sample.body, b" "].concat();
        assert!(matches!(compare(sample, &record(APP_ID, &longer)), Err(SampleError::Value)));
        assert!(matches!(compare(sample, &record("other", sample.body)), Err(SampleError::Key)));
        let keyless = ConsumedRecord { key: None, ..record("", sample.body) };
        assert!(matches!(compare(sample, &keyless), Err(SampleError::Key)));
    }
}
