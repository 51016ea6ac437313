//! What a comparison came to, for people and for scripts.

use crate::cli::printable::printable_line;
use crate::cli::table::{Align, table};
use crate::cli::tail::comparison::{NamedPost, Verdict};
use anstyle::{AnsiColor, Style};
use indicatif::HumanCount;
use serde::Serialize;

const LABEL: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The same as JSON.
#[derive(Serialize)]
struct VerdictRow<'a> {
    posts: u64,
    accepted: u64,
    records: u64,
    lost: &'a [NamedPost],
    repeated: &'a [NamedPost],
    overtaken: &'a [NamedPost],
    unaccepted_but_present: u64,
}

/// One line of JSON.
pub(super) fn json(verdict: &Verdict) -> String {
    let row = VerdictRow {
        posts: verdict.posts,
        accepted: verdict.accepted,
        records: verdict.records,
        lost: &verdict.lost,
        repeated: &verdict.repeated,
        overtaken: &verdict.overtaken,
        unaccepted_but_present: verdict.unaccepted_but_present,
    };
    serde_json::to_string(&row).expect("texts and numbers") + "\n"
}

/// Counts, and a line for each post that something is wrong with.
pub(super) fn text(verdict: &Verdict, topic: &str, partitions: usize) -> String {
    let Verdict { posts, accepted, records, lost, repeated, overtaken, .. } = verdict;
    let (posts, accepted, records) =
        (HumanCount(*posts), HumanCount(*accepted), HumanCount(*records));
    let mut text = row("ledger", &format!("{posts} posts, {accepted} accepted"));
    let partitions = match partitions {
        1 => "1 partition".to_owned(),
        more => format!("{more} partitions"),
    };
    text += &row("topic", &format!("{topic}: {records} records, {partitions}"));
    for (label, found) in [("lost", lost), ("repeated", repeated), ("overtaken", overtaken)] {
        let style = match (label, found.len()) {
            (_, 0) => GOOD,
            // At least once is what is promised.
            ("repeated", _) => Style::new(),
            (_, _) => BAD,
        };
        let count = HumanCount(found.len() as u64);
        text += &row(label, &format!("{style}{count}{style:#}"));
    }
    if verdict.unaccepted_but_present > 0 {
        let count = HumanCount(verdict.unaccepted_but_present);
        text += &row("beside", &format!("{count} that were not accepted are there nevertheless"));
    }
    let tables = [named("LOST", lost), named("REPEATED", repeated), named("OVERTAKEN", overtaken)];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    tables.fold(text, |text, table| text + "\n" + &table)
}

fn named(heading: &str, posts: &[NamedPost]) -> String {
    let rows = posts.iter().map(|NamedPost { post, id, app_id, posted, records }| {
        let app_id = app_id.as_deref().map(printable_line).unwrap_or_default();
        [printable_line(id), app_id, post.to_string(), records.to_string(), printable_line(posted)]
    });
    let head = [
        (heading, Align::Left),
        ("APP_ID", Align::Left),
        ("POST", Align::Right),
        ("RECORDS", Align::Right),
        ("POSTED", Align::Left),
    ];
    table(head, &rows.collect::<Vec<_>>())
}

fn row(label: &str, text: &str) -> String {
    format!("{LABEL}{label:<9}{LABEL:#}  {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(post: u64, records: u64) -> NamedPost {
        let (app_id, posted) = (Some("app".to_owned()), "2026-11-30".to_owned());
        NamedPost { post, id: format!("id{post}"), app_id, posted, records }
    }

    #[test]
    fn each_post_that_something_is_wrong_with_has_a_line() {
        let verdict = Verdict {
            posts: 1000,
            accepted: 999,
            records: 1001,
            lost: vec![post(7, 0)],
            repeated: vec![post(8, 2), post(9, 3)],
            overtaken: vec![],
            unaccepted_but_present: 1,
        };
        let shown = anstream::adapter::strip_str(&text(&verdict, "t", 3)).to_string();
        let lines = [
            "ledger     1,000 posts, 999 accepted",
            "topic      t: 1,001 records, 3 partitions",
            "lost       1",
            "repeated   2",
            "overtaken  0",
            "beside     1 that were not accepted are there nevertheless",
            "",
            "LOST  APP_ID  POST  RECORDS  POSTED",
            "id7   app        7        0  2026-11-30",
            "",
            "REPEATED  APP_ID  POST  RECORDS  POSTED",
            "id8       app        8        2  2026-11-30",
            "id9       app        9        3  2026-11-30",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
        let said: serde_json::Value = serde_json::from_str(&json(&verdict)).unwrap();
        assert_eq!((&said["lost"][0]["id"], &said["accepted"]), (&"id7".into(), &999.into()));
    }
}
