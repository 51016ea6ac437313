//! The pure parts of a post, over and over: what callgrind counts.

use bytes::Bytes;
use hookbridge::delivery::record::{Event, Record};
use hookbridge::webhook::auth::authenticator::{Authenticator, CacheLookup};
use hookbridge::webhook::auth::credentials::Credentials;
use hookbridge::webhook::notification::Notification;
use hookbridge::webhook::notification::contract::Contract;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::hint::black_box;
use std::sync::Arc;
use std::time::SystemTime;
use testkit::http::basic;
use testkit::load::posts::{APP_IDS, body};

/// The job of the child.
pub(crate) const PURE: &str = "pure";

/// Credentials: a pair that is known is known again.
pub(crate) const CREDENTIALS: &str = "credentials";
/// Notification: a body of 300 bytes is read and checked.
pub(crate) const NOTIFICATION: &str = "notification";
/// Record: its key, its headers, its id are made.
pub(crate) const RECORD: &str = "record";

/// Does one part this many times; the preparations are the same for all.
pub(crate) fn run(part: &str, times: usize) {
    let authenticator = Authenticator::new(Credentials::parse("video:plain:secret").unwrap());
    let authorization = HeaderValue::try_from(basic("video", "secret")).unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization)]);
    let body = Bytes::from(body(APP_IDS[0]));
    let notification = Notification::parse(&body, Contract::default()).unwrap();
    let topic = Arc::<str>::from("video.events");
    for _ in 0..times {
        match part {
            CREDENTIALS => {
                let verified = black_box(&authenticator).look_up(black_box(&headers));
                assert!(matches!(verified, CacheLookup::Known(_)));
            }
            NOTIFICATION => {
                black_box(Notification::parse(black_box(&body), Contract::default())).unwrap();
            }
            RECORD => {
                let time = notification.time();
                let event = Event {
                    app_id: notification.app_id().as_str(),
                    event_type: notification.type_name(),
                    source: "hookbridge",
                    subject: notification.subject(),
                    time: time.as_ref().map(|time| time as _),
                    trace_parent: None,
                    trace_state: None,
                    user: Some("video"),
                };
                let event = black_box(event);
                drop(black_box(Record::new(
                    topic.clone(),
                    event,
                    body.clone(),
                    SystemTime::UNIX_EPOCH,
                )));
            }
            other => panic!("no such part: {other}"),
        }
    }
}
