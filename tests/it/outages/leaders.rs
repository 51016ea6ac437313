//! Brokers that name leaders whom the bridge cannot reach: such a topic is not there, whatever
//! its brokers say, and the address that fails is named with its reason.

use crate::check::Checked;
use crate::outages::{BACK, KAFKA_UP, PUBLISHED, assert_taken, detail, timed_post};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::net::TcpListener;
use std::time::Duration;
use testkit::deadline::{eventually, throughout};
use testkit::here;
use testkit::kafka::RealKafka;
use testkit::mock::MockKafka;
use testkit::port::free_port;

const PLAINTEXT: &str = "PLAINTEXT";

const WAITING: &str = "hookbridge_spool_records";

/// Clients are replaced after ten seconds, the probe's and the producer's.
const CORRECTED: Duration = Duration::from_secs(60);

const NO_LEADER: &str = "0 of 6 partitions have a leader that answers; no answer of the leader";

/// Long enough for every probe that could call it well.
const WATCHED: Duration = Duration::from_secs(12);

#[test]
fn unreachable_leaders_keep_it_unready_with_address_and_reason() {
    let refusing = format!("127.0.0.1:{}", free_port());
    // Bound and never accepted from: whoever connects waits.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let swallowing = silent.local_addr().unwrap().to_string();
    let nowhere = "nowhere.invalid:9092".to_owned();
    let named = [&refusing, &swallowing, &nowhere];
    let listeners = named.map(|address| (Some(address.as_str()), PLAINTEXT));
    let Some((kafka, addresses)) = RealKafka::own_with_listeners(here!(), &listeners, &[]) else {
        return;
    };
    kafka.create_topic("unreachable", 6, &[]);
    let bridges = addresses.iter().map(|address| {
        let spool = tempfile::tempdir().unwrap();
        let serve = HOOKBRIDGE.serve(address).arg("--topic", "unreachable").no_auth();
        let dir = spool.path().to_str().unwrap();
        (serve.clone().start(), serve.arg("--spool", dir).start(), spool)
    });
    let bridges: Vec<_> = bridges.collect();

    let reasons = ["Connection refused", "", "Failed to resolve"];
    for ((bridge, spooling, _), (address, reason)) in bridges.iter().zip(named.iter().zip(reasons))
    {
        for check in ["kafka", "topic"] {
            eventually(SOON, &format!("{check} names {address}"), || {
                let said = detail(bridge, check);
                said.contains(NO_LEADER) && said.contains(*address) && said.contains(reason)
            });
        }
        assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
        assert_eq!(timed_post(spooling.webhook()).0.status, 200);
    }
    let flags = ["--no-auth", "--topic", "unreachable", "--brokers", &addresses[0]];
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let checked = Checked::run(&[&flags[..], &ports].concat());
    checked.assert_finds("holds", "brokers", "takes connections");
    let unreached = format!("unreachable: no answer of the leader {refusing}: ");
    checked.assert_finds("fails", "brokers", &unreached);
    let mend = "advertised.listeners of that broker must lead there from this machine";
    checked.assert_finds("fails", "brokers", mend);
    throughout(WATCHED, || {
        for ((bridge, spooling, _), address) in bridges.iter().zip(named) {
            for check in ["kafka", "topic"] {
                let said = detail(bridge, check);
                let is_steady = said.contains(NO_LEADER) && said.contains(address);
                assert!(is_steady && !said.contains("not known now"), "{said}");
            }
            assert_eq!(bridge.readyz().0, 503);
            assert_eq!(spooling.readyz().0, 200);
            assert_eq!((bridge.metric(KAFKA_UP), spooling.metric(KAFKA_UP)), (0.0, 0.0));
        }
    });
}

#[test]
fn a_refusing_address_is_dropped_once_brokers_name_another() {
    let refusing = format!("127.0.0.1:{}", free_port());
    let listeners = [(Some(refusing.as_str()), PLAINTEXT)];
    let Some((mut kafka, addresses)) = RealKafka::own_with_listeners(here!(), &listeners, &[])
    else {
        return;
    };
    kafka.create_topic("corrected", 6, &[]);
    let spool = tempfile::tempdir().unwrap();
    let serve = HOOKBRIDGE.serve(&addresses[0]).arg("--topic", "corrected").no_auth();
    let bridge = serve.clone().start();
    let spooling = serve.arg("--spool", spool.path().to_str().unwrap()).start();
    for bridge in [&bridge, &spooling] {
        eventually(SOON, "the address is named", || detail(bridge, "kafka").contains(&refusing));
    }
    assert_eq!(timed_post(spooling.webhook()).0.status, 200);
    kafka.kill();
    kafka.correct_address(&refusing, &addresses[0]);

    kafka.start_again();

    for bridge in [&bridge, &spooling] {
        eventually(CORRECTED, "kafka is up", || bridge.metric(KAFKA_UP) == 1.0);
        bridge.wait_ready(SOON);
        eventually(CORRECTED, "a post is acked", || {
            timed_post(bridge.webhook()).0.status == 200 && bridge.metric(PUBLISHED) > 0.0
        });
    }
    eventually(CORRECTED, "nothing waits", || spooling.metric(WAITING) == 0.0);
    throughout(WATCHED, || assert_eq!(spooling.metric(KAFKA_UP), 1.0));
}

#[test]
fn one_unreachable_leader_of_three_does_not_stop_the_others() {
    let kafka = MockKafka::of(3);
    kafka.create_topic("events", 3);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", "events").no_auth();
    let bridge = serve.arg("-X", "message.max.bytes=1000000").start();
    bridge.wait_ready(SOON);

    kafka.one_down(2);

    eventually(SOON, "it is logged", || {
        detail(&bridge, "topic").contains("2 of 3 partitions have a leader that answers; no answer")
    });
    assert_eq!(bridge.readyz().0, 200);
    bridge.wait_for_log("some partitions take no records", SOON);
    kafka.broker_up();
    eventually(SOON, "it is over", || detail(&bridge, "topic").contains("3 of 3 partitions"));
    bridge.wait_for_log("all partitions take records", SOON);
    bridge.wait_ready(BACK);
    assert_taken(&bridge);
}
