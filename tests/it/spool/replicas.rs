//! Three nodes with a replica of the topic on each.

use crate::spool::{Scene, topic_of};
use crate::support::rig::SOON;
use std::time::{Duration, Instant};
use testkit::deadline::{eventually, let_pass};
use testkit::here;
use testkit::kafka::{RealKafka, SHORT_SESSION};
use testkit::senders::Load;

/// Every few seconds, leaders go back to where they were before a node was away.
const LEADERS_MOVE_BACK: [(&str, &str); 2] = [
    ("leader.imbalance.check.interval.seconds", "5"),
    ("leader.imbalance.per.broker.percentage", "0"),
];

const KAFKA_UP: &str = "hookbridge_kafka_up";

const UNREST: Duration = Duration::from_secs(120);

#[test]
#[ignore = "takes minutes: three nodes"]
fn posts_are_kept_until_enough_replicas_are_in_sync() {
    let Some(mut kafka) = RealKafka::three(here!(), SHORT_SESSION) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[("min.insync.replicas", "3")]);
    let load = Load::paced(150, 40).projects(20);
    let scene = Scene::open(here!(), kafka.bootstrap(), load);

    kafka.kill_one(2);
    scene.wait_until_spooled(500);
    eventually(SOON, "it says why", || {
        scene
            .bridge
            .readyz()
            .1
            .to_string()
            .contains("too few replicas in sync (min.insync.replicas=3)")
    });
    assert_eq!(scene.bridge.metric(KAFKA_UP), 0.0);
    kafka.start_one_again(2);

    scene.wait_until_direct();
    assert_eq!(scene.bridge.metric(KAFKA_UP), 1.0);
    scene.close(&kafka.bootstrap());
}

#[test]
#[ignore = "takes minutes: nodes come and go for two"]
fn nothing_is_lost_or_overtaken_while_nodes_come_and_go() {
    let settings = [SHORT_SESSION, &LEADERS_MOVE_BACK].concat();
    let Some(mut kafka) = RealKafka::three(here!(), &settings) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[("min.insync.replicas", "2")]);
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    eprintln!("{}: seed {seed}", here!());
    let load = Load::paced(200, 60).projects(30);
    let scene = Scene::open(here!(), kafka.bootstrap(), load);

    let start = Instant::now();
    while start.elapsed() < UNREST {
        let killed = random.usize(..3);
        let frozen = (killed + random.usize(1..3)) % 3;
        kafka.kill_one(killed);
        // With two of three away there is no majority, and no leader is chosen until the thaw.
        let_pass(Duration::from_millis(random.u64(..6000)));
        kafka.freeze_one(frozen);
        let_pass(Duration::from_millis(random.u64(..6000)));
        kafka.thaw_one(frozen);
        kafka.start_one_again(killed);
        let_pass(Duration::from_millis(random.u64(..6000)));
    }

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}
