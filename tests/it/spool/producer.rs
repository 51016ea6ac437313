//! A producer that dies: the one of posts, the one of the drain.

use crate::spool::{APPENDED, Scene, topic_of};
use crate::support::rig::SOON;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use testkit::deadline::eventually;
use testkit::here;
use testkit::mock::MockKafka;
use testkit::senders::Load;

const FATAL: &[RDKafkaRespErr] = &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER];

#[test]
fn all_arrive_in_order_with_a_fatal_error_of_a_producer() {
    let kafka = MockKafka::start();
    kafka.create_topic(&topic_of(here!()), 6);
    let load = Load::paced(150, 40).projects(20);
    let scene = Scene::open_with(here!(), kafka.bootstrap(), load, MockKafka::flags);

    for _ in 0..2 {
        // Posts go to Kafka: the next request is theirs.
        let spooled = scene.bridge.metric(APPENDED);
        kafka.request_errors(RDKafkaApiKey::Produce, FATAL);
        scene.bridge.wait_for_metric(APPENDED, SOON, |appended| appended > spooled);
        let replaced = "the Kafka producer had a fatal error and was replaced";
        eventually(SOON, "the producer is replaced", || scene.bridge.log().contains(replaced));
        scene.wait_until_direct();

        // Posts go to the spool: the next request is the drain's.
        kafka.broker_down();
        scene.wait_until_spooled(100);
        kafka.request_errors(RDKafkaApiKey::Produce, FATAL);
        kafka.broker_up();
        scene.wait_until_direct();
        assert!(scene.bridge.log().contains("the drain starts over"));
    }

    scene.close(&kafka.bootstrap());
}
