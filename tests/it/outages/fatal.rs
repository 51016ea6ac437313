//! A producer that dies: librdkafka has errors that no retry mends, only a new producer.

use crate::outages::{KAFKA_UP, RECOVERED, wait_for_200};
use crate::support::problem::refusal;
use crate::support::rig::Rig;
use hookbridge::metrics::Outcome;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use testkit::notification::ROOMDROP;

#[test]
fn a_producer_with_a_fatal_error_is_replaced_and_posts_resume() {
    let rig = Rig::open();
    for _ in 0..2 {
        assert_eq!(rig.post(&[], ROOMDROP).status, 200);
        let fatal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
        rig.mock().request_errors(RDKafkaApiKey::Produce, &[fatal]);

        let lost = rig.post(&[], ROOMDROP);

        assert_eq!(refusal(&lost), (503, Outcome::Unavailable));
        wait_for_200(rig.bridge(), RECOVERED);
        assert_eq!(rig.bridge().metric(KAFKA_UP), 1.0);
    }
    let replaced = "the Kafka producer had a fatal error and was replaced";
    assert_eq!(rig.bridge().log().matches(replaced).count(), 2, "{}", rig.bridge().log());
}
