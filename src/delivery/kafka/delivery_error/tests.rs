//! Every code of librdkafka that there is, and what it is taken for.

use super::*;
use rdkafka::types::RDKafkaRespErr;
use std::ops::RangeInclusive;

/// Beyond librdkafka's own codes, which begin at -200, and the protocol's.
const NUMBERS: RangeInclusive<i32> = -1000..=1000;

/// Every code that librdkafka can report.
fn codes() -> impl Iterator<Item = Code> {
    NUMBERS.filter_map(|number| RDKafkaRespErr::try_from(number).ok()).map(Code::from)
}

#[test]
fn a_code_that_is_not_listed_says_that_no_ack_came() {
    let listed = NOT_PROOF.len() + LOCAL.len() + 1;
    let unacked = codes().filter(|code| meaning(*code) == Meaning::Unacked).count();
    assert_eq!(unacked, codes().count() - listed, "each listed code is one, and is listed once");
    assert!(codes().count() > 150, "{}", codes().count());
}

#[test]
fn a_report_refuses_no_record_whatever_its_code() {
    for code in codes() {
        let (report, enqueue) =
            (DeliveryError::in_report(code).meaning, DeliveryError::at_enqueue(code).meaning);
        assert_ne!(report, Meaning::Refused, "{code:?}");
        assert_eq!(enqueue == Meaning::Refused, code == Code::MessageSizeTooLarge, "{code:?}");
    }
}

#[test]
fn only_the_client_s_own_size_check_blames_a_record() {
    assert_eq!(DeliveryError::at_enqueue(Code::MessageSizeTooLarge).meaning, Meaning::Refused);
    assert_eq!(DeliveryError::in_report(Code::MessageSizeTooLarge).meaning, Meaning::NotProof);
    for (code, meaning) in [
        (Code::QueueFull, Meaning::Local),
        (Code::Fatal, Meaning::Local),
        (Code::PurgeQueue, Meaning::Local),
        (Code::UnknownTopic, Meaning::Unacked),
        (Code::MessageTimedOut, Meaning::Unacked),
    ] {
        assert_eq!(DeliveryError::at_enqueue(code).meaning, meaning);
        assert_eq!(DeliveryError::in_report(code).meaning, meaning);
    }
}

#[test]
fn an_error_is_named_by_its_code() {
    assert_eq!(DeliveryError::in_report(Code::MessageTimedOut).to_string(), "MessageTimedOut");
}
