//! The properties that the promise rests on: what may not be set, under each name, and why.
//!
//! A file that was written for other producers often says what the bridge does anyway; that passes.

/// What may not be set.
#[rustfmt::skip]
const REFUSED: &[Refused] = &[
    ("acks", &["all", "-1"], ACKS),
    ("request.required.acks", &["all", "-1"], ACKS),
    ("enable.idempotence", &["true"], "without it a retry could repeat a record or overtake one"),
    ("enable.gapless.guarantee", &[], "the bridge sets it where a gap would break the order"),
    ("transactional.id", &[], TRANSACTIONS),
    ("transaction.timeout.ms", &[], TRANSACTIONS),
    ("partitioner", &["murmur2_random"], "consumers rely on Java's default partitioner (murmur2 of the key)"),
    ("message.timeout.ms", &[], TIMEOUT),
    ("delivery.timeout.ms", &[], TIMEOUT),
    ("allow.auto.create.topics", &["false"], "a topic is never made by accident"),
    ("bootstrap.servers", &[], BROKERS),
    ("metadata.broker.list", &[], BROKERS),
    ("test.mock.num.brokers", &[], "it would replace --brokers"),
    ("delivery.report.only.error", &["false"], "a 200 waits for the report of success"),
];
const ACKS: &str = "a 200 means that all in-sync replicas have the record";
const TRANSACTIONS: &str = "the bridge does not use transactions";
const TIMEOUT: &str = "use --ack-timeout";
const BROKERS: &str = "use --brokers";

/// A property, the values of it that change nothing, and why it may not have others.
type Refused = (&'static str, &'static [&'static str], &'static str);

/// Whether a property may be set.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// The promise does not rest on it.
    Free,
    /// It says what the bridge does anyway.
    Anyway,
    /// It may not, and why.
    Refused(&'static str),
}

/// Judges a property.
pub(super) fn judge(key: &str, value: &str) -> Permission {
    // librdkafka takes topic properties with and without this prefix.
    let bare = key.strip_prefix("topic.").unwrap_or(key);
    match REFUSED.iter().find(|(name, ..)| *name == bare) {
        None => Permission::Free,
        Some((_, anyway, _)) if anyway.iter().any(|same| same.eq_ignore_ascii_case(value)) => {
            Permission::Anyway
        }
        Some((_, _, why)) => Permission::Refused(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_promise_rests_on_is_refused_under_each_name() {
        for (name, anyway, why) in REFUSED {
            for name in [(*name).to_owned(), format!("topic.{name}")] {
                assert_eq!(judge(&name, "1"), Permission::Refused(why), "{name}");
                for same in *anyway {
                    assert_eq!(judge(&name, same), Permission::Anyway, "{name}={same}");
                }
            }
        }
        assert_eq!(judge("linger.ms", "1"), Permission::Free);
    }
}
