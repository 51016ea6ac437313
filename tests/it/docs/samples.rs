//! What the pages show is what the bridge takes and says.

use crate::docs::page::code;
use crate::support::HOOKBRIDGE;
use crate::support::rig::Rig;
use testkit::notification::ROOMDROP;
use testkit::port::NOBODY;

#[test]
fn the_error_of_the_page_is_the_one_that_a_sender_gets() {
    let shown = code("docs/reference.md", "{\"pointer\"", &[]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let mut notification: serde_json::Value = serde_json::from_str(ROOMDROP).unwrap();
    notification.as_object_mut().unwrap().remove("app_id");

    let answer = Rig::open().post(&[], notification.to_string());

    assert_eq!(answer.json()["errors"], serde_json::json!([shown]));
}

#[test]
fn the_lines_of_credentials_on_the_page_are_taken() {
    let lines = code("docs/operate.md", "video:$2y$", &[]);

    let bridge = HOOKBRIDGE.serve(NOBODY).credentials(lines).start();

    assert!(bridge.log().contains("\"users\":2"), "{}", bridge.log());
}
