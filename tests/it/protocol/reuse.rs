//! More than one post on a connection, and none after the last.

use crate::protocol::{http_1_0, is_accepted};
use crate::support::rig::Rig;
use testkit::http::request;
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, numbered};

const POSTS: usize = 40;

#[test]
fn posts_on_one_connection_are_taken_one_after_the_other() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    for session in 0..POSTS {
        connection.send(request("POST", PATH, &[], numbered(session)));
        assert!(is_accepted(&connection.read(), &numbered(session)), "{session}");
    }

    assert_eq!(rig.count("hookbridge_connections"), 1);
    assert_eq!(rig.records().len(), POSTS);
}

#[test]
fn pipelined_posts_are_answered_in_their_order() {
    let rig = Rig::open();
    let mut connection = rig.connect();
    let is_refused = |session| session % 4 == 3;
    let body = |session| if is_refused(session) { "[]".to_owned() } else { numbered(session) };

    let posts = (0..POSTS).map(|session| request("POST", PATH, &[], body(session)));
    connection.send(posts.collect::<Vec<_>>().concat());

    for session in 0..POSTS {
        let answer = connection.read().json();
        if is_refused(session) {
            assert_eq!(answer["code"], "not_an_object", "{session}");
        } else {
            assert_eq!(answer["id"], ce_id(APP_ID, body(session)), "{session}");
        }
    }
}

#[test]
fn pipelined_posts_of_one_project_keep_order_on_the_topic() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    let posts = (0..POSTS).map(|session| request("POST", PATH, &[], numbered(session)));
    connection.send(posts.collect::<Vec<_>>().concat());
    for _ in 0..POSTS {
        assert_eq!(connection.read().status, 200);
    }

    let values: Vec<_> = rig.records().into_iter().map(|record| record.value).collect();
    assert_eq!(values, (0..POSTS).map(|n| numbered(n).into_bytes()).collect::<Vec<_>>());
}

#[test]
fn a_post_that_says_it_is_the_last_closes_the_connection() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(request("POST", PATH, &[("Connection", "close")], ROOMDROP));

    let answer = connection.read();
    assert!(is_accepted(&answer, ROOMDROP));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.is_closed());
}

#[test]
fn a_post_of_http_1_0_closes_the_connection() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(http_1_0("", ROOMDROP));

    assert!(is_accepted(&connection.read(), ROOMDROP));
    assert!(connection.is_closed());
}

#[test]
fn a_post_of_http_1_0_keeps_the_connection_on_request() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    for _ in 0..2 {
        connection.send(http_1_0("Connection: keep-alive\r\n", ROOMDROP));
        let answer = connection.read();
        assert!(is_accepted(&answer, ROOMDROP));
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
    connection.send(http_1_0("", ROOMDROP));

    assert!(is_accepted(&connection.read(), ROOMDROP));
    assert!(connection.is_closed());
}

#[test]
fn a_refusal_keeps_the_connection_under_both_versions() {
    let rig = Rig::open();
    let mut connection = rig.connect();

    connection.send(http_1_0("Connection: keep-alive\r\n", "[]"));
    assert_eq!(connection.read().status, 400);
    connection.send(request("POST", PATH, &[], "[]"));
    assert_eq!(connection.read().status, 400);
    connection.send(request("POST", PATH, &[], ROOMDROP));

    assert!(is_accepted(&connection.read(), ROOMDROP));
}
