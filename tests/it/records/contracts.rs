//! Records of posts that only the tolerant flags let through.

use crate::records::become_records;
use crate::records::variants::{self, Variant};
use crate::support::rig::Rig;
use testkit::either_kafka::EitherKafka;
use testkit::here;

const TIME: &str = "2023-07-03T08:48:43Z";

#[test]
fn an_envelope_is_enough_and_what_it_lacks_is_left_out() {
    let variants: Vec<_> = [
        ("no more than it must", "", None),
        ("no room", r#","trans_date":1688374123"#, Some(TIME)),
        ("no time", r#","room_id":"a room""#, None),
        ("a time that is none", r#","room_id":7,"trans_date":"yesterday""#, None),
        ("fields of another form", r#","recording":7,"conf_num":{},"trans_date":null"#, None),
    ]
    .into_iter()
    .flat_map(|(why, rest, time)| {
        ["roomdrop", "recording", "transcoded", "file-transfer"].map(|name| {
            let body = format!(r#"{{"type":"{name}","app_id":"an app"{rest}}}"#);
            Variant::at(format!("{name} with {why}"), body, time)
        })
    })
    .chain(variants::all())
    .collect();
    for kafka in EitherKafka::both(here!()) {
        become_records(kafka, here!(), &variants, |serve| serve.arg("--validation", "envelope"));
    }
}

#[test]
fn an_unknown_type_is_forwarded_with_what_it_says() {
    let mut variants: Vec<_> = ["cdr", "Roomdrop", " live recording ", "сессия", &"x".repeat(128)]
        .into_iter()
        .flat_map(|name| {
            let bare = format!(r#"{{"app_id":"an app","type":"{name}"}}"#);
            let full = format!(
                r#"{{"type":"{name}","trans_date":"1688374123","app_id":"an app","room_id":7,"files":0}}"#
            );
            [Variant::at(&bare, &bare, None), Variant::new(&full, &full)]
        })
        .collect();
    variants.extend(variants::all());
    for kafka in EitherKafka::both(here!()) {
        become_records(kafka, here!(), &variants, |serve| serve.arg("--unknown-events", "forward"));
    }
}

#[test]
fn notifications_are_counted_by_type_and_unknown_ones_together() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--unknown-events", "forward"));
    for body in [r#"{"type":"cdr","app_id":"a"}"#, r#"{"type":"more","app_id":"a"}"#] {
        assert_eq!(rig.post(&[], body).status, 200);
    }
    for sample in ["roomdrop", "roomdrop-numbers", "recording", "transcoded", "file-transfer-awss3"]
    {
        let path = format!("{}/tests/samples/{sample}.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(rig.post(&[], std::fs::read(path).unwrap()).status, 200);
    }

    for (label, count) in
        [("roomdrop", 2), ("recording", 1), ("transcoded", 1), ("file-transfer", 1), ("other", 2)]
    {
        let accepted = format!("hookbridge_accepted_total{{type=\"{label}\"}}");
        assert_eq!(rig.count(&accepted), count, "{label}");
    }
    assert_eq!(rig.outcomes(), [("published".to_owned(), 7)].into());
}
