//! The posts of a run: requests of about 300 bytes of body, as the provider sends them, made
//! before they are needed.
//!
//! Promise: no two bodies of one run are equal, and making one costs the load generator a copy of
//! nothing but sixteen digits. All servers get the same bytes, also those that ask for no password.

use crate::http::{basic, request};
use crate::notification::PATH;

/// The credential of the bridge, as operators make one by `docs/deploy.md`: bcrypt, cost 10.
pub const CREDENTIALS: &str = "video:$2y$10$yrEc8U1k5se6zjxhzrxF3OTEVM0WK9ygNUjov.e1wTNcm2J4FQtga";
const USER: &str = "video";
const PASSWORD: &str = "bench-password-1";

/// What a body is filled up with: one recording more.
const FURTHER: &str = r#","http://media.example.com/64a1f0c2e4b0d7a1c3f9b210/64a2035be4b0d7a1c3f9b2d4/recordings/stream-3.mkv""#;

/// Seven projects. By murmur2 they keep all of six partitions busy: 0, 2, 5, 4, 1, 3, and 4 again.
pub const APP_IDS: [&str; 7] = [
    "5f3a9c1e7d2b4a0012c4e8f1",
    "5f3a9c1e7d2b4a0012c4e8f2",
    "5f3a9c1e7d2b4a0012c4e8f3",
    "5f3a9c1e7d2b4a0012c4e8f6",
    "5f3a9c1e7d2b4a0012c4e8f9",
    "5f3a9c1e7d2b4a0012c4e802",
    "5f3a9c1e7d2b4a0012c4e803",
];

/// Projects that posts can be had of: more than there are partitions to keep busy.
pub const MOST_APP_IDS: usize = 1000;

/// The last digits of a number, more than a run can count to.
const DIGITS: usize = 16;
const PLACE: &str = "################";

/// An endless row of posts, in turn for each of some projects.
pub struct Posts {
    requests: Vec<Vec<u8>>,
    /// Where the digits are, the same in each.
    place: usize,
    next: usize,
}

impl Posts {
    /// For the first `app_ids` projects. The numbers begin at random, so that two rows differ.
    pub fn new(app_ids: usize) -> Self {
        Self::sized(app_ids, 0)
    }

    /// The same with bodies that have this many bytes at least.
    pub fn sized(app_ids: usize, bytes: usize) -> Self {
        Self::of((0..app_ids).map(|index| of(USER, &body_of(&app_id(index), bytes))).collect())
    }

    /// In turn by each of some [`users`].
    pub fn by_users(count: usize) -> Self {
        Self::of(users(count).map(|user| of(&user, &body(APP_IDS[0]))).collect())
    }

    fn of(requests: Vec<Vec<u8>>) -> Self {
        let place = requests[0]
            .windows(DIGITS)
            .position(|bytes| bytes == PLACE.as_bytes())
            .expect("the body has a place for the number");
        Self { requests, place, next: fastrand::usize(..usize::MAX / 4) }
    }

    /// The whole request.
    pub fn next_request(&mut self) -> &[u8] {
        let count = self.requests.len();
        let request = &mut self.requests[self.next % count];
        let mut rest = self.next;
        for digit in request[self.place..self.place + DIGITS].iter_mut().rev() {
            *digit = b"0123456789"[rest % 10];
            rest /= 10;
        }
        self.next += 1;
        request
    }
}

/// Behind those that have names they are numbered.
fn app_id(index: usize) -> String {
    APP_IDS.get(index).map_or_else(|| format!("5f3a9c1e7d2b4a0012c5{index:04x}"), |&id| id.into())
}

/// Lines for a credentials file, of users with the password of [`CREDENTIALS`].
pub fn credentials(count: usize) -> String {
    let (_, hash) = CREDENTIALS.split_once(':').expect("a line of credentials has a colon");
    users(count).flat_map(|user| [user, format!(":{hash}\n")]).collect()
}

/// With names of one length, so that each request has its digits at the same place.
fn users(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|index| format!("{USER}-{index:04}"))
}

fn of(user: &str, body: &str) -> Vec<u8> {
    let headers = [
        ("Authorization", &*basic(user, PASSWORD)),
        ("Content-Type", "application/json"),
        ("User-Agent", "video-service/1.0"),
    ];
    request("POST", PATH, &headers, body)
}

/// One notification of so many recordings that it has this many bytes.
fn body_of(app_id: &str, bytes: usize) -> String {
    let mut body = body(app_id);
    let further = bytes.saturating_sub(body.len()).div_ceil(FURTHER.len());
    body.insert_str(body.len() - "]}".len(), &FURTHER.repeat(further));
    body
}

/// One notification of a recording.
pub fn body(app_id: &str) -> String {
    format!(
        r#"{{"type":"recording","trans_date":"1688374391","app_id":"{app_id}","room_id":"64a1f0c2e4b0d7a1c3f9b210","conf_num":"{PLACE}","recording":["http://media.example.com/64a1f0c2e4b0d7a1c3f9b210/64a2035be4b0d7a1c3f9b2d4/recordings/stream-1.mkv","http://media.example.com/s-2.mkv"]}}"#
    )
}
