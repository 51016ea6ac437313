//! `hookbridge redrive`: what passes goes back, what does not is left, and nothing is lost.

use crate::dead_letters::{code, many, post_as, serve};
use crate::support::HOOKBRIDGE;
use crate::support::rig::{SOON, USER};
use crate::support::tool::Ran;
use hookbridge::timestamp::Timestamp;
use std::process::Command;
use std::time::{Duration, SystemTime};
use testkit::children;
use testkit::consumer::{self, Seen};
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::notification::{APP_ID, ROOMDROP, ce_id};

/// What is said where the group is new.
pub(super) const ANEW: &str = "the brokers remember nothing of the group";
/// What is said where some were looked at for the last time.
const FOR_GOOD: &str = "no redrive of the group looks at them again";
/// The time to which `redrive::many` writes its dead letters.
const OLD: &str = "2026-07-03T08:48:43.450Z";
/// The `retention.ms` of topics that would delete them.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// The command on these topics; nothing of the environment's own gets through.
pub(super) fn command(brokers: &str, topic: &str, dead: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(HOOKBRIDGE.path());
    let topics = ["--brokers", brokers, "--topic", topic, "--dead-letter-topic", dead];
    command.arg("redrive").args(topics).args(["--log", "warn", "--group", topic]).args(flags);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKBRIDGE_") {
            command.env_remove(name);
        }
    }
    command
}

#[test]
fn what_passes_by_now_goes_back_and_the_rest_is_left() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let (brokers, topic) = (kafka.bootstrap(), here!().replace("::", "-"));
    let dead = format!("{topic}-dead");
    kafka.create_topic(&topic, 3, &[]);
    kafka.create_topic(&dead, 3, &[]);
    let bridge = serve(brokers.clone(), &topic, &dead).start();
    bridge.wait_ready(SOON);
    bridge.wait_for_metric(super::UP, SOON, |up| up == 1.0);
    let quiz = ROOMDROP.replace("roomdrop", "quiz");
    let quiz = [quiz.replace('{', "{ "), quiz];
    let others = ["no json", r#"{"type":"roomdrop","app_id":"app-1"}"#];
    for body in quiz.iter().map(String::as_str).chain(others) {
        assert_eq!(post_as(USER, &bridge, body).status, 200);
    }
    let first = consumer::to_end(&brokers, &dead);
    let redrive = |flags: &[&str]| {
        let flags = [&["--unknown-events", "forward"], flags].concat();
        Ran::from(children::output(&mut command(&brokers, &topic, &dead, &flags)).unwrap())
    };
    let forward = |flags: &[&str]| redrive(flags).well();
    let anew = |flags: &[&str]| redrive(flags).well_with(ANEW);
    let letters = || consumer::to_end(&brokers, &dead).len();

    let counted = anew(&["--dry-run"]);
    let expected = format!(
        "CODE                  APP_ID                    DEAD_LETTERS  WOULD_PASS\n\
         invalid_notification  app-1                                1           0\n\
         malformed_json        -                                    1           0\n\
         unknown_event         {APP_ID}             2           2\n"
    );
    assert_eq!(counted, expected);
    let counted = anew(&["--dry-run", "--output", "json", "--app-id", "app-1"]);
    let expected = format!(
        "{{\"topic\":\"{topic}\",\"dead_letter_topic\":\"{dead}\",\"dead_letters\":[{{\
         \"code\":\"invalid_notification\",\"app_id\":\"app-1\",\"count\":1,\"would_pass\":0}}]}}\n"
    );
    assert_eq!(counted, expected);
    assert_eq!(anew(&["--dry-run", "--code", "repeated_field"]), "no dead letters\n");
    let nowhere = format!("{topic}-nowhere");
    let mut astray = command(&brokers, &nowhere, &dead, &["--unknown-events", "forward"]);
    let said = Ran::from(children::output(&mut astray).unwrap()).complaint(1);
    assert!(said.contains(&format!("the brokers do not show the topic {nowhere}")), "{said}");
    assert_eq!(letters(), 4, "neither a dry run nor a topic that is not there writes anything");

    let said = anew(&["--app-id", APP_ID, "--since", "1h"]);
    let end = format!("at the end of {dead}\n");
    assert_eq!(said, format!("2 dead letters went to {topic}\n2 were not selected and are {end}"));
    let back = consumer::to_end(&brokers, &topic);
    assert_eq!(back.len(), 2);
    for record in &back {
        let body = String::from_utf8(record.value.clone()).unwrap();
        assert!(quiz.contains(&body), "{body}");
        assert_eq!(record.key.as_deref(), Some(APP_ID.as_bytes()));
        assert_eq!(record.header("ce_id"), Some(&*ce_id(APP_ID, &body)));
        assert_eq!(record.header("ce_type"), Some("video.quiz"));
        let before = first.iter().find(|before| before.value == record.value).unwrap();
        let facts = |record: &Seen| {
            let header = |name| record.header(name).map(str::to_owned);
            (header("hookbridge-received"), header("hookbridge-user"), record.timestamp_ms)
        };
        assert_eq!(facts(record), facts(before));
    }

    let left = format!("0 dead letters went to {topic}\n2 do not pass and are {end}");
    assert_eq!(forward(&["--rounds", "2"]), left);
    let seen = consumer::to_end(&brokers, &dead);
    let mut rounds: Vec<_> = seen.iter().filter_map(|it| it.header("hookbridge-rounds")).collect();
    rounds.sort_unstable();
    assert_eq!((seen.len(), rounds), (8, vec!["1", "1"]));
    assert!(seen.iter().all(|letter| !code(letter).is_empty()));
    let last =
        format!("0 dead letters went to {topic}\n2 do not pass and stay for good in {dead}\n");
    assert_eq!(redrive(&["--rounds", "2"]).well_with(FOR_GOOD), last);
    let nothing = format!(
        "{{\"topic\":\"{topic}\",\"dead_letter_topic\":\"{dead}\",\"published\":0,\"left\":0,\
         \"left_for_good\":0,\"not_taken\":0,\"passed_over\":0,\"foreign\":0}}\n"
    );
    assert_eq!(forward(&["--output", "json"]), nothing);
    assert_eq!(letters(), 8);
}

