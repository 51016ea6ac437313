//! A network between bridge and Kafka that closes connections, delays answers, or loses them.

use crate::spool::{Scene, topic_of};
use std::time::Duration;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::proxy::{Network, Proxy};
use testkit::senders::Load;

/// Some answers come before the deadline of a post, and some behind it.
const SLOW: Network = Network::Slow(Duration::from_millis(1500));

#[test]
fn nothing_is_lost_or_overtaken_when_the_network_fails() {
    let faults = [(Network::Cut, 3000), (SLOW, 5000), (Network::Deaf, 4000)];
    under_faults(here!(), Load::paced(100, 60).projects(30), &faults);
}

#[test]
#[ignore = "takes minutes: one outage after another"]
fn all_arrive_in_order_with_a_failing_network_and_few_posts() {
    under_faults(here!(), Load::paced(100, 60).projects(30), &random_faults(here!()));
}

#[test]
#[ignore = "takes minutes: one outage after another"]
fn all_arrive_in_order_with_a_failing_network_and_thousands() {
    under_faults(here!(), Load::paced(2000, 60).projects(30), &random_faults(here!()));
}

fn random_faults(test: &str) -> Vec<(Network, u64)> {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    eprintln!("{test}: seed {seed}");
    let faults = [Network::Cut, SLOW, Network::Deaf, Network::Slow(Duration::from_millis(50))];
    let mut fault = || (faults[random.usize(..faults.len())], random.u64(10..5000));
    (0..20).map(|_| fault()).collect()
}

/// Each fault lasts this many milliseconds.
fn under_faults(test: &'static str, load: Load, faults: &[(Network, u64)]) {
    let Some((kafka, proxy)) = RealKafka::shared_behind_proxy(test) else { return };
    kafka.create_topic(&topic_of(test), 6, &[]);
    let scene = Scene::open(test, proxy.address(), load);
    for (fault, millis) in faults {
        last(&proxy, *fault, Duration::from_millis(*millis));
        scene.wait_until_direct();
    }
    scene.close(&kafka.bootstrap());
}

fn last(proxy: &Proxy, fault: Network, time: Duration) {
    proxy.set(fault);
    let_pass(time);
    proxy.set(Network::Sound);
}
