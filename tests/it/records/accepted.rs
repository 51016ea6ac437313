//! The one answer of success, and what it says about the record.

use crate::support::rig::Rig;
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::bridge::launch::Launch;
use testkit::either_kafka::EitherKafka;
use testkit::here;
use testkit::http::{Response, request};
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, numbered};

#[test]
fn the_answer_is_exactly_200_with_the_id_of_the_record() {
    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 3, Launch::no_auth);

        is_the_200_of(&rig.post(&[], ROOMDROP), ROOMDROP);

        let records = rig.records();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].header("ce_id"), Some(&*ce_id(APP_ID, ROOMDROP)));
    }
}

#[test]
fn the_same_post_twice_is_two_records_of_one_id() {
    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 3, Launch::no_auth);

        for _ in 0..2 {
            is_the_200_of(&rig.post(&[], ROOMDROP), ROOMDROP);
        }
        is_the_200_of(&rig.post(&[], format!("{ROOMDROP} ")), &format!("{ROOMDROP} "));

        let records = rig.records();
        let ids: Vec<_> = records.iter().map(|record| record.header("ce_id").unwrap()).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    }
}

#[test]
fn the_id_keeps_projects_apart_whose_posts_run_together() {
    let rig = Rig::open();
    let body = |app_id: &str| ROOMDROP.replace(APP_ID, app_id);
    for app_id in ["a", "b"] {
        let answer = rig.post(&[], body(app_id));
        assert_eq!(answer.json()["id"], ce_id(app_id, body(app_id)));
    }
}

#[test]
fn the_time_of_a_record_is_that_of_its_receipt() {
    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 1, Launch::no_auth);
        let mut connection = rig.connect();
        let mut bounds = Vec::new();
        for session in 0..5 {
            let before = unix_millis();
            connection.send(request("POST", PATH, &[], numbered(session)));
            assert_eq!(connection.read().status, 200);
            bounds.push(before..=unix_millis());
        }

        let records = rig.records();
        assert_eq!(records.len(), bounds.len());
        for (record, bounds) in records.iter().zip(bounds) {
            assert!(bounds.contains(&record.timestamp_ms), "{} {bounds:?}", record.timestamp_ms);
        }
    }
}

#[test]
fn posts_of_one_project_keep_their_order_and_its_partition() {
    for kafka in EitherKafka::both(here!()) {
        let rig = Rig::on(kafka, here!(), 6, Launch::no_auth);
        let posts = (0..100).map(|session| request("POST", PATH, &[], numbered(session)));
        let mut connection = rig.connect();

        connection.send(posts.collect::<Vec<_>>().concat());
        for session in 0..100 {
            is_the_200_of(&connection.read(), &numbered(session));
        }

        let records = rig.records();
        assert!(records.iter().all(|record| record.partition == records[0].partition));
        let values: Vec<_> = records.into_iter().map(|record| record.value).collect();
        assert_eq!(values, (0..100).map(|n| numbered(n).into_bytes()).collect::<Vec<_>>());
    }
}

#[track_caller]
fn is_the_200_of(answer: &Response, body: &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let id = ce_id(APP_ID, body);
    assert_eq!(answer.text(), format!("{{\"status\":\"accepted\",\"id\":\"{id}\"}}"));
}

fn unix_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}
