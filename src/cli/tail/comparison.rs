//! What `send` noted, held against what is on the topic: a plain value, which is shown one record after
//! the other.
//!
//! - **Lost:** accepted, and no record has its id.
//! - **Repeated:** more records have its id than posts.
//! - **Overtaken:** accepted, and what was posted for the same app_id after its answer comes before it
//!   in the same partition.
//!
//! Promise: posts that overlapped have no order, and none of them overtakes another. Posts of equal
//! bytes are one event: their first post, and the first answer that accepted one, count.

use crate::cli::ledger::LedgerLine;
use crate::delivery::kafka::topic_record::TopicRecord;
use crate::delivery::record::header_name::HeaderName;
use std::collections::{BTreeMap, HashMap};

/// See the module.
#[derive(Default)]
pub(super) struct Comparison {
    events: HashMap<String, LedgerEvent>,
    posts: u64,
    accepted: u64,
    records: u64,
}

/// All posts of one id.
struct LedgerEvent {
    post: u64,
    app_id: Option<String>,
    posted: String,
    /// Of the first answer that accepted it.
    accepted: Option<String>,
    posts: u64,
    records: u64,
    /// Partition and offset of its first record.
    first: Option<(i32, i64)>,
}

/// What holds of it all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Lines of the ledger.
    pub(super) posts: u64,
    /// Those that were answered 200 with `accepted`.
    pub(super) accepted: u64,
    /// That were read, whoever wrote them.
    pub(super) records: u64,
    pub(super) lost: Vec<NamedPost>,
    pub(super) repeated: Vec<NamedPost>,
    pub(super) overtaken: Vec<NamedPost>,
    /// Events that nobody was told of by a 200, and that are there.
    pub(super) unaccepted_but_present: u64,
}

/// A post, by what it can be found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(super) struct NamedPost {
    pub(super) post: u64,
    pub(super) id: String,
    pub(super) app_id: Option<String>,
    pub(super) posted: String,
    /// How many there are of it.
    pub(super) records: u64,
}

impl Comparison {
    /// Takes in a line of the ledger.
    pub(super) fn note(&mut self, line: LedgerLine) {
        self.posts += 1;
        let is_accepted = line.is_accepted();
        self.accepted += u64::from(is_accepted);
        let Some(id) = line.id else { return };
        let event = self.events.entry(id).or_insert_with(|| LedgerEvent {
            post: line.post,
            app_id: line.app_id,
            posted: line.posted.clone(),
            accepted: None,
            posts: 0,
            records: 0,
            first: None,
        });
        event.posts += 1;
        if line.posted < event.posted {
            (event.post, event.posted) = (line.post, line.posted);
        }
        if let Some(answered) = line.answered.filter(|_| is_accepted)
            && event.accepted.as_ref().is_none_or(|first| answered < *first)
        {
            event.accepted = Some(answered);
        }
    }

    /// Posts of the ledger.
    pub(super) fn posts(&self) -> u64 {
        self.posts
    }

    /// Records that were read.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Takes in a record. Those of one partition come in their order.
    pub(super) fn see(&mut self, record: &TopicRecord<'_>) {
        self.records += 1;
        let id = record.header(HeaderName::Id.as_str()).and_then(|id| str::from_utf8(id).ok());
        if let Some(event) = id.and_then(|id| self.events.get_mut(id)) {
            event.records += 1;
            event.first.get_or_insert((record.partition, record.offset));
        }
    }

    /// All that was read is all that there is.
    pub(super) fn verdict(self) -> Verdict {
        let mut verdict = Verdict {
            posts: self.posts,
            accepted: self.accepted,
            records: self.records,
            ..Verdict::default()
        };
        let mut lanes = BTreeMap::<_, Vec<_>>::new();
        for (id, event) in &self.events {
            match (&event.accepted, event.first) {
                (Some(_), None) => verdict.lost.push(event.named(id)),
                (None, None) => {}
                (accepted, Some((partition, offset))) => {
                    verdict.unaccepted_but_present += u64::from(accepted.is_none());
                    if event.records > event.posts {
                        verdict.repeated.push(event.named(id));
                    }
                    let lane = lanes.entry((partition, &event.app_id)).or_default();
                    lane.push((id, event, offset));
                }
            }
        }
        verdict.overtaken = lanes.into_values().flat_map(overtaken).collect();
        for found in [&mut verdict.lost, &mut verdict.repeated, &mut verdict.overtaken] {
            found.sort();
        }
        verdict
    }
}

impl LedgerEvent {
    fn named(&self, id: &str) -> NamedPost {
        NamedPost {
            post: self.post,
            id: id.to_owned(),
            app_id: self.app_id.clone(),
            posted: self.posted.clone(),
            records: self.records,
        }
    }
}