#[test]
fn redriven_records_outlive_the_retention_of_their_topic() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let (brokers, topic) = (kafka.bootstrap(), here!().replace("::", "-"));
    let [dead, compacted] = ["dead", "compacted"].map(|name| format!("{topic}-{name}"));
    kafka.create_topic(&topic, 1, &[("retention.ms", &RETENTION.as_millis().to_string())]);
    kafka.create_topic(&dead, 1, &[]);
    kafka.create_topic(&compacted, 1, &[("cleanup.policy", "compact")]);
    let began = Timestamp::from(SystemTime::now()).unix_millis();
    many::write(&brokers, &dead, &[ROOMDROP.to_owned()]);
    let redrive = |topic: &str| {
        Ran::from(children::output(&mut command(&brokers, topic, &dead, &[])).unwrap())
    };

    let refused = redrive(&compacted).complaint(2);
    assert!(refused.contains("--allow-compacted-topic"), "{refused}");
    assert_eq!(redrive(&topic).well_with(ANEW), format!("1 dead letter went to {topic}\n"));

    let back = consumer::to_end(&brokers, &topic).pop().expect("it is there");
    assert_eq!(back.header("hookbridge-received"), Some(OLD));
    assert!(began <= back.timestamp_ms, "{:?}", back.timestamp_ms);
}

#[test]
fn a_redrive_that_cannot_be_is_refused_with_the_reason() {
    let refused = |flags: &[&str]| {
        let mut command = command("127.0.0.1:1", "events", "dead", flags);
        Ran::from(children::output(&mut command).unwrap())
    };
    for (flags, word) in [
        (["--since", "yesterday"], "--since"),
        (["--dead-letter-topic", "events"], "--dead-letter-topic"),
        (["--rounds", "0"], "--rounds"),
    ] {
        let said = refused(&flags);
        let said = said.complaint(2);
        assert!(said.contains(word), "{said}");
    }
}
