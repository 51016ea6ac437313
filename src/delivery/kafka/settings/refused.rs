//! The properties that the promise rests on: what may not be set, under each name, and why.
//!
//! A file that was written for other producers often says what the bridge does anyway; that passes.

/// What may not be set.
const REFUSED: &[Refused] = &[
    Refused { name: "acks", anyway: &["all", "-1"], why: ACKS },
    Refused { name: "request.required.acks", anyway: &["all", "-1"], why: ACKS },
    Refused {
        name: "enable.idempotence",
        anyway: &["true"],
        why: "without it a retry could repeat a record or overtake one",
    },
    Refused {
        name: "enable.gapless.guarantee",
        anyway: &[],
        why: "the bridge sets it where a gap would break the order",
    },
    Refused { name: "transactional.id", anyway: &[], why: TRANSACTIONS },
    Refused { name: "transaction.timeout.ms", anyway: &[], why: TRANSACTIONS },
    Refused {
        name: "partitioner",
        anyway: &["murmur2_random"],
        why: "consumers rely on Java's default partitioner (murmur2 of the key)",
    },
    Refused { name: "message.timeout.ms", anyway: &[], why: TIMEOUT },
    Refused { name: "delivery.timeout.ms", anyway: &[], why: TIMEOUT },
    Refused {
        name: "allow.auto.create.topics",
        anyway: &["false"],
        why: "a topic is never made by accident",
    },
    Refused { name: "bootstrap.servers", anyway: &[], why: BROKERS },
    Refused { name: "metadata.broker.list", anyway: &[], why: BROKERS },
    Refused { name: "test.mock.num.brokers", anyway: &[], why: "it would replace --brokers" },
    Refused {
        name: "delivery.report.only.error",
        anyway: &["false"],
        why: "a 200 waits for the report of success",
    },
];
const ACKS: &str = "a 200 means that all in-sync replicas have the record";
const TRANSACTIONS: &str = "the bridge does not use transactions";
const TIMEOUT: &str = "use --ack-timeout";
const BROKERS: &str = "use --brokers";

struct Refused {
    name: &'static str,
    /// The values that change nothing.
    anyway: &'static [&'static str],
    why: &'static str,
}

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
    match REFUSED.iter().find(|refused| refused.name == bare) {
        None => Permission::Free,
        Some(found) if found.anyway.iter().any(|same| same.eq_ignore_ascii_case(value)) => {
            Permission::Anyway
        }
        Some(found) => Permission::Refused(found.why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_promise_rests_on_is_refused_under_each_name() {
        for Refused { name, anyway, why } in REFUSED {
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
