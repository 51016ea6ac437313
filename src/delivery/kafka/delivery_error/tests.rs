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
fn every_code_has_its_row() {
    let marks = [Code::Begin, Code::End, Code::EndAll];
    let missing: Vec<_> =
        codes().filter(|code| row(*code).is_none() && !marks.contains(code)).collect();
    assert_eq!(missing, []);
    assert!(codes().count() > 150, "{}", codes().count());
}

#[test]
fn a_report_refuses_no_record_whatever_its_code() {
    for code in codes() {
        let (report, enqueue) = (Fault::in_report(code).verdict, Fault::at_enqueue(code).verdict);
        assert_ne!(report, Verdict::Refused, "{code:?}");
        assert_eq!(enqueue == Verdict::Refused, code == Code::MessageSizeTooLarge, "{code:?}");
    }
}

#[test]
fn only_the_client_s_own_size_check_blames_a_record() {
    assert_eq!(Fault::at_enqueue(Code::MessageSizeTooLarge).verdict, Verdict::Refused);
    assert_eq!(Fault::in_report(Code::MessageSizeTooLarge).verdict, Verdict::NotProof);
    for (code, verdict) in [
        (Code::QueueFull, Verdict::Local),
        (Code::Fatal, Verdict::Local),
        (Code::PurgeQueue, Verdict::Local),
        (Code::UnknownTopic, Verdict::Unacked),
        (Code::MessageTimedOut, Verdict::Unacked),
    ] {
        assert_eq!(Fault::at_enqueue(code).verdict, verdict);
        assert_eq!(Fault::in_report(code).verdict, verdict);
    }
}

#[test]
fn a_fault_is_named_by_its_code() {
    assert_eq!(Fault::in_report(Code::MessageTimedOut).to_string(), "MessageTimedOut");
}
