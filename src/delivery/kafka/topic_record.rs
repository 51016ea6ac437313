//! A record as a consumer sees it, whoever wrote it: nothing of it is certain.

use crate::timestamp::Timestamp;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

/// Borrowed from the client that read it.
#[derive(Debug, Clone, Default)]
pub struct TopicRecord<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Of its producer or its broker, as the topic is set.
    pub timestamp: Option<Timestamp>,
    /// None where it has none.
    pub key: Option<&'a [u8]>,
    /// In the order in which they are on the record. A name may come more than once.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    /// None of a tombstone.
    pub value: Option<&'a [u8]>,
}

impl<'a> TopicRecord<'a> {
    /// As the client has it.
    pub fn of(message: &'a BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|headers| {
            (0..headers.count()).map(|place| {
                let header = headers.get(place);
                (header.key, header.value)
            })
        });
        Self {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis().map(Timestamp::of_unix_millis),
            key: message.key(),
            headers: headers.collect(),
            value: message.payload(),
        }
    }

    /// The value of the first header of this name that has one.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|(found, _)| *found == name)?.1
    }
}
