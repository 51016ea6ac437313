//! HTTP as it comes over the wire: reuse, framing, early answers, senders that are slow, silent or
//! gone, and limits.

mod ambiguous;
mod early;
mod framing;
mod heads;
pub(crate) mod in_doubt;
pub(crate) mod leaving;
pub(crate) mod limits;
mod reuse;
pub(crate) mod slow;

use std::fmt::Write as _;
use testkit::http::Response;
use testkit::notification::{APP_ID, PATH, ce_id};

/// The head of a post with these lines.
pub(crate) fn head(lines: &str) -> String {
    format!("POST {PATH} HTTP/1.1\r\nHost: test\r\n{lines}\r\n")
}

/// A post of the old version with these lines.
fn http_1_0(lines: &str, body: &str) -> String {
    let mut post = format!("POST {PATH} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    write!(post, "{lines}\r\n{body}").unwrap();
    post
}

/// Whether this is the 200 of that notification of [`APP_ID`].
pub(crate) fn is_accepted(answer: &Response, body: &str) -> bool {
    answer.status == 200 && answer.json()["id"] == ce_id(APP_ID, body)
}
