//! What Kafka refuses for good goes to the dead-letter topic, and to the quarantine only where that
//! does not take it either.

use crate::dead_letters::{DEAD_LETTERED, code, post_as, redrive, serve};
use crate::support::problem::refusal;
use crate::support::rig::{SOON, USER};
use crate::support::spool::{SpoolFolder, record};
use crate::support::tool::Ran;
use hookbridge::metrics::Outcome;
use std::iter::repeat_with;
use std::time::Duration;
use testkit::children;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::exposition::Exposition;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::notification::{APP_ID, ce_id, of_length};

const DRAINED: Duration = Duration::from_secs(30);

#[test]
fn what_the_topic_refuses_is_kept_and_only_then_quarantined() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    // By its size, unsent; and by the broker, which alone knows how far a batch is compressed.
    for (codec, name) in [("none", "unsent"), ("lz4", "sent")] {
        let topic = format!("{}-{name}", here!().replace("::", "-"));
        let dead = format!("{topic}-dead");
        kafka.create_topic(&topic, 1, &[("max.message.bytes", "4000")]);
        kafka.create_topic(&dead, 1, &[("max.message.bytes", "8000")]);
        let text = |number: u32| random(if number.is_multiple_of(5) { 6000 } else { 20 });
        let texts: Vec<_> = (0..20).map(text).chain([random(12_000)]).collect();
        let rows =
            texts.iter().zip(0..).map(|(text, number)| record(&topic, "app-1", number, text));
        let folder = SpoolFolder::of(rows);

        let serve = serve(kafka.bootstrap(), &topic, &dead).arg("--spool", folder.dir());
        let bridge = serve.arg("-X", format!("compression.codec={codec}")).start();

        let is_direct = || bridge.readyz().1.to_string().contains("direct, 0 waiting");
        eventually(DRAINED, "posts go to Kafka", is_direct);
        assert_eq!(bridge.metric("hookbridge_spool_quarantined_total{what=\"row\"}"), 1.0);
        assert_eq!(bridge.metric("hookbridge_spool_dead_lettered_total"), 4.0);
        let kept = consumer::to_end(&kafka.bootstrap(), &dead);
        let kept: Vec<_> =
            kept.iter().map(|it| (code(it), it.key.as_deref(), &*it.value)).collect();
        let key = Some(&b"app-1"[..]);
        let large = texts.iter().filter(|text| text.len() == 6000);
        let expected = large.map(|text| ("record_refused", key, text.as_bytes()));
        assert_eq!(kept, expected.collect::<Vec<_>>(), "{name}");
        let taken = consumer::to_end(&kafka.bootstrap(), &topic);
        assert_eq!(taken.len(), 16, "{name}");
        let logged = "a record was refused and is on the dead-letter topic";
        assert!(bridge.log().contains(logged), "{}", bridge.log());

        let answer = post_as(USER, &bridge, of_length(6000));
        assert_eq!((answer.status, &answer.json()["code"]), (200, &"record_refused".into()));
        let refused = post_as(USER, &bridge, of_length(9000));
        assert_eq!(refusal(&refused), (413, Outcome::RecordRefused));
        assert_eq!(bridge.metric(DEAD_LETTERED), 1.0);
        let last = consumer::count(&kafka.bootstrap(), &dead, 5, SOON).pop().unwrap();
        assert_eq!(
            (code(&last), last.header("ce_type")),
            ("record_refused", Some("video.roomdrop"))
        );
        Exposition::settled(bridge.admin());
        if name == "unsent" {
            redriven_once_the_topic_takes_it(kafka, &topic, &dead);
        }
    }
}

/// Of five dead letters one is a notification, which the topic does not take yet.
fn redriven_once_the_topic_takes_it(kafka: &RealKafka, topic: &str, dead: &str) {
    let with = |flags: &[&str]| {
        let mut command = redrive::command(&kafka.bootstrap(), topic, dead, flags);
        Ran::from(children::output(&mut command).unwrap())
    };
    let again = || with(&[]);
    let left = |published: &str, left: usize| {
        format!("{published} to {topic}\n{left} do not pass and are at the end of {dead}\n")
    };

    assert_eq!(again().well_with(redrive::ANEW), left("0 dead letters went", 5));
    kafka.set_topic(topic, "max.message.bytes", "10000");
    assert_eq!(again().well(), left("1 dead letter went", 4));

    let taken = consumer::to_end(&kafka.bootstrap(), topic);
    let back = taken.iter().find(|record| record.value == of_length(6000).as_bytes());
    let back = back.expect("it is back");
    assert_eq!(back.header("hookbridge-code"), None);
    assert_eq!(back.header("ce_id"), Some(&*ce_id(APP_ID, of_length(6000))));

    kafka.set_topic(dead, "max.message.bytes", "4000");
    // What was not selected is not given up: it is there for the next one.
    for _ in 0..2 {
        let said = with(&["--code", "unknown_event"]).complaint(1);
        assert!(said.contains("which was not selected"), "{said}");
    }
    let said = again().complaint(1);
    assert!(said.contains(&format!("4 of them could not be written to {dead} again")), "{said}");
    assert_eq!(again().well(), format!("0 dead letters went to {topic}\n"));
}

/// A text that does not become smaller than three quarters of it.
pub(super) fn random(length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(length as u64);
    repeat_with(|| random.alphanumeric()).take(length).collect()
}
