//! Each setting and its sentence.

use super::*;

const PLAN: Plan = Plan { largest_value: 1_048_576, compaction: Compaction::Refused };
const SOUND: Situation = Situation { replicas: 3, oldest: None };

fn config(settings: &[(&str, &'static str)]) -> TopicConfig {
    let find = |name: &str| settings.iter().find(|(known, _)| *known == name);
    TopicConfig::read(|name| find(name).map(|(_, value)| *value))
}

#[test]
fn kafkas_own_settings_and_unknown_ones_call_for_no_warning() {
    let own = config(&[
        ("cleanup.policy", "delete"),
        ("retention.ms", "604800000"),
        ("max.message.bytes", "1048588"),
        ("min.insync.replicas", "2"),
        ("message.timestamp.type", "CreateTime"),
        ("message.timestamp.before.max.ms", "9223372036854775807"),
        ("message.timestamp.after.max.ms", "3600000"),
    ]);
    assert_eq!(own.warnings(&PLAN, &SOUND), [""; 0]);
    let unlimited = config(&[("cleanup.policy", "delete"), ("retention.ms", "-1")]);
    assert_eq!(unlimited.warnings(&PLAN, &SOUND), [""; 0]);
    assert_eq!(config(&[]).warnings(&PLAN, &SOUND), [""; 0]);
}

#[test]
fn each_setting_that_deletes_or_alters_records_is_one_sentence() {
    for (settings, word) in [
        (&[("cleanup.policy", "compact")][..], "compact"),
        (&[("cleanup.policy", "compact, delete")], "compact"),
        (&[("cleanup.policy", "delete"), ("retention.ms", "3600000")], "retention.ms=3600000"),
        (&[("max.message.bytes", "4000")], "max.message.bytes=4000"),
        (&[("message.timestamp.before.max.ms", "5000")], "before.max.ms=5000"),
        (&[("message.timestamp.difference.max.ms", "5000")], "before.max.ms=5000"),
        (&[("message.timestamp.after.max.ms", "60000")], "after.max.ms=60000"),
    ] {
        let warnings = config(settings).warnings(&PLAN, &SOUND);
        assert!(warnings.len() == 1 && warnings[0].contains(word), "{settings:?}: {warnings:?}");
    }
    let alone = Situation { replicas: 1, ..SOUND };
    assert_eq!(config(&[]).warnings(&PLAN, &alone).len(), 1);
}

#[test]
fn retention_is_compared_with_the_oldest_row_if_times_are_kept() {
    let day = [("cleanup.policy", "delete"), ("retention.ms", "86400000")];
    let waiting = Situation { oldest: Some(Duration::from_secs(2 * 86400)), ..SOUND };
    let warnings = config(&day).warnings(&PLAN, &waiting);
    assert!(warnings.len() == 1 && warnings[0].contains("on disk"), "{warnings:?}");
    let appended = [&day[..], &[("message.timestamp.type", "LogAppendTime")]].concat();
    assert_eq!(config(&appended).warnings(&PLAN, &waiting), [""; 0]);
}

#[test]
fn an_old_record_is_sent_with_a_time_that_retention_keeps() {
    let day = [("cleanup.policy", "delete"), ("retention.ms", "86400000")];
    let (half, now) = (43_200_000, 1_790_000_000_000);
    let kept = |settings: &[_], age| {
        let [own, now] = [now - age, now].map(Timestamp::of_unix_millis);
        config(settings).kept_time(own, now).map(Timestamp::unix_millis)
    };
    assert_eq!([kept(&day, half - 1), kept(&day, -half)], [None; 2]);
    assert_eq!([kept(&day, half), kept(&day, i64::MAX)], [Some(now); 2]);
    let unlimited = [("cleanup.policy", "delete"), ("retention.ms", "-1")];
    let compacted = [("cleanup.policy", "compact"), ("retention.ms", "86400000")];
    let kafkas = [day[0], day[1], ("message.timestamp.type", "LogAppendTime")];
    assert_eq!([kept(&unlimited, now), kept(&compacted, now), kept(&kafkas, now)], [None; 3]);
}

#[test]
fn only_a_topic_that_keeps_nothing_else_is_compacted_only() {
    for (policy, only) in [("compact", true), ("delete", false), ("compact,delete", false)] {
        assert_eq!(TopicConfig::read(|_| Some(policy)).is_compacted_only(), only);
    }
}
