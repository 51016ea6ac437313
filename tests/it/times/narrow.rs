//! A topic that takes a few seconds of times alone, and a clock that is far outside of them, before
//! anything was acked: only the broker's own words say what it takes.

use crate::times::clock::{Clocked, keeps_nothing_on_disk};
use crate::times::{AFTER_MAX, BEFORE_MAX, received_ms};
use testkit::consumer;
use testkit::here;
use testkit::http;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, numbered};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
const NARROW: [(&str, &str); 2] = [(BEFORE_MAX, "5000"), (AFTER_MAX, "5000")];

#[test]
fn a_clock_wrong_by_any_time_refuses_no_post_without_a_spool() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    for (number, ahead) in (0..).zip([40 * MINUTE_MS, -40 * MINUTE_MS, 500 * DAY_MS]) {
        let topic = format!("{}-{number}", test.replace("::", "-"));
        kafka.create_topic(&topic, 3, &NARROW);
        let bridge = Clocked::start(kafka, &topic, ahead, &[]);

        for number in 0..12 {
            let answer = http::post(bridge.addresses.webhook, PATH, &[], numbered(number));
            assert_eq!(answer.status, 200, "{ahead}: {}", answer.text());
        }

        let seen = consumer::to_end(&kafka.bootstrap(), &topic);
        assert_eq!(seen.len(), 12, "{ahead}");
        let off = |record| received_ms(record) - record.timestamp_ms - ahead;
        assert!(seen.iter().all(|record| off(record).abs() < MINUTE_MS / 6), "{ahead}: {seen:?}");
    }
}

#[test]
fn a_clock_wrong_by_forty_minutes_keeps_nothing_on_disk() {
    keeps_nothing_on_disk(here!(), &NARROW, 40 * MINUTE_MS);
}
