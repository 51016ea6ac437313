//! What was posted, answered, stored and published, and whether the answers were kept.
//!
//! Promise: the first event that breaks a promise is the one that fails.

use crate::gate_model::Violation;
use std::collections::BTreeMap;

/// Posts are numbered as they come.
pub(super) type PostId = usize;

/// Few, so that most posts have a forerunner in some awkward state.
const KEYS: u8 = 3;

#[derive(Debug)]
struct ModelPost {
    key: usize,
    posted: u64,
    answer: ModelAnswer,
    /// How many rows of the spool hold it.
    rows: u32,
    on_topic: bool,
    quarantined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModelAnswer {
    None,
    Accepted { at: u64 },
    Refused,
}

/// The books of one world.
#[derive(Debug, Default)]
pub(super) struct PostLedger {
    posts: Vec<ModelPost>,
    /// Counts posts and answers, which gives them an order.
    clock: u64,
    /// Accepted posts that are not on the topic yet, by key and time of answer.
    owed: [BTreeMap<u64, PostId>; KEYS as usize],
    /// Earlier posts have no sender any more: a crash has cut it off.
    cut_off: PostId,
}

impl PostLedger {
    pub(super) fn open(&mut self, rng: &mut fastrand::Rng) -> PostId {
        self.clock += 1;
        self.posts.push(ModelPost {
            key: rng.u8(..KEYS).into(),
            posted: self.clock,
            answer: ModelAnswer::None,
            rows: 0,
            on_topic: false,
            quarantined: false,
        });
        self.posts.len() - 1
    }

    /// A 200 is sent, if the sender is still there and was not answered before.
    pub(super) fn accept(&mut self, id: PostId) -> Result<(), Violation> {
        let post = &mut self.posts[id];
        if post.answer != ModelAnswer::None || id < self.cut_off {
            return Ok(());
        }
        if !post.on_topic && post.rows == 0 && !post.quarantined {
            return Err(Violation::Lost { post: id });
        }
        self.clock += 1;
        post.answer = ModelAnswer::Accepted { at: self.clock };
        if !post.on_topic && !post.quarantined {
            self.owed[post.key].insert(self.clock, id);
        }
        Ok(())
    }

    /// A 503 is sent, likewise.
    pub(super) fn refuse(&mut self, id: PostId) {
        let post = &mut self.posts[id];
        if post.answer == ModelAnswer::None {
            post.answer = ModelAnswer::Refused;
        }
    }

    /// Nobody who waits will be answered.
    pub(super) fn crash(&mut self) {
        self.cut_off = self.posts.len();
    }

    /// A row with this post is durable.
    pub(super) fn stored(&mut self, id: PostId) {
        self.posts[id].rows += 1;
    }

    /// A row with this post is deleted.
    pub(super) fn deleted(&mut self, id: PostId) -> Result<(), Violation> {
        let post = &mut self.posts[id];
        post.rows -= 1;
        let accepted = matches!(post.answer, ModelAnswer::Accepted { .. });
        if accepted && post.rows == 0 && !post.on_topic && !post.quarantined {
            return Err(Violation::Lost { post: id });
        }
        Ok(())
    }

    /// It went to the dead letters, where an operator finds it.
    pub(super) fn quarantined(&mut self, id: PostId) {
        self.posts[id].quarantined = true;
        self.no_longer_owed(id);
    }

    /// A record with this post is on the topic, behind all others.
    pub(super) fn appeared(&mut self, id: PostId) -> Result<(), Violation> {
        if self.posts[id].on_topic {
            return Ok(());
        }
        self.posts[id].on_topic = true;
        self.no_longer_owed(id);
        let post = &self.posts[id];
        match self.owed[post.key].first_key_value() {
            Some((at, older)) if *at < post.posted => {
                Err(Violation::Overtaken { older: *older, newer: id })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether all that was accepted is on the topic.
    pub(super) fn is_even(&self) -> bool {
        self.owed.iter().all(BTreeMap::is_empty)
    }

    fn no_longer_owed(&mut self, id: PostId) {
        let post = &self.posts[id];
        if let ModelAnswer::Accepted { at } = post.answer {
            self.owed[post.key].remove(&at);
        }
    }
}
