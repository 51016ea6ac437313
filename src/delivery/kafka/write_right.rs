//! Whether the brokers let this client write to a topic, by their own word.
//!
//! Promise: what they do not say is not held against them. Brokers say it since Kafka 2.3, to
//! whoever may describe the topic. `DescribeTopics` is offered by librdkafka through C alone; every
//! value that it gives is dropped here.
#![allow(unsafe_code, reason = "librdkafka offers DescribeTopics through C alone")]

use rdkafka::ClientConfig;
use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext};
use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;
use std::{ptr, slice};

/// How much longer than the request the answer of the client itself may take.
const MARGIN: Duration = Duration::from_millis(200);

/// What the brokers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteRight {
    Held,
    Missing,
    /// They do not say, or did not answer.
    Unknown,
}

impl WriteRight {
    /// Asks, and blocks for a little more than `timeout` at most.
    pub(super) fn ask<C: ClientContext>(
        client: &Client<C>,
        topic: &str,
        timeout: Duration,
    ) -> Self {
        let (Ok(name), Ok(request)) = (CString::new(topic), millis(timeout)) else {
            return Self::Unknown;
        };
        let Ok(answer) = millis(timeout + MARGIN) else { return Self::Unknown };
        let rk = client.native_ptr();
        let mut names = [name.as_ptr()];
        // SAFETY: the client is live for the whole call, and the C calls below take it from any
        // thread. Each of the four values that are made is dropped once, behind its last use.
        unsafe {
            let options = c::rd_kafka_AdminOptions_new(rk, DESCRIBE_TOPICS);
            c::rd_kafka_AdminOptions_set_request_timeout(options, request, ptr::null_mut(), 0);
            let error = c::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
            let mut right = Self::Unknown;
            if error.is_null() {
                let queue = c::rd_kafka_queue_new(rk);
                // The names are copied.
                let topics = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), 1);
                c::rd_kafka_DescribeTopics(rk, topics, options, queue);
                c::rd_kafka_TopicCollection_destroy(topics);
                let event = c::rd_kafka_queue_poll(queue, answer);
                if !event.is_null() {
                    right = Self::read(event);
                    c::rd_kafka_event_destroy(event);
                }
                // An answer that comes later is dropped by librdkafka.
                c::rd_kafka_queue_destroy(queue);
            } else {
                c::rd_kafka_error_destroy(error);
            }
            c::rd_kafka_AdminOptions_destroy(options);
            right
        }
    }

    /// Reads the answer.
    ///
    /// # Safety
    ///
    /// `event` is live until this returns.
    unsafe fn read(event: *mut c::rd_kafka_event_t) -> Self {
        let (mut topics, mut operations) = (0, 0);
        // SAFETY: the event is live; of another kind of event the result is null. What is read is
        // the event's own, in arrays as long as librdkafka says.
        let operations = unsafe {
            let result = c::rd_kafka_event_DescribeTopics_result(event);
            if result.is_null() {
                return Self::Unknown;
            }
            let described = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut topics);
            if described.is_null() || topics == 0 {
                return Self::Unknown;
            }
            let list =
                c::rd_kafka_TopicDescription_authorized_operations(*described, &raw mut operations);
            if list.is_null() {
                return Self::Unknown;
            }
            slice::from_raw_parts(list.cast::<u32>(), operations)
        };
        let holds =
            |operation: c::rd_kafka_AclOperation_t| operations.contains(&(operation as u32));
        match (holds(WRITE) || holds(ALL), holds(DESCRIBE)) {
            (true, _) => Self::Held,
            (false, true) => Self::Missing,
            // It was described, so this is no answer.
            (false, false) => Self::Unknown,
        }
    }
}

const DESCRIBE_TOPICS: c::rd_kafka_admin_op_t =
    c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
const WRITE: c::rd_kafka_AclOperation_t = c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE;
const ALL: c::rd_kafka_AclOperation_t = c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_ALL;
const DESCRIBE: c::rd_kafka_AclOperation_t =
    c::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_DESCRIBE;

/// What gives a right to whoever the client logs in as, in the words of Kafka's own command.
#[derive(Debug)]
pub(super) struct Advice {
    brokers: String,
    user: String,
    topic: Arc<str>,
}

impl Advice {
    /// For who logs in with these properties. The name that a certificate gives is not known here.
    pub(super) fn new(config: &ClientConfig, topic: Arc<str>) -> Self {
        let property = |name| config.get(name).unwrap_or_default();
        let is_anonymous = matches!(property("security.protocol"), "" | "plaintext" | "PLAINTEXT");
        let user = match property("sasl.username") {
            "" if is_anonymous => "ANONYMOUS",
            "" => "NAME",
            user => user,
        };
        Self { brokers: property("bootstrap.servers").to_owned(), user: user.to_owned(), topic }
    }

    /// Where the topic is shown and may not be written to.
    pub(super) fn to_write(&self) -> String {
        let command = self.command("--operation Write");
        format!("no right to write to the topic, which this gives: {command}")
    }

    /// Where brokers do not even say whether there is such a topic.
    pub(super) fn to_see(&self) -> String {
        let command = self.command("--operation Write --operation Describe");
        format!(
            "no right to see the topic (Describe), nor to write to it, which this gives: {command}"
        )
    }

    fn command(&self, operations: &str) -> String {
        let Self { brokers, user, topic } = self;
        format!(
            "kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal User:{user} \
             {operations} --topic {topic}"
        )
    }
}

fn millis(time: Duration) -> Result<i32, std::num::TryFromIntError> {
    time.as_millis().try_into()
}
