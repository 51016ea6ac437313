//! TLS and logins behind it, on a real Kafka: each fault is told with its cause, and heals without a
//! restart where the cause can.

use crate::outages::login::{PASSWORD, USER};
use crate::outages::secured::{DAYS, Listener, OVER, Secured};
use crate::outages::{KAFKA_UP, RECOVERED, assert_taken, detail, timed_post, wait_for_200};
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use std::fs;
use tempfile::tempdir;
use testkit::bridge::Bridge;
use testkit::deadline::eventually;
use testkit::here;
use testkit::kafka::acls::Operation;
use testkit::tls::Identity;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kafka-properties.md"));

const EXPIRED: &str = "10 (certificate has expired)";
const MISNAMED: &str = "64 (IP address mismatch)";
const FOREIGN: &str = "20 (unable to get local issuer certificate)";

/// What a broker says of a client's certificate that is over, and of one that it does not know, or
/// of none.
const OVER_THERE: &str = "alert certificate unknown";
const BAD: &str = "alert bad certificate";

const LATE: &str = "late";

#[test]
fn a_brokers_certificate_is_refused_with_its_fault_and_heals() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "of-brokers";
    secured.create_topic(topic, "ANONYMOUS");
    let temp = tempdir().unwrap();
    let [ca, spool] = ["ca.pem", "spool"].map(|name| temp.path().join(name));
    fs::copy(secured.ca(), &ca).unwrap();
    let serve = |listener| secured.serve(listener, &ca, topic);
    let foreign = serve(Listener::Foreign);
    let spooling = foreign.clone().arg("--spool", spool.to_str().unwrap()).start();
    let bridges = [
        (serve(Listener::Expired), EXPIRED, "ours"),
        (serve(Listener::Misnamed), MISNAMED, "ours"),
        (foreign, FOREIGN, "theirs"),
    ]
    .map(|(serve, fault, issuer)| {
        let told = format!(
            "the broker's certificate is refused: {fault} (subject=/CN=broker, issuer=/CN={issuer})"
        );
        (serve.start(), told)
    });
    for (bridge, told) in &bridges {
        assert_told(bridge, told);
    }
    assert_eq!(timed_post(spooling.webhook()).0.status, 200);

    let [expired, misnamed] = [&["127.0.0.1"][..], &["kafka.example", "127.0.0.1"]]
        .map(|names| secured.authority.issue_to("broker", names, DAYS));
    secured.replace(&[(Listener::Expired, expired), (Listener::Misnamed, misnamed)]);
    fs::write(&ca, secured.authority.certificate() + &secured.other.certificate()).unwrap();

    for (bridge, _) in &bridges {
        assert_healed(bridge);
    }
    eventually(SOON, "the spool is empty", || detail(&spooling, "spool") == "direct, 0 waiting");
}

#[test]
fn a_clients_certificate_logs_in_and_is_told_where_it_is_not_taken() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "of-clients";
    secured.create_topic(topic, &format!("CN={USER}"));
    let temp = tempdir().unwrap();
    let anonymous = secured.serve(Listener::Mutual, &secured.ca(), topic);
    let with = |name: &str, identity: &Identity| {
        let files = [("certificate", &identity.cert), ("key", &identity.key)];
        files.into_iter().fold(anonymous.clone(), |serve, (kind, pem)| {
            let file = temp.path().join(format!("{name}.{kind}"));
            fs::write(&file, pem).unwrap();
            serve.arg("-X", format!("ssl.{kind}.location={}", file.display()))
        })
    };
    let good = secured.authority.issue_to(USER, &[], DAYS);
    with("good", &good).start().wait_ready(SOON);
    let expired = with("expired", &secured.authority.issue_to(USER, &[], OVER));
    let foreign = with("foreign", &secured.other.issue_to(USER, &[], DAYS));
    let told = [(expired, OVER_THERE), (foreign, BAD), (anonymous.clone(), BAD)];
    let bridges = told.map(|(serve, told)| (serve.start(), told));
    for (bridge, told) in &bridges {
        assert!(PAGE.contains(told), "{told} is not on the page");
        assert_told(bridge, told);
        assert_told(bridge, "the broker refuses this client's certificate, or misses one");
    }

    for name in ["expired", "foreign"] {
        drop(with(name, &good));
    }

    for (bridge, _) in &bridges[..2] {
        assert_healed(bridge);
    }
    assert_eq!(bridges[2].0.readyz().0, 503);
}

#[test]
fn each_login_behind_tls_is_taken_and_a_wrong_one_is_told() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "of-users";
    secured.create_topic(topic, USER);
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let bridge = secured.log_in(mechanism, [USER, PASSWORD], topic).start();
        bridge.wait_ready(SOON);
        assert_taken(&bridge);
    }
    let refused = "SASL authentication error: Authentication failed";
    let scram = |bits| {
        let mechanism = format!("SCRAM-SHA-{bits}");
        let told = format!(
            "{refused} during authentication due to invalid credentials with SASL mechanism {mechanism}"
        );
        (secured.log_in(&mechanism, [LATE, PASSWORD], topic), told)
    };
    let plain = secured.log_in("PLAIN", [USER, "another"], topic);
    let bridges =
        [(plain, format!("{refused}: Invalid username or password")), scram(256), scram(512)]
            .map(|(serve, told)| (serve.start(), told));
    for (bridge, told) in &bridges {
        assert_told(bridge, told);
    }

    for bits in [256, 512] {
        secured.set_password(LATE, bits);
    }
    for (bridge, _) in &bridges[1..] {
        eventually(SOON, "it is let in", || detail(bridge, "kafka").contains("no right to see"));
    }
    for operation in [Operation::Write, Operation::Describe] {
        secured.kafka.allow(LATE, operation, topic);
    }

    for (bridge, _) in &bridges[1..] {
        assert_healed(bridge);
    }
    assert_eq!(bridges[0].0.readyz().0, 503);
}

/// Readiness and the log name the cause, and posts are refused.
#[track_caller]
fn assert_told(bridge: &Bridge, told: &str) {
    eventually(SOON, &format!("{told} is told"), || detail(bridge, "kafka").contains(told));
    bridge.wait_for_log("kafka is away", SOON);
    let log = bridge.log();
    let away = log.lines().find(|line| line.contains("kafka is away")).unwrap();
    assert!(away.contains(told) && log.lines().count() < 20, "{log}");
    assert_eq!((bridge.readyz().0, bridge.metric(KAFKA_UP)), (503, 0.0));
    assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
}

#[track_caller]
fn assert_healed(bridge: &Bridge) {
    bridge.wait_ready(SOON);
    wait_for_200(bridge, RECOVERED);
    assert_eq!(bridge.metric(KAFKA_UP), 1.0);
}
