//! librdkafka's mock cluster: a broker or more inside the test, down and up at a word, with errors on
//! order.
//!
//! Starts in a millisecond. It checks no sequence numbers and has no admin requests: order, loss
//! and rights are tested on the real broker.

use crate::bridge::launch::Launch;
use crate::children;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

type Cluster = MockCluster<'static, DefaultProducerContext>;
type Call = Box<dyn FnOnce(&Cluster) + Send>;

/// All brokers, in the words of the mock.
const ALL: i32 = -1;

/// The broker. The cluster is a raw pointer inside, so it lives on a thread of its own and is
/// called there.
pub struct MockKafka {
    bootstrap: String,
    calls: Option<Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

impl MockKafka {
    /// With one broker.
    pub fn start() -> Self {
        Self::of(1)
    }

    /// With this many brokers, which lead the partitions of a topic in turn.
    pub fn of(brokers: i32) -> Self {
        let (calls, receiver) = mpsc::channel::<Call>();
        let (address, bootstrap) = mpsc::channel();
        let thread = thread::spawn(move || {
            let cluster = MockCluster::new(brokers).unwrap();
            address.send(cluster.bootstrap_servers()).unwrap();
            for call in receiver {
                call(&cluster);
            }
        });
        let bootstrap = bootstrap.recv().expect("the mock starts");
        Self { bootstrap, calls: Some(calls), thread: Some(thread) }
    }

    /// For `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        self.bootstrap.clone()
    }

    /// Makes a topic with this many partitions.
    pub fn create_topic(&self, name: &str, partitions: i32) {
        let name = name.to_owned();
        self.call(move |cluster| cluster.create_topic(&name, partitions, 1).unwrap());
    }

    /// What a bridge in front of a mock is given where loss and order matter. A mock does not name its
    /// topics' limits, and the bridge waits a second for the answer unless it is given one; it checks
    /// no sequence numbers, so that with more in flight it loses what it acked.
    pub fn flags(serve: Launch) -> Launch {
        serve.arg("-X", "message.max.bytes=1000000").arg("-X", "max.in.flight=1")
    }

    /// Closes all connections and takes no new ones.
    pub fn broker_down(&self) {
        children::without_starts(|| self.call(|cluster| cluster.broker_down(ALL).unwrap()));
    }

    /// The same of one broker, by its number from 1. It still leads its partitions.
    pub fn one_down(&self, broker: i32) {
        children::without_starts(|| self.call(move |cluster| cluster.broker_down(broker).unwrap()));
    }

    /// All of them, or again.
    pub fn broker_up(&self) {
        self.call(|cluster| cluster.broker_up(ALL).unwrap());
    }

    /// The next requests of this kind are answered with these codes, one each, from whichever
    /// client they come.
    pub fn request_errors(&self, request: RDKafkaApiKey, codes: &[RDKafkaRespErr]) {
        let codes = codes.to_owned();
        self.call(move |cluster| cluster.request_errors(request, &codes));
    }

    /// Ends what [`MockKafka::request_errors`] began.
    pub fn clear_request_errors(&self, request: RDKafkaApiKey) {
        self.call(move |cluster| cluster.clear_request_errors(request));
    }

    /// Every answer comes this much later.
    pub fn round_trip_time(&self, time: Duration) {
        self.call(move |cluster| cluster.broker_round_trip_time(ALL, time).unwrap());
    }

    /// Returns when it is done, so that a test may go on with what follows from it.
    fn call(&self, call: impl FnOnce(&Cluster) + Send + 'static) {
        let (done, wait) = mpsc::channel();
        let call = Box::new(move |cluster: &Cluster| {
            call(cluster);
            done.send(()).unwrap();
        });
        self.calls.as_ref().unwrap().send(call).expect("the mock's thread runs");
        wait.recv().expect("the call did not panic");
    }
}

impl Drop for MockKafka {
    fn drop(&mut self) {
        self.calls = None; // ends the thread's loop
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the mock's thread panicked");
    }
}
