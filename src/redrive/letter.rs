//! A dead letter as it was read.
//!
//! Promise: what a bridge has written to it is written again, whether it becomes a notification or
//! stays a dead letter: its bytes, its id, its user, its time of receipt. Headers that this version does
//! not know are not: a record has those of [`HeaderName`] alone.

use crate::delivery::kafka::group_reader::read_record::ReadRecord;
use crate::delivery::record::header_name::HeaderName;
use crate::delivery::record::{Event, Record};
use crate::redrive::RedriveOptions;
use crate::timestamp::Timestamp;
use crate::webhook::notification::Notification;
use crate::webhook::notification::contract::Contract;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// See the module.
#[derive(Debug)]
pub(super) struct Letter {
    record: ReadRecord,
    received: Timestamp,
}

/// What the rules say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is a notification.
    Passes,
    /// It is none.
    Fails,
}

impl Letter {
    /// The record as a dead letter, if a bridge has written it.
    pub(super) fn of(record: ReadRecord) -> Option<Self> {
        let (_, _) = (record.header(HeaderName::Code)?, record.header(HeaderName::Id)?);
        let said = record.header(HeaderName::Received).and_then(Timestamp::parse);
        let received = said.or(record.timestamp.map(Timestamp::of_unix_millis))?;
        Some(Self { record, received })
    }

    /// Why it is one.
    pub(super) fn code(&self) -> &str {
        self.record.header(HeaderName::Code).unwrap_or_default()
    }

    /// Its project; empty where none can be told.
    pub(super) fn app_id(&self) -> &str {
        &self.record.key
    }

    pub(super) fn received(&self) -> Timestamp {
        self.received
    }

    /// How often it was looked at and left.
    pub(super) fn rounds(&self) -> u32 {
        let said = self.record.header(HeaderName::Rounds);
        said.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// What the rules say of it. One that was written under a key passes under this key alone: whoever
    /// posted it may not speak for another.
    pub(super) fn judge(&self, contract: Contract) -> Verdict {
        match Notification::parse(&self.record.value, contract) {
            Ok(notification) => {
                let key = self.app_id();
                let is_its = key.is_empty() || key == notification.app_id().as_str();
                if is_its { Verdict::Passes } else { Verdict::Fails }
            }
            Err(_) => Verdict::Fails,
        }
    }

    /// The record of the notification, if it is one.
    pub(super) fn redriven(&self, options: &RedriveOptions) -> Option<Record> {
        let value = &self.record.value;
        let notification = Notification::parse(value, options.contract).ok()?;
        let time = notification.time();
        let header = |name| self.record.header(name);
        let event = Event {
            app_id: notification.app_id().as_str(),
            event_type: notification.type_name(),
            source: header(HeaderName::Source).unwrap_or_default(),
            subject: notification.subject(),
            time: time.as_ref().map(|time| time as &dyn fmt::Display),
            trace_parent: header(HeaderName::TraceParent),
            trace_state: header(HeaderName::TraceState),
            user: header(HeaderName::User),
        };
        let (topic, id) = (options.topic.clone(), header(HeaderName::Id)?);
        Some(Record::redriven(topic, event, value.clone(), self.received_at(), id))
    }

    /// The same dead letter, after this many rounds.
    pub(super) fn again(&self, topic: Arc<str>, rounds: u32) -> Record {
        let counted = (rounds > 0).then(|| rounds.to_string());
        let kept = self.record.headers.iter().filter(|(name, _)| *name != HeaderName::Rounds);
        let kept = kept.map(|(name, value)| (*name, &**value));
        let headers = kept.chain(counted.as_deref().map(|rounds| (HeaderName::Rounds, rounds)));
        let (key, value) = (&self.record.key, self.record.value.clone());
        Record::restored(topic, key, headers, value, self.received_at())
    }

    fn received_at(&self) -> SystemTime {
        let millis = u64::try_from(self.received.unix_millis()).unwrap_or(0);
        UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
    }
}
