//! A topic that the bridge may not write to: it is not ready, says which right is missing, and heals
//! when it is given.

use crate::outages::login::{self, LISTENER, PASSWORD, USER};
use crate::outages::{KAFKA_UP, RECOVERED, detail, timed_post, wait_for_200};
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use crate::support::tool::{Ran, Tool};
use hookbridge::metrics::Outcome;
use std::time::Duration;
use tempfile::tempdir;
use testkit::consumer;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::kafka::acls::Operation;
use testkit::senders::Load;

const TOPIC: &str = "guarded";
const ADVICE: &str = "--add --allow-principal User:bridge --operation Write --topic guarded";
const ADVICE_TO_SEE: &str =
    "--add --allow-principal User:bridge --operation Write --operation Describe --topic guarded";
const FATAL: &str = "the Kafka producer had a fatal error and was replaced";

/// Of producers that are refused, for more than one round of their longest pause.
const WATCHED: Duration = Duration::from_secs(6);

#[test]
fn a_missing_right_to_write_is_named_and_heals_when_given() {
    let Some((kafka, address)) = guarded(here!()) else { return };
    let bridge = login::serve(&address, TOPIC).start();
    let temp = tempdir().unwrap();
    let spooling = login::serve(&address, TOPIC).arg("--spool", temp.path().to_str().unwrap());
    let spooling = spooling.start();
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "the right is named", || detail(bridge, "kafka").contains(ADVICE));
        assert!(detail(bridge, "topic").contains(ADVICE));
    }

    throughout(WATCHED, || {
        assert_eq!(bridge.readyz().0, 503);
        assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
        assert_eq!(timed_post(spooling.webhook()).0.status, 200);
        assert_eq!((bridge.metric(KAFKA_UP), spooling.metric(KAFKA_UP)), (0.0, 0.0));
    });
    for bridge in [&bridge, &spooling] {
        let log = bridge.log();
        assert!(log.matches(FATAL).count() <= 1 && log.lines().count() < 20, "{log}");
    }

    kafka.allow(USER, Operation::Write, TOPIC);

    bridge.wait_ready(RECOVERED);
    wait_for_200(&bridge, RECOVERED);
    eventually(SOON, "the spool is empty", || detail(&spooling, "spool") == "direct, 0 waiting");
    assert_eq!((bridge.metric(KAFKA_UP), spooling.metric(KAFKA_UP)), (1.0, 1.0));
}

#[test]
fn kafka_is_not_well_while_posts_on_disk_wait_for_a_right() {
    let Some((kafka, address)) = guarded(here!()) else { return };
    kafka.allow(USER, Operation::Write, TOPIC);
    let temp = tempdir().unwrap();
    let bridge =
        login::serve(&address, TOPIC).arg("--spool", temp.path().to_str().unwrap()).start();
    bridge.wait_for_metric(KAFKA_UP, SOON, |up| up == 1.0);
    let senders = Load::steady(4).start(bridge.webhook());
    eventually(SOON, "posts are published", || detail(&bridge, "kafka").starts_with("acks"));

    kafka.forbid(USER, Operation::Write, TOPIC);
    eventually(SOON, "posts are kept", || detail(&bridge, "spool").starts_with("spooling"));
    eventually(SOON, "the right is named", || detail(&bridge, "kafka").contains(ADVICE));
    throughout(WATCHED, || {
        assert_eq!(bridge.metric(KAFKA_UP), 0.0, "{}", bridge.readyz().1);
    });
    kafka.allow(USER, Operation::Write, TOPIC);

    eventually(SOON, "posts go to Kafka", || detail(&bridge, "spool").starts_with("direct"));
    let posted = senders.stop();
    posted.assert_statuses(&[200]);
    eventually(SOON, "the spool is empty", || detail(&bridge, "spool") == "direct, 0 waiting");
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
    posted.assert_kept(&consumer::to_end(&kafka.bootstrap(), TOPIC));
}

#[test]
fn a_topic_hidden_by_rights_is_reported_so_and_not_as_missing() {
    let Some((kafka, address)) = closed(here!()) else { return };
    for (_, hidden) in [tail(&address).badly(1), redrive(&address).badly(1)] {
        assert!(hidden.contains("this user may not read the topic guarded"), "{hidden}");
    }
    let bridge = login::serve(&address, TOPIC).start();
    let temp = tempdir().unwrap();
    let spooling = login::serve(&address, TOPIC).arg("--spool", temp.path().to_str().unwrap());
    let spooling = spooling.start();
    for bridge in [&bridge, &spooling] {
        for check in ["kafka", "topic"] {
            eventually(SOON, "the rights are named", || {
                let said = detail(bridge, check);
                said.contains(ADVICE_TO_SEE) && !said.contains("missing")
            });
        }
        bridge.wait_for_log(ADVICE_TO_SEE, SOON);
        assert_eq!((bridge.readyz().0, bridge.metric(KAFKA_UP)), (503, 0.0));
        assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
    }

    kafka.allow(USER, Operation::Write, TOPIC);
    kafka.allow(USER, Operation::Describe, TOPIC);

    for bridge in [&bridge, &spooling] {
        bridge.wait_ready(RECOVERED);
        wait_for_200(bridge, RECOVERED);
    }
    // Whoever may write may see, and needs one right more to read, and none on any group.
    let (_, unread) = tail(&address).badly(1);
    assert!(unread.contains("--add --operation Read --topic guarded"), "{unread}");
    kafka.allow(USER, Operation::Read, TOPIC);
    assert!(tail(&address).well().starts_with("  record guarded, partition "));
    let (_, no_group) = redrive(&address).badly(1);
    assert!(no_group.contains("--add --operation Read --group hookbridge-redrive"), "{no_group}");
}

/// The topic as one of dead letters, for the same user.
fn redrive(address: &str) -> Ran {
    of_user(&["redrive", "--brokers", address, "--dead-letter-topic", TOPIC])
}

/// The first record of the topic, as the same user reads it.
fn tail(address: &str) -> Ran {
    of_user(&["tail", "--brokers", address, "--topic", TOPIC, "--from=beginning", "--count=1"])
}

fn of_user(arguments: &[&str]) -> Ran {
    let user = format!("sasl.username={USER}\nsasl.password={PASSWORD}");
    let how = format!("security.protocol=sasl_plaintext\nsasl.mechanism=PLAIN\n{user}");
    Tool::new(arguments).env("HOOKBRIDGE_KAFKA_PROPERTY", &how).run()
}

/// A node that lets the bridge see the topic and no more, and its address for the bridge.
fn guarded(test: &str) -> Option<(RealKafka, String)> {
    let (kafka, address) = closed(test)?;
    kafka.allow(USER, Operation::Describe, TOPIC);
    kafka.allow(USER, Operation::DescribeConfigs, TOPIC);
    Some((kafka, address))
}

/// The same without any right.
fn closed(test: &str) -> Option<(RealKafka, String)> {
    let users = login::plain_users(PASSWORD);
    let settings =
        [&RealKafka::GUARDED[..], &[("sasl.enabled.mechanisms", "PLAIN"), users.as_setting()]];
    let (kafka, addresses) = RealKafka::own_with_listeners(test, &[LISTENER], &settings.concat())?;
    kafka.create_topic(TOPIC, 3, &[]);
    let [address] = addresses.try_into().unwrap();
    Some((kafka, address))
}
