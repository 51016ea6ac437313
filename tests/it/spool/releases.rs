//! Releases of Kafka, old and new, and a cluster that goes from one to another while posts keep coming.

use crate::spool::{Scene, topic_of};
use std::time::Duration;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::zookeeper::SESSION;
use testkit::kafka::{RealKafka, SHORT_SESSION};
use testkit::senders::Load;

/// The last of each line that is tried, from the first whose `KRaft` is for production.
const RELEASES: [&str; 7] = ["3.3.2", "3.9.2", "4.0.2", "4.1.2", "4.2.1", "4.3.1", "4.4.0"];

/// The oldest line that is tried.
const WITH_ZOOKEEPER: &str = "2.8.2";

/// From which and to which a cluster goes.
const UPGRADE: (&str, &str) = ("3.9.2", "4.3.1");

/// Between two nodes: all replicas are in sync again, as an operator waits for.
const IN_SYNC: Duration = Duration::from_secs(8);

#[test]
#[ignore = "takes minutes: a start for each release"]
fn nothing_is_lost_or_overtaken_with_any_release_of_kafka() {
    for release in RELEASES {
        let Some(mut kafka) = RealKafka::of_release(here!(), release, SHORT_SESSION) else {
            return;
        };
        eprintln!("{}: Kafka {release}", here!());
        kafka.create_topic(&topic_of(here!()), 6, &[]);
        let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 60).projects(30));

        kafka.kill();
        scene.wait_until_spooled(100);
        kafka.start_again();

        scene.wait_until_direct();
        scene.close(&kafka.bootstrap());
    }
}

#[test]
#[ignore = "takes minutes: a ZooKeeper and a broker"]
fn nothing_is_lost_or_overtaken_with_a_kafka_on_zookeeper() {
    let Some(mut kafka) = RealKafka::with_zookeeper(here!(), WITH_ZOOKEEPER, &[]) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[]);
    let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 60).projects(30));

    kafka.kill();
    scene.wait_until_spooled(100);
    let_pass(SESSION);
    kafka.start_again();

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}

#[test]
#[ignore = "takes minutes: three nodes"]
fn nothing_is_lost_or_overtaken_while_nodes_restart_in_turn() {
    let Some(mut kafka) = RealKafka::three(here!(), &[]) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[("min.insync.replicas", "2")]);
    let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 60).projects(30));

    for node in [0, 1, 2, 0, 1, 2] {
        kafka.restart_one(node);
        let_pass(IN_SYNC);
    }

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}

#[test]
#[ignore = "takes minutes: three nodes of two releases"]
fn nothing_is_lost_or_overtaken_while_nodes_are_upgraded() {
    let (before, after) = UPGRADE;
    let Some(mut kafka) = RealKafka::three_of_release(here!(), before, &[]) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[("min.insync.replicas", "2")]);
    let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 60).projects(30));

    for node in 0..3 {
        kafka.upgrade_one(node, after);
        let_pass(IN_SYNC);
    }
    kafka.finish_upgrade("4.3");
    let_pass(IN_SYNC);

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}
