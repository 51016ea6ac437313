//! The ledger can fail: on a history made up for it, it finds each wrong and nothing else.

use std::sync::LazyLock;
use std::time::{Duration, Instant, UNIX_EPOCH};
use testkit::consumer::Seen;
use testkit::ledger::{Ledger, Post, Verdict};

/// When the history begins.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);
const CLOCK_AT_START: u64 = 1_700_000_000_000;

/// Posts of one project by name, each with when it was posted and when it ended.
const ONE_BY_ONE: [(&str, u64, u64); 3] = [("a", 0, 1), ("b", 2, 3), ("c", 4, 5)];

#[test]
fn posts_that_are_all_there_in_their_order_are_kept() {
    let verdict = accepted(&ONE_BY_ONE).verdict(&topic(&["a", "b", "c"]));

    assert_eq!(verdict, Verdict::default());
}

#[test]
fn a_post_that_got_a_200_and_is_absent_is_lost() {
    let verdict = accepted(&ONE_BY_ONE).verdict(&topic(&["a", "c"]));

    assert_eq!(verdict, Verdict { lost: names(&["b"]), ..Verdict::default() });
}

#[test]
#[should_panic(
    expected = "lost 1, overtaken 0, mistimed 0, repeated 0, refused but present 0\nlost: b"
)]
fn a_lost_post_fails_the_test() {
    accepted(&ONE_BY_ONE).assert_kept(&topic(&["a", "c"]));
}

#[test]
fn a_post_behind_one_posted_after_its_answer_is_overtaken() {
    for (topic, wronged) in [
        (["b", "a", "c"], vec!["a"]),
        (["a", "c", "b"], vec!["b"]),
        (["c", "a", "b"], vec!["a", "b"]),
    ] {
        let verdict = accepted(&ONE_BY_ONE).verdict(&self::topic(&topic));

        assert_eq!(verdict, Verdict { overtaken: names(&wronged), ..Verdict::default() });
    }
}

#[test]
#[should_panic(
    expected = "lost 0, overtaken 1, mistimed 0, repeated 0, refused but present 0\novertaken: a"
)]
fn an_overtaken_post_fails_the_test() {
    accepted(&ONE_BY_ONE).assert_kept(&topic(&["b", "a", "c"]));
}

#[test]
fn a_record_with_another_time_than_its_post_is_mistimed() {
    for late in [-60_000, 60_000] {
        let mut topic = topic(&["a", "b", "c", "b"]);
        topic[3].timestamp_ms += late;

        let verdict = accepted(&ONE_BY_ONE).verdict(&topic);

        let mistimed = names(&["b"]);
        assert_eq!(verdict, Verdict { mistimed, repeated: 1, ..Verdict::default() });
    }
}

#[test]
fn posts_that_overlapped_have_no_order() {
    let overlapping = accepted(&[("a", 0, 2), ("b", 1, 4), ("c", 3, 5)]);

    // Only c was posted after an answer, that of a.
    for topic in [["b", "a", "c"], ["a", "c", "b"]] {
        assert_eq!(overlapping.verdict(&self::topic(&topic)), Verdict::default());
    }
    let wronged = overlapping.verdict(&topic(&["c", "b", "a"])).overtaken;
    assert_eq!(wronged, names(&["a"]));
}

#[test]
fn posts_of_two_projects_have_no_order() {
    let mut posts = [post("a", 0, 1), post("b", 2, 3)];
    posts[1].project = "other".to_owned();

    let verdict = Ledger::of(posts.to_vec()).verdict(&topic(&["b", "a"]));

    assert_eq!(verdict, Verdict::default());
}

#[test]
fn a_repeat_is_counted_and_only_the_first_place_matters() {
    let verdict = accepted(&ONE_BY_ONE).verdict(&topic(&["a", "b", "a", "c", "a", "b"]));

    assert_eq!(verdict, Verdict { repeated: 3, ..Verdict::default() });
}

#[test]
fn the_order_is_that_of_offsets_and_not_that_of_reading() {
    let mut topic = topic(&["a", "b", "c"]);
    topic.reverse();

    assert_eq!(accepted(&ONE_BY_ONE).verdict(&topic), Verdict::default());
}

#[test]
fn a_post_without_a_200_may_be_absent_and_may_not_overtake() {
    for status in [Some(503), None] {
        let mut posts = ONE_BY_ONE.map(|(name, posted, ended)| post(name, posted, ended));
        posts[1].status = status;
        let ledger = Ledger::of(posts.to_vec());

        let verdict = |names: &[&str]| ledger.verdict(&topic(names));

        assert_eq!(verdict(&["a", "c"]), Verdict::default());
        let present = Verdict { refused_but_present: 1, ..Verdict::default() };
        assert_eq!(verdict(&["a", "b", "c"]), present);
        // It has no right to its own place, but takes none from others.
        assert_eq!(verdict(&["a", "c", "b"]), present);
        assert_eq!(verdict(&["b", "a", "c"]).overtaken, names(&["a"]));
    }
}

#[test]
fn answers_are_counted_and_timed() {
    let mut posts: Vec<_> = (0..100).map(|n| post("a", 0, n + 1)).collect();
    posts[0].status = Some(503);
    posts[1].status = None;
    let ledger = Ledger::of(posts);

    assert_eq!((ledger.count(200), ledger.count(503)), (98, 1));
    let times = ledger.times().to_string();
    assert_eq!(times, "median 51.0ms, p99 99.0ms, longest 100.0ms");
}

#[test]
#[should_panic(expected = "1 answers such as Post")]
fn an_answer_that_did_not_come_is_none_that_was_expected() {
    let mut posts = ONE_BY_ONE.map(|(name, posted, ended)| post(name, posted, ended));
    posts[1].status = None;

    Ledger::of(posts.to_vec()).assert_statuses(&[200]);
}

/// All of one project, all answered 200.
fn accepted(posts: &[(&str, u64, u64)]) -> Ledger {
    Ledger::of(posts.iter().map(|(name, posted, ended)| post(name, *posted, *ended)).collect())
}

fn post(name: &str, posted: u64, ended: u64) -> Post {
    let at = |millis| *START + Duration::from_millis(millis);
    Post {
        project: "project".to_owned(),
        body: name.to_owned(),
        posted: at(posted),
        clock: UNIX_EPOCH + Duration::from_millis(CLOCK_AT_START + posted),
        ended: at(ended),
        status: Some(200),
        took: Duration::from_millis(ended - posted),
    }
}

/// One partition with these records.
fn topic(bodies: &[&str]) -> Vec<Seen> {
    let record = |(offset, body): (i64, &&str)| Seen {
        partition: 0,
        offset,
        key: None,
        value: body.as_bytes().to_vec(),
        headers: Vec::new(),
        timestamp_ms: CLOCK_AT_START.try_into().unwrap(),
    };
    (0..).zip(bodies).map(record).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
