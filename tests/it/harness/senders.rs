//! Senders keep their pace, note what they got, and repeat where they are to.

use crate::support::rig::{Rig, SOON};
use std::time::Instant;
use testkit::senders::Load;

const RECEIVED: &str = "hookbridge_received_total";
const UNAVAILABLE: &str = "hookbridge_outcomes_total{outcome=\"unavailable\"}";

#[test]
fn every_post_is_noted_once_and_its_bytes_are_its_own() {
    let rig = Rig::open();
    let senders = Load::steady(4).projects(2).start(rig.addr());
    rig.bridge().wait_for_metric(RECEIVED, SOON, |received| received > 40.0);

    let ledger = senders.stop();

    ledger.assert_statuses(&[200]);
    let topic = rig.records();
    assert_eq!(topic.len(), ledger.count(200));
    ledger.assert_kept(&topic);
    assert_eq!(ledger.verdict(&topic).repeated, 0);
}

#[test]
fn paced_senders_post_no_more_than_their_rate() {
    let rig = Rig::open();
    let start = Instant::now();
    let senders = Load::paced(200, 20).start(rig.addr());
    rig.bridge().wait_for_metric(RECEIVED, SOON, |received| received > 200.0);

    let ledger = senders.stop();

    // One of each sender comes at the beginning of the first interval.
    let most = 200.0 * start.elapsed().as_secs_f64() + 20.0;
    assert!(ledger.count(200) as f64 <= most, "{} and {most}", ledger.count(200));
}

#[test]
fn a_sender_repeats_only_on_demand_and_same_bytes_until_a_200() {
    let rig = Rig::on_mock(|serve| serve.no_auth().arg("--ack-timeout", "100ms"));
    rig.mock().broker_down();
    let once = Load::steady(1).start(rig.addr());
    rig.bridge().wait_for_metric(UNAVAILABLE, SOON, |refused| refused > 5.0);
    let once = once.stop();
    assert_eq!((once.count(200), rig.count(UNAVAILABLE)), (0, once.count(503) as u64));

    let stubborn = Load::steady(2).until_200().start(rig.addr());
    rig.bridge().wait_for_metric(UNAVAILABLE, SOON, |refused| refused > 20.0);
    rig.mock().broker_up();
    let stubborn = stubborn.stop();

    stubborn.assert_statuses(&[200]);
    assert!((2..20).contains(&stubborn.count(200)), "{}", stubborn.count(200));
    stubborn.assert_kept(&rig.records());
}
