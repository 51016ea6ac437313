//! The ledger: every post with its answer, held against the topic.
//!
//! Its verdict is on the promise to those who got a 200: their record is on the topic, and where it
//! first is there it comes behind all that was answered before it was posted. Posts that
//! overlapped have no order. Repeats are allowed, and counted. The time of every record is that of
//! its post.
//!
//! A post is known by its bytes: no two of a ledger are the same.

use crate::consumer::Seen;
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Clocks are set while tests run, and the time of a record is in whole milliseconds.
const CLOCK: Duration = Duration::from_millis(100);

/// A post and how it ended.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its `app_id`: order is promised within it.
    pub project: String,
    /// Its bytes, which no other post has.
    pub body: String,
    /// Before its first byte was sent, of the first try.
    pub posted: Instant,
    /// The same moment, as the records name it.
    pub clock: SystemTime,
    /// After its last answer was read.
    pub ended: Instant,
    /// The status of its last answer; none when the connection was lost.
    pub status: Option<u16>,
    /// How long the last try took.
    pub took: Duration,
}

impl Post {
    fn is_accepted(&self) -> bool {
        self.status == Some(200)
    }

    /// Whether a record of this time was received while the post was made.
    fn is_from(&self, timestamp_ms: i64) -> bool {
        let time = UNIX_EPOCH + Duration::from_millis(timestamp_ms.try_into().unwrap());
        let end = self.clock + (self.ended - self.posted);
        (self.clock - CLOCK..=end + CLOCK).contains(&time)
    }
}

/// All posts of a test.
#[derive(Debug)]
#[must_use]
pub struct Ledger(Vec<Post>);

/// What holds of a ledger and a topic.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Answered 200 and not on the topic.
    pub lost: Vec<String>,
    /// Answered 200 and first found behind what was posted later.
    pub overtaken: Vec<String>,
    /// On the topic with another time than that of the post.
    pub mistimed: Vec<String>,
    /// Records beyond the first of their post.
    pub repeated: usize,
    /// Posts that got another answer than 200, or none, and are on the topic.
    pub refused_but_present: usize,
}

/// How long answers took.
#[derive(Debug, PartialEq, Eq)]
pub struct Times {
    /// Half of them took no longer.
    pub median: Duration,
    /// 99 of a hundred took no longer.
    pub p99: Duration,
    /// None took longer.
    pub longest: Duration,
}

/// Where a record is. Those of one project are in one partition.
type Place = (i32, i64);

impl Ledger {
    /// Of these posts, in any order.
    pub fn of(posts: Vec<Post>) -> Self {
        Self(posts)
    }

    /// The posts that were answered after a moment: those that a topic must have that was made then.
    pub fn answered_after(mut self, moment: Instant) -> Self {
        self.0.retain(|post| post.ended > moment);
        self
    }

    /// How many posts were answered with this status.
    pub fn count(&self, status: u16) -> usize {
        self.0.iter().filter(|post| post.status == Some(status)).count()
    }

    /// Checks that every post was answered, and with none other than these.
    #[track_caller]
    pub fn assert_statuses(&self, statuses: &[u16]) {
        let is_other = |post: &&Post| post.status.is_none_or(|status| !statuses.contains(&status));
        let others: Vec<_> = self.0.iter().filter(is_other).collect();
        assert!(others.is_empty(), "{} answers such as {:?}", others.len(), others[0]);
    }

    /// Checks the promise to those who got a 200.
    #[track_caller]
    pub fn assert_kept(&self, topic: &[Seen]) {
        let verdict = self.verdict(topic);
        assert!(verdict.is_kept(), "{verdict}\n{}", verdict.examples());
    }

    /// Holds the posts against all records of the topic.
    pub fn verdict(&self, topic: &[Seen]) -> Verdict {
        let mut records = HashMap::<&[u8], Vec<&Seen>>::new();
        for seen in topic {
            records.entry(&seen.value).or_default().push(seen);
        }
        let mut verdict = Verdict::default();
        let mut present = HashMap::<&str, Vec<(&Post, Place)>>::new();
        for post in &self.0 {
            match records.get(post.body.as_bytes()) {
                None if post.is_accepted() => verdict.lost.push(post.body.clone()),
                None => {}
                Some(found) => {
                    verdict.repeated += found.len() - 1;
                    verdict.refused_but_present += usize::from(!post.is_accepted());
                    if !found.iter().all(|seen| post.is_from(seen.timestamp_ms)) {
                        verdict.mistimed.push(post.body.clone());
                    }
                    let places = found.iter().map(|seen| (seen.partition, seen.offset));
                    let first = places.min().expect("it was found once at least");
                    present.entry(&post.project).or_default().push((post, first));
                }
            }
        }
        verdict.overtaken = present.into_values().flat_map(overtaken).collect();
        verdict
    }

    /// Of all posts that were answered.
    #[track_caller]
    pub fn times(&self) -> Times {
        let answered = self.0.iter().filter(|post| post.status.is_some());
        let mut times: Vec<_> = answered.map(|post| post.took).collect();
        times.sort_unstable();
        let longest = *times.last().expect("a post was answered");
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        Times { median: at(50), p99: at(99), longest }
    }
}

/// The accepted ones among posts of one project that come behind what was posted after their
/// answer.
fn overtaken(mut project: Vec<(&Post, Place)>) -> Vec<String> {
    project.sort_unstable_by_key(|(post, _)| post.posted);
    // Of each post and all that were posted later, the one that comes first.
    let mut first_from: Vec<_> = project.iter().map(|(_, place)| *place).collect();
    for later in (1..first_from.len()).rev() {
        first_from[later - 1] = first_from[later].min(first_from[later - 1]);
    }
    let is_overtaken = |(post, place): &&(&Post, Place)| {
        let later = project.partition_point(|(other, _)| other.posted <= post.ended);
        post.is_accepted() && first_from.get(later).is_some_and(|first| first < place)
    };
    project.iter().filter(is_overtaken).map(|(post, _)| post.body.clone()).collect()
}

impl Verdict {
    fn is_kept(&self) -> bool {
        self.lost.is_empty() && self.overtaken.is_empty() && self.mistimed.is_empty()
    }

    /// Some of those that were wronged.
    fn examples(&self) -> String {
        let lost = self.lost.iter().take(3).map(|body| format!("lost: {body}"));
        let overtaken = self.overtaken.iter().take(3).map(|body| format!("overtaken: {body}"));
        let mistimed = self.mistimed.iter().take(3).map(|body| format!("mistimed: {body}"));
        lost.chain(overtaken).chain(mistimed).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, overtaken, mistimed, repeated, refused_but_present } = self;
        let (lost, overtaken, mistimed) = (lost.len(), overtaken.len(), mistimed.len());
        write!(f, "lost {lost}, overtaken {overtaken}, mistimed {mistimed}, repeated {repeated}")?;
        write!(f, ", refused but present {refused_but_present}")
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p99, longest } = self;
        write!(f, "median {median:.1?}, p99 {p99:.1?}, longest {longest:.1?}")
    }
}
