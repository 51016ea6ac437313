//! A controller that is no broker and freezes: the brokers go on without it, as long as none of them
//! is missing.

use crate::spool::{APPENDED, Scene, topic_of};
use crate::support::rig::SOON;
use std::time::Duration;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::senders::Load;

/// Longer than brokers may be silent to the controller before it takes their leaders away (9 s).
const FROZEN: Duration = Duration::from_secs(20);

#[test]
#[ignore = "takes minutes: three nodes and a controller"]
fn nothing_is_lost_or_overtaken_while_the_controller_is_frozen() {
    let Some(mut kafka) = RealKafka::three_and_a_controller(here!(), &[]) else { return };
    kafka.create_topic(&topic_of(here!()), 6, &[("min.insync.replicas", "2")]);
    let scene = Scene::open(here!(), kafka.bootstrap(), Load::paced(300, 60).projects(30));
    let appended = || scene.bridge.metric(APPENDED);

    kafka.freeze_controller();
    let_pass(FROZEN);
    eprintln!("{}: frozen alone: {} records went to disk", here!(), appended());
    assert_eq!(appended(), 0.0);
    kafka.thaw_controller();
    let_pass(FROZEN);
    eprintln!("{}: thawed: {} records went to disk", here!(), appended());

    kafka.freeze_controller();
    kafka.kill_one(0);
    // Nobody gives its partitions another leader.
    let before = appended();
    scene.bridge.wait_for_metric(APPENDED, SOON, |appended| appended >= before + 500.0);
    assert_eq!(scene.bridge.readyz().0, 200);
    kafka.thaw_controller();
    scene.wait_until_direct();
    kafka.start_one_again(0);

    scene.wait_until_direct();
    scene.close(&kafka.bootstrap());
}
