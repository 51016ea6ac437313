//! SIGTERM while posts go to Kafka, while they are spooled, and while the spool is drained: the
//! bridge ends in time and in good order, what waits on disk stays there, and the next one drains it.

use crate::spool::{
    DRAINED_TOTAL, RECORDS, assert_kept, on_one_address, serve, spool_check, topic_of,
    wait_until_direct, wait_until_empty,
};
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::proxy::Network;
use testkit::senders::Load;

/// The drain sends at once what waits.
const SENT: Duration = Duration::from_secs(1);

/// The default of `--grace`.
const GRACE: Duration = Duration::from_secs(20);

#[test]
fn a_stop_in_any_state_ends_well_and_the_next_bridge_goes_on() {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(here!()) else { return };
    let (topic, spool) = (topic_of(here!()), tempfile::tempdir().unwrap());
    kafka.create_topic(&topic, 6, &[]);
    let serve = on_one_address(serve(proxy.address(), &topic, &spool));
    let mut bridge = serve.start();
    bridge.wait_ready(SOON);
    let senders = Load::paced(600, 60).projects(30).until_200().start(bridge.webhook());
    let stop_and_start = |bridge: &mut Bridge| {
        bridge.signal(Signal::TERM);
        let status = bridge.wait_exit(GRACE);
        assert!(status.success(), "{status}: {}", bridge.log());
        *bridge = serve.start();
    };

    wait_until_direct(&bridge);
    stop_and_start(&mut bridge);
    wait_until_direct(&bridge);

    proxy.set(Network::Cut);
    bridge.wait_for_metric(RECORDS, SOON, |records| records >= 2000.0);
    assert!(spool_check(&bridge).starts_with("spooling"));
    stop_and_start(&mut bridge);
    assert!(bridge.metric(RECORDS) >= 2000.0);

    // Slow enough to be met while it drains.
    proxy.set(Network::Slow(Duration::from_millis(100)));
    bridge.wait_for_metric(DRAINED_TOTAL, SOON, |drained| drained > 0.0);
    assert!(bridge.metric(RECORDS) > 0.0);
    stop_and_start(&mut bridge);
    proxy.set(Network::Sound);
    wait_until_direct(&bridge);

    let ledger = senders.stop();
    wait_until_empty(&bridge);
    ledger.assert_statuses(&[200]);
    assert_kept(here!(), &kafka.bootstrap(), &ledger);
}

#[test]
fn a_stop_with_frozen_brokers_does_not_look_like_a_failure() {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(here!()) else { return };
    let (topic, spool) = (topic_of(here!()), tempfile::tempdir().unwrap());
    kafka.create_topic(&topic, 3, &[]);
    let mut bridge = serve(proxy.address(), &topic, &spool).start();
    bridge.wait_ready(SOON);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    // The drain has a connection of its own once it has sent something.
    proxy.set(Network::Cut);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    proxy.set(Network::Sound);
    bridge.wait_for_log("posts go to kafka again", SOON);
    proxy.set(Network::Deaf);
    assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    bridge.wait_for_log("kafka is away", SOON);
    let_pass(SENT);
    let before = bridge.log().lines().count();

    bridge.signal(Signal::TERM);
    assert!(bridge.wait_exit(GRACE).success(), "{}", bridge.log());

    let log = bridge.log();
    let end: Vec<_> = log.lines().skip(before).collect();
    // That Kafka is away may be logged once more meanwhile.
    let looks_well =
        |line: &&str| line.contains("\"level\":\"INFO\"") || line.contains("health_log");
    assert!(end.iter().all(looks_well), "{end:#?}");
}
