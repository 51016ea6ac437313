//! The way of the samples: posted, answered, read back, one after the other, a line each as it happens.
//!
//! Promise: each wait ends within [`TIMEOUT`] and says so when it was in vain; a sample that
//! fails does not keep the next from being tried.

use crate::bridge::Addresses;
use crate::cli::dev::DevError;
use crate::cli::dev::consumer::{ConsumedRecord, Consumer};
use crate::cli::dev::next_steps::reachable;
use crate::cli::dev::page;
use crate::cli::dev::painter::Painter;
use crate::cli::dev::sample_outcome::{self, Answered, RecordLocation, SampleError, SampleOutcome};
use crate::cli::http_client::{Answer, HttpClient, HttpError};
use crate::cli::sample::{SAMPLES, Sample};
use crate::delivery::record::header_name::HeaderName;
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Everything is on this machine and takes milliseconds; a busy one may need a hundred times that.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two questions whether the bridge is ready.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Who goes where.
pub(super) struct SamplesRun<'a> {
    pub(super) addresses: Addresses,
    /// `--path`
    pub(super) path: &'a str,
    pub(super) authorization: HeaderValue,
    pub(super) consumer: &'a Consumer,
    pub(super) screen: &'a mut Painter,
    /// The first record that was found.
    pub(super) example: Option<ConsumedRecord>,
}

impl SamplesRun<'_> {
    /// Takes all samples along, and says where they are. An error unless all arrived as sent, and
    /// nothing else, on a topic that nobody else writes to.
    pub(super) async fn run(mut self) -> Result<Vec<RecordLocation>, DevError> {
        self.wait_until_ready().await?;
        let mut client = HttpClient::connect(reachable(self.addresses.webhook)).await?;
        let mut outcomes = Vec::with_capacity(SAMPLES.len());
        for sample in &SAMPLES {
            let outcome = self.take(sample, &mut client).await;
            self.screen.print(&page::sample(&outcome));
            outcomes.push(outcome);
        }
        self.screen.print(&page::total(&outcomes));
        let count = self.consumer.count().await.map_err(DevError::Consumer)?;
        if let Some(record) = &self.example {
            self.screen.print(&page::example(&record.view()));
        }
        let errors: Vec<String> = outcomes.iter().filter_map(SampleOutcome::error).collect();
        if !errors.is_empty() {
            return Err(DevError::Samples(errors.join("; ")));
        }
        if let Some(count) = count.filter(|count| *count != outcomes.len()) {
            return Err(DevError::Extra { count, posted: outcomes.len() });
        }
        Ok(outcomes.into_iter().filter_map(|outcome| outcome.result.ok()).collect())
    }

    async fn wait_until_ready(&self) -> Result<(), DevError> {
        let mut said = Bytes::new();
        let asked = timeout(TIMEOUT, ask_until_ready(self.addresses, &mut said)).await;
        let said = || String::from_utf8_lossy(&said).into_owned();
        Ok(asked.map_err(|_| DevError::NotReady { waited: TIMEOUT, said: said() })??)
    }

    async fn take(&mut self, sample: &'static Sample, client: &mut HttpClient) -> SampleOutcome {
        let body = Bytes::from_static(sample.body);
        match client.post(self.path, self.authorization.clone(), body).await {
            Ok(answer) => SampleOutcome {
                sample,
                answered: Some(Answered { status: answer.status, took: answer.took }),
                result: self.follow(sample, &answer).await,
            },
            Err(error) => SampleOutcome {
                sample,
                answered: None,
                result: Err(SampleError::Unanswered(error)),
            },
        }
    }

    /// From the answer to the record.
    async fn follow(
        &mut self,
        sample: &Sample,
        answer: &Answer,
    ) -> Result<RecordLocation, SampleError> {
        let id = sample_outcome::accepted(answer)?;
        let found = timeout(TIMEOUT, self.find(&id)).await;
        let record = found.map_err(|_| SampleError::Missing(TIMEOUT))?;
        let location = sample_outcome::compare(sample, &record);
        self.example.get_or_insert(record);
        location
    }

    /// Passes over the records of others.
    async fn find(&self, id: &str) -> ConsumedRecord {
        loop {
            let record = self.consumer.next().await;
            if record.header(HeaderName::Id.as_str()) == Some(id.as_bytes()) {
                return record;
            }
        }
    }
}

/// Leaves what was said last in `said`.
async fn ask_until_ready(addresses: Addresses, said: &mut Bytes) -> Result<(), HttpError> {
    let mut client = HttpClient::connect(reachable(addresses.admin)).await?;
    loop {
        let answer = client.get("/readyz").await?;
        if answer.status == StatusCode::OK {
            return Ok(());
        }
        *said = answer.body;
        sleep(ASK_AGAIN).await;
    }
}
