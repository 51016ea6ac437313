//! Posts, each one of a kind, and the promise to those that got a 200.

use crate::disk::TOPIC;
use std::collections::{BTreeMap, HashMap};
use testkit::bridge::Bridge;
use testkit::consumer::{self, Seen};
use testkit::http::{Connection, Response, request};
use testkit::mock::MockKafka;
use testkit::notification::{APP_ID, PATH, numbered};

/// Posts come from this many projects in turn: a mock forgets what is over 5 MiB of a partition.
const PROJECTS: usize = 64;

/// All posts of a test.
pub(super) struct Posts {
    length: usize,
    /// In their order, with the status of their answers.
    answered: Vec<(String, u16)>,
}

impl Posts {
    /// Of at least this many bytes each.
    pub(super) fn of_length(length: usize) -> Self {
        Self { length, answered: Vec::new() }
    }

    /// One more post.
    #[track_caller]
    pub(super) fn post(&mut self, bridge: &Bridge) -> Response {
        self.post_at_once(bridge, 1).remove(0)
    }

    /// More posts, each on a connection of its own, all sent before the first answer is read.
    #[track_caller]
    pub(super) fn post_at_once(&mut self, bridge: &Bridge, count: usize) -> Vec<Response> {
        let first = self.answered.len();
        let send = |number| {
            let body = self.body(number);
            let mut connection = Connection::open(bridge.webhook());
            connection.send(request("POST", PATH, &[], &body));
            (body, connection)
        };
        let waiting: Vec<_> = (first..first + count).map(send).collect();
        let read = |(body, mut connection): (String, Connection)| {
            let answer = connection.read();
            self.answered.push((body, answer.status));
            answer
        };
        waiting.into_iter().map(read).collect()
    }

    /// How many were answered 200.
    pub(super) fn accepted(&self) -> usize {
        self.answered.iter().filter(|(_, status)| *status == 200).count()
    }

    /// Checks that each that got a 200 is on the topic, in the order in which they first came
    /// there, and that nothing is there that was not posted, to the byte. Gives how many are
    /// there without a 200.
    #[track_caller]
    pub(super) fn assert_on_topic(&self, kafka: &MockKafka) -> usize {
        let topic = consumer::to_end(&kafka.bootstrap(), TOPIC);
        let mut first = HashMap::<&[u8], i64>::new();
        for Seen { value, offset, .. } in &topic {
            first.entry(value).or_insert(*offset);
        }
        let mut places = BTreeMap::<usize, Vec<i64>>::new();
        let mut others = 0;
        for (number, (body, status)) in self.answered.iter().enumerate() {
            match (first.remove(body.as_bytes()), status) {
                (Some(place), 200) => places.entry(number % PROJECTS).or_default().push(place),
                (None, 200) => panic!("post {number} of {} is lost", self.answered.len()),
                (Some(_), _) => others += 1,
                (None, _) => {}
            }
        }
        assert!(first.is_empty(), "{} records were never posted: {first:?}", first.len());
        assert!(places.values().all(|places| places.is_sorted()), "out of order: {places:?}");
        others
    }

    fn body(&self, number: usize) -> String {
        let project = format!("project-{}", number % PROJECTS);
        let body = numbered(number).replace(APP_ID, &project);
        let padding = "x".repeat(self.length.saturating_sub(body.len()));
        body.replacen('{', &format!("{{\"padding\":\"{padding}\","), 1)
    }
}
