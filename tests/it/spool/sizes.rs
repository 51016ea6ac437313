//! Records on disk that are larger than their topic takes.

use crate::spool::{DRAINED, ROWS_QUARANTINED, spool_check, topic_of};
use crate::spool_command::run;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::spool::{SpoolFolder, record, value};
use rustix::process::Signal;
use testkit::consumer;
use testkit::deadline::eventually;
use testkit::here;
use testkit::kafka::RealKafka;

const REFUSED: &str = "a batch was refused";
const FIRST: &str = "a record is larger than its topic takes and is quarantined";
const MORE: &str = "more records were quarantined";

#[test]
fn rows_that_are_too_large_are_quarantined_and_others_pass() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = topic_of(here!());
    kafka.create_topic(&topic, 1, &[("max.message.bytes", "4000")]);
    let large = "x".repeat(5_000);
    let is_large = |number: u32| number.is_multiple_of(3);
    let text = |number| if is_large(number) { large.clone() } else { value(number) };
    let folder = SpoolFolder::of((0..90).map(|n| record(&topic, "app-1", n, &text(n))));

    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", &topic);
    let mut bridge = serve.arg("--spool", folder.dir()).start();

    eventually(DRAINED, "posts go to Kafka", || spool_check(&bridge) == "direct, 0 waiting");
    assert_eq!(bridge.metric(ROWS_QUARANTINED), 30.0);
    let seen = consumer::to_end(&kafka.bootstrap(), &topic);
    let seen: Vec<_> = seen.into_iter().map(|r| String::from_utf8(r.value).unwrap()).collect();
    assert_eq!(seen, (0..90).filter(|n| !is_large(*n)).map(value).collect::<Vec<_>>());
    bridge.signal(Signal::TERM);
    bridge.wait_exit(SOON);
    let log = bridge.log();
    let lines = |text| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!((lines(REFUSED), lines(FIRST), lines(MORE)), (0, 1, 1), "{log}");
    assert!(log.contains("\"records\":29"), "{log}");
    let listed = run(&folder, "list", &[]).well();
    assert!(listed.contains("MessageSizeTooLarge"), "{listed}");
}
