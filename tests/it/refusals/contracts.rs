//! What is refused under the tolerant flags.

use crate::support::problem::{Problem, refusal};
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use serde_json::json;
use testkit::notification::ROOMDROP;

#[test]
fn the_envelope_asks_for_type_and_app_id_alone() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--validation", "envelope"));
    for (body, faults) in [
        (json!({"type": "roomdrop"}), &[("#/app_id", "missing_field")][..]),
        (json!({"app_id": "a"}), &[("#/type", "missing_field")]),
        (json!({"type": 1, "app_id": " "}), &[("#/type", "wrong_type"), ("#/app_id", "blank")]),
        (json!({"room_id": []}), &[("#/type", "missing_field"), ("#/app_id", "missing_field")]),
    ] {
        let answer = rig.post(&[], body.to_string());
        assert_eq!(refusal(&answer), (422, Outcome::InvalidNotification), "{body}");
        assert_eq!(Problem::of(&answer).faults(), faults, "{body}");
    }
    let unknown = json!({"type": "cdr", "app_id": "a"}).to_string();
    assert_eq!(refusal(&rig.post(&[], unknown)), (422, Outcome::UnknownEvent));
    for malformed in [&ROOMDROP[..20], "[]"] {
        assert_eq!(rig.post(&[], malformed).status, 400, "{malformed}");
    }
}

#[test]
fn new_types_need_an_envelope_and_known_types_their_contract() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--unknown-events", "forward"));
    for (body, faults) in [
        (json!({"type": "cdr"}), &[("#/app_id", "missing_field")][..]),
        (json!({"type": "x".repeat(129), "app_id": "a"}), &[("#/type", "wrong_type")]),
        (json!({"type": "é".repeat(65), "app_id": "a"}), &[("#/type", "wrong_type")]),
        (json!({"type": "a\u{7}", "app_id": "a"}), &[("#/type", "wrong_type")]),
        (
            json!({"type": "roomdrop", "app_id": "a", "trans_date": 1, "room_id": 2}),
            &[("#/conf_num", "missing_field")],
        ),
    ] {
        let answer = rig.post(&[], body.to_string());
        assert_eq!(refusal(&answer), (422, Outcome::InvalidNotification), "{body}");
        assert_eq!(Problem::of(&answer).faults(), faults, "{body}");
    }
}
