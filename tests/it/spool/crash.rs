//! The bridge killed and started again on its spool, while senders repeat what they got no answer to.

use crate::spool::{
    RECORDS, assert_kept, on_one_address, serve, topic_of, wait_until_direct, wait_until_empty,
};
use crate::support::rig::SOON;
use fastrand::Rng;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::proxy::{Network, Proxy};
use testkit::senders::Load;

#[test]
fn all_arrive_in_order_with_a_bridge_killed_at_random_moments() {
    kill_at_random(here!(), 5);
}

#[test]
#[ignore = "takes minutes: fifty kills"]
fn all_arrive_in_order_with_a_bridge_killed_fifty_times() {
    kill_at_random(here!(), 50);
}

#[test]
fn a_second_bridge_on_the_same_folder_ends_and_names_it() {
    let spool = tempfile::tempdir().unwrap();
    let serve = serve("127.0.0.1:1".to_owned(), "events", &spool);
    let first = serve.start();

    let (status, log) = serve.run(SOON);

    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains(spool.path().to_str().unwrap()), "{log}");
    drop(first);
    // The lock goes with its process.
    drop(serve.start());
}

fn kill_at_random(test: &'static str, kills: u32) {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(test) else { return };
    let (topic, spool) = (topic_of(test), tempfile::tempdir().unwrap());
    kafka.create_topic(&topic, 6, &[]);
    let seed = fastrand::u64(..);
    let mut random = Rng::with_seed(seed);
    eprintln!("{test}: seed {seed}");
    let serve = on_one_address(serve(proxy.address(), &topic, &spool));
    let serve = serve.arg("--ack-timeout", "500ms");
    let mut bridge = serve.start();
    bridge.wait_ready(SOON);
    // Busy, so that a post is on its way to the disk at any moment.
    let senders = Load::paced(2000, 60).projects(30).until_200().start(bridge.webhook());

    for _ in 0..kills {
        let_something_wait(&bridge, &proxy, &mut random);
        bridge.kill();
        bridge = serve.start();
        bridge.wait_ready(SOON);
    }
    proxy.set(Network::Sound);
    wait_until_direct(&bridge);

    let ledger = senders.stop();
    wait_until_empty(&bridge);
    ledger.assert_statuses(&[200]);
    assert_kept(test, &kafka.bootstrap(), &ledger);
}

/// Returns at a random moment: while records wait on disk, or while they are drained.
fn let_something_wait(bridge: &Bridge, proxy: &Proxy, random: &mut Rng) {
    proxy.set(Network::Cut);
    let records = random.u32(1..2000);
    bridge.wait_for_metric(RECORDS, SOON, |spooled| spooled >= f64::from(records));
    if random.bool() {
        proxy.set(Network::Slow(Duration::from_millis(random.u64(..100))));
    }
    let_pass(Duration::from_millis(random.u64(..400)));
}
