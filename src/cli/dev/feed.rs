//! What comes while `dev` stays up: a line for each post and, with `--watch`, one below it for its record.
//!
//! Promise: posts come in the order of their answers, each once, refused ones too. The record of a post
//! comes behind its line, and right below it where no other post came between. It ends when nobody reads
//! any more.

use crate::cli::dev::consumer::{ConsumedRecord, Consumer};
use crate::cli::dev::page;
use crate::cli::dev::painter::Painter;
use crate::cli::dev::post_line::PostLine;
use crate::cli::dev::post_lines::PostLines;
use crate::cli::dev::sample_outcome::RecordLocation;
use crate::delivery::record::header_name::HeaderName;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// A consumer may have a record before the bridge has its ack: for so long its post's line is waited for.
const ACK: Duration = Duration::from_millis(200);

/// Whether records are shown beside the posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    Posts,
    PostsAndRecords,
}

/// See the module.
pub(super) struct Feed<'a> {
    pub(super) watch: Watch,
    /// Who posts here, as the records name it.
    pub(super) user: &'a str,
    pub(super) posts: &'a mut PostLines,
    pub(super) consumer: &'a Consumer,
    pub(super) screen: &'a mut Painter,
    /// Where the samples are, which were shown already.
    pub(super) samples: Vec<RecordLocation>,
    /// Of each partition, the highest offset that a post's line has named.
    pub(super) told: BTreeMap<i32, i64>,
}

impl Feed<'_> {
    /// Shows what comes.
    pub(super) async fn run(mut self) {
        if self.watch == Watch::Posts {
            self.consumer.stop();
        }
        loop {
            tokio::select! {
                biased;
                () = self.screen.closed() => return,
                post = self.posts.next() => self.tell(&post),
                record = self.consumer.next() => self.show(&record).await,
            }
        }
    }

    fn tell(&mut self, post: &PostLine) {
        let left_out = self.posts.left_out();
        if left_out > 0 {
            self.screen.print(&format!("({left_out} posts are missing: they came too fast)\n"));
        }
        if let Some(location) = post.location() {
            self.told.insert(location.partition, location.offset);
            if self.samples.contains(&location) {
                return;
            }
        }
        if let Some(text) = post.text() {
            self.screen.print(&text);
        }
    }

    async fn show(&mut self, record: &ConsumedRecord) {
        let user = record.header(HeaderName::User.as_str());
        if user == Some(self.user.as_bytes()) {
            let telling = async {
                while !self.is_told(record) {
                    let post = self.posts.next().await;
                    self.tell(&post);
                }
            };
            // Where it was left out, the record comes alone.
            drop(timeout(ACK, telling).await);
        }
        self.screen.print(&page::record_line(&record.view()));
    }

    fn is_told(&self, record: &ConsumedRecord) -> bool {
        self.told.get(&record.partition).is_some_and(|offset| *offset >= record.offset)
    }
}
