//! Bodies that are cut, repeated, or from the folder of bad samples.

use crate::support::problem::{Problem, refusal};
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use std::collections::BTreeSet;
use std::path::Path;
use testkit::http::request;
use testkit::notification::{APP_ID, PATH, ROOMDROP, ce_id, of_length};

const BAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/bad");

#[test]
fn a_body_cut_anywhere_is_malformed_and_the_connection_goes_on() {
    let rig = Rig::open();
    let body = format!("\u{feff}{}", ROOMDROP.trim_end()).replace("64a2035b", "ж📹\\u00e9\\n");
    let mut connection = rig.connect();

    for length in 0..body.len() {
        connection.send(request("POST", PATH, &[], &body.as_bytes()[..length]));
        let answer = connection.read();
        assert_eq!(refusal(&answer), (400, Outcome::MalformedJson), "{length} bytes");
    }
    connection.send(request("POST", PATH, &[], &body));

    assert_eq!(connection.read().json()["id"], ce_id(APP_ID, &body));
}

#[test]
fn only_the_two_fields_that_route_a_record_may_not_be_repeated() {
    let rig = Rig::open();
    for (key, status) in [
        ("type", 400),
        ("app_id", 400),
        ("trans_date", 200),
        ("room_id", 200),
        ("conf_num", 200),
        ("recording", 200),
        ("unknown", 200),
    ] {
        let body = ROOMDROP.replacen('{', &format!("{{\"{key}\":null,\"{key}\":[],"), 1);
        let answer = rig.post(&[], body);
        assert_eq!(answer.status, status, "{key}");
        if status == 400 {
            let problem = Problem::of(&answer);
            assert_eq!(problem.outcome(), Outcome::RepeatedField);
            assert!(problem.detail.contains(key), "{}", problem.detail);
        }
    }
}

#[test]
fn the_limit_of_nesting_is_32_levels() {
    let rig = Rig::open();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for (levels, status) in [(32, 200), (33, 400)] {
            let value = format!("{}0{}", open.repeat(levels - 1), close.repeat(levels - 1));
            let body = ROOMDROP.replacen('{', &format!("{{\"deep\":{value},"), 1);
            assert_eq!(rig.post(&[], body).status, status, "{levels} of {open}");
        }
    }
}

#[test]
fn a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--max-body", "2000B"));
    let chunked = |body: &str| {
        format!(
            "POST {PATH} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\
             {:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    for (length, status) in [(2000, 200), (2001, 413)] {
        let body = of_length(length);
        for post in [request("POST", PATH, &[], &body), chunked(&body).into_bytes()] {
            let mut connection = rig.connect();
            connection.send(post);
            assert_eq!(connection.read().status, status, "{length} bytes");
        }
    }
}

#[test]
fn every_bad_sample_is_refused_for_what_is_bad_about_it() {
    let rig = Rig::open();
    let missing = |pointer| vec![(pointer, "missing_field")];
    let samples = [
        ("array-batch.json", (400, Outcome::NotAnObject), vec![]),
        ("trailing-comma.json", (400, Outcome::MalformedJson), vec![]),
        ("missing-app-id.json", (422, Outcome::InvalidNotification), missing("#/app_id")),
        ("missing-type.json", (422, Outcome::InvalidNotification), missing("#/type")),
    ];
    for (file, expected, faults) in &samples {
        let answer = rig.post(&[], std::fs::read(Path::new(BAD).join(file)).unwrap());
        assert_eq!(refusal(&answer), *expected, "{file}");
        assert_eq!(Problem::of(&answer).faults(), *faults, "{file}");
    }

    let files = std::fs::read_dir(BAD).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<_> = files.map(|name| name.into_string().unwrap()).collect();
    let tested = samples.iter().map(|(file, ..)| (*file).to_owned());
    assert_eq!(tested.collect::<BTreeSet<_>>(), files);
}