/// The accepted ones among events of one project in one partition that come behind what was posted
/// after their answer.
fn overtaken(mut lane: Vec<(&String, &LedgerEvent, i64)>) -> Vec<NamedPost> {
    lane.sort_unstable_by(|(_, one, _), (_, other, _)| one.posted.cmp(&other.posted));
    // Of each event and all that were posted later, the first place.
    let mut first_from: Vec<_> = lane.iter().map(|(_, _, offset)| *offset).collect();
    for later in (1..first_from.len()).rev() {
        first_from[later - 1] = first_from[later].min(first_from[later - 1]);
    }
    let is_overtaken = |(_, event, offset): &&(&String, &LedgerEvent, i64)| {
        event.accepted.as_ref().is_some_and(|accepted| {
            let later = lane.partition_point(|(_, other, _)| other.posted <= *accepted);
            first_from.get(later).is_some_and(|first| first < offset)
        })
    };
    lane.iter().filter(is_overtaken).map(|(id, event, _)| event.named(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A post under way from one second of a minute to another, with this status.
    fn line(post: u64, id: &str, from: u32, to: u32, status: u16) -> LedgerLine {
        let at = |second| format!("2026-11-30T21:00:{second:02}.000000000Z");
        LedgerLine {
            post,
            id: Some(id.to_owned()),
            app_id: Some("app".to_owned()),
            posted: at(from),
            answered: Some(at(to)),
            status: Some(status),
            code: if status == 200 { "accepted" } else { "unavailable" }.to_owned(),
        }
    }

    fn verdict(lines: Vec<LedgerLine>, topic: &[(i32, &str)]) -> Verdict {
        let mut comparison = Comparison::default();
        for line in lines {
            comparison.note(line);
        }
        for (offset, (partition, id)) in (0..).zip(topic) {
            let headers = vec![("ce_id", Some(id.as_bytes()))];
            let partition = *partition;
            comparison.see(&TopicRecord { partition, offset, headers, ..TopicRecord::default() });
        }
        comparison.verdict()
    }

    const NONE: [u64; 0] = [];

    fn posts(named: &[NamedPost]) -> Vec<u64> {
        named.iter().map(|named| named.post).collect()
    }

    #[test]
    fn what_is_lost_repeated_and_unexpected_is_named() {
        let lines = vec![
            line(1, "a", 1, 2, 200),
            line(2, "b", 3, 4, 200),
            line(3, "c", 5, 6, 503),
            line(4, "d", 7, 8, 503),
        ];
        let verdict = verdict(lines, &[(0, "b"), (0, "foreign"), (0, "b"), (0, "c")]);
        assert_eq!((posts(&verdict.lost), posts(&verdict.repeated)), (vec![1], vec![2]));
        assert_eq!(verdict.overtaken, []);
        let counts = (verdict.posts, verdict.accepted, verdict.records);
        assert_eq!((counts, verdict.unaccepted_but_present), ((4, 2, 4), 1));
    }

    #[test]
    fn only_what_was_posted_after_the_answer_overtakes() {
        let in_order = vec![line(1, "a", 1, 2, 200), line(2, "b", 3, 4, 200)];
        assert_eq!(posts(&verdict(in_order.clone(), &[(0, "b"), (0, "a")]).overtaken), [1]);
        assert_eq!(posts(&verdict(in_order.clone(), &[(0, "a"), (0, "b")]).overtaken), NONE);
        // A repeat of what is there already overtakes nothing, and partitions have no order.
        let repeat = [(0, "a"), (0, "b"), (0, "a")];
        assert_eq!(posts(&verdict(in_order.clone(), &repeat).overtaken), NONE);
        assert_eq!(posts(&verdict(in_order, &[(1, "b"), (0, "a")]).overtaken), NONE);
        let overlapping = vec![line(1, "a", 1, 4, 200), line(2, "b", 3, 5, 200)];
        assert_eq!(posts(&verdict(overlapping, &[(0, "b"), (0, "a")]).overtaken), NONE);
    }

    #[test]
    fn posts_of_equal_bytes_are_one_event() {
        let twice = vec![line(1, "a", 1, 2, 503), line(2, "a", 3, 4, 200)];
        assert_eq!(posts(&verdict(twice.clone(), &[(0, "a"), (0, "a")]).repeated), NONE);
        assert_eq!(posts(&verdict(twice.clone(), &[(0, "a")]).lost), NONE);
        assert_eq!(posts(&verdict(twice.clone(), &[]).lost), [1]);
        let thrice = [(0, "a"), (0, "a"), (0, "a")];
        assert_eq!(posts(&verdict(twice, &thrice).repeated), [1]);
    }
}
