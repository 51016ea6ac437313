//! Kafka's access control lists, in the protocol's own words: librdkafka offers them through C alone,
//! and Kafka's command for them is in none of the jars that its broker needs.

use crate::kafka::RealKafka;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Of a node that answers within milliseconds.
const ANSWER: Duration = Duration::from_secs(20);

/// `CreateAcls` and `DeleteAcls`.
const CREATE: i16 = 30;
const DELETE: i16 = 31;
/// Of both: the first with a kind of pattern, the last without tagged fields.
const VERSION: i16 = 1;

const TOPIC: u8 = 2;
const CLUSTER: u8 = 4;
/// The only name that there is of a cluster.
const KAFKA_CLUSTER: &str = "kafka-cluster";
const LITERAL: u8 = 3;
const ALLOW: u8 = 3;

/// What somebody may do with a topic, or with the cluster.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    /// Fetch from it.
    Read = 3,
    /// Produce to it.
    Write = 4,
    /// See its partitions.
    Describe = 8,
    /// See its settings.
    DescribeConfigs = 10,
    /// Of the cluster: produce so that nothing is repeated.
    IdempotentWrite = 12,
}

impl Operation {
    fn resource(self, topic: &str) -> (u8, &str) {
        match self {
            Self::Read | Self::Write | Self::Describe | Self::DescribeConfigs => (TOPIC, topic),
            Self::IdempotentWrite => (CLUSTER, KAFKA_CLUSTER),
        }
    }
}

impl RealKafka {
    /// A node whose first listener is the operator's, who may do all, and that lets nobody else do
    /// anything that was not allowed.
    pub const GUARDED: [(&str, &str); 2] = [
        ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
        ("super.users", "User:ANONYMOUS"),
    ];

    /// Lets `user` do this with a topic.
    pub fn allow(&self, user: &str, operation: Operation, topic: &str) {
        // Behind throttle time and count comes the code of the first entry.
        let answer = self.change_acls(CREATE, user, operation, topic);
        assert_eq!(answer[8..10], [0, 0], "{answer:?}");
    }

    /// Takes that back.
    pub fn forbid(&self, user: &str, operation: Operation, topic: &str) {
        let answer = self.change_acls(DELETE, user, operation, topic);
        assert_eq!(answer[8..10], [0, 0], "{answer:?}");
    }

    /// One entry, which is the same for both but for the name of its fields.
    fn change_acls(&self, key: i16, user: &str, operation: Operation, topic: &str) -> Vec<u8> {
        let mut request = Vec::new();
        for part in [key, VERSION] {
            request.extend(part.to_be_bytes());
        }
        request.extend(1_i32.to_be_bytes()); // the number of the request
        text(&mut request, "test");
        request.extend(1_i32.to_be_bytes()); // one entry
        let (kind, name) = operation.resource(topic);
        request.push(kind);
        text(&mut request, name);
        request.push(LITERAL);
        text(&mut request, &format!("User:{user}"));
        text(&mut request, "*");
        request.extend([operation as u8, ALLOW]);

        let mut node = TcpStream::connect(self.bootstrap()).unwrap();
        node.set_read_timeout(Some(ANSWER)).unwrap();
        node.write_all(&u32::try_from(request.len()).unwrap().to_be_bytes()).unwrap();
        node.write_all(&request).unwrap();
        let mut length = [0; 4];
        node.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
        node.read_exact(&mut answer).unwrap();
        answer.split_off(4)
    }
}

fn text(request: &mut Vec<u8>, text: &str) {
    request.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    request.extend(text.as_bytes());
}
