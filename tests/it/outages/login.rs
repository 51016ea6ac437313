//! Brokers that do not let the bridge in: the reason is logged, and it heals without a restart.

use crate::outages::{BACK, KAFKA_UP, assert_taken, detail, timed_post};
use crate::support::HOOKBRIDGE;
use crate::support::problem::refusal;
use crate::support::rig::SOON;
use hookbridge::metrics::Outcome;
use testkit::bridge::launch::Launch;
use testkit::deadline::eventually;
use testkit::here;
use testkit::kafka::RealKafka;

/// Who the bridge is to the brokers.
pub(super) const USER: &str = "bridge";
pub(super) const PASSWORD: &str = "hush-2b7e";

/// Where it logs in.
pub(super) const LISTENER: (Option<&str>, &str) = (None, "SASL_PLAINTEXT");

const TOPIC: &str = "events";

/// The setting of a node that knows the bridge by this password.
pub(super) struct PlainUsers(String);

pub(super) fn plain_users(password: &str) -> PlainUsers {
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    PlainUsers(format!("{module} required user_{USER}=\"{password}\";"))
}

impl PlainUsers {
    pub(super) fn as_setting(&self) -> (&str, &str) {
        ("listener.name.further0.plain.sasl.jaas.config", &self.0)
    }
}

/// A bridge that logs in.
pub(super) fn serve(address: &str, topic: &str) -> Launch {
    let serve = HOOKBRIDGE.serve(address).arg("--topic", topic).no_auth();
    [
        "security.protocol=sasl_plaintext".to_owned(),
        "sasl.mechanism=PLAIN".to_owned(),
        format!("sasl.username={USER}"),
        format!("sasl.password={PASSWORD}"),
    ]
    .into_iter()
    .fold(serve, |serve, property| serve.arg("-X", property))
}

#[test]
fn a_refused_login_or_handshake_is_reported_with_its_reason() {
    let users = plain_users("another");
    let settings = [("sasl.enabled.mechanisms", "PLAIN"), users.as_setting()];
    let Some((kafka, addresses)) = RealKafka::own_with_listeners(here!(), &[LISTENER], &settings)
    else {
        return;
    };
    kafka.create_topic(TOPIC, 3, &[]);
    let [refused] = &addresses[..] else { panic!("one listener") };
    let tls = HOOKBRIDGE.serve(kafka.bootstrap()).arg("--topic", TOPIC).no_auth();
    let tls = tls.arg("-X", "security.protocol=ssl");
    let plain = HOOKBRIDGE.serve(refused).arg("--topic", TOPIC).no_auth();
    for (serve, address, reason) in [
        (serve(refused, TOPIC), refused, "SASL authentication error: Authentication failed"),
        (tls, &kafka.bootstrap(), "SSL"),
        (plain, refused, "Disconnected"),
    ] {
        let bridge = serve.start();

        eventually(SOON, &format!("{reason} is logged"), || {
            let said = detail(&bridge, "kafka");
            said.contains(reason) && said.contains(address.as_str())
        });

        assert_eq!(bridge.readyz().0, 503);
        assert_eq!(refusal(&timed_post(bridge.webhook()).0), (503, Outcome::Unavailable));
        bridge.wait_for_log("kafka is away", SOON);
        let log = bridge.log();
        let away = log.lines().find(|line| line.contains("kafka is away")).unwrap();
        assert!(away.contains(reason) && log.lines().count() < 20, "{log}");
    }
}

#[test]
fn a_password_learnt_later_by_the_brokers_needs_no_restart() {
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    let settings = [
        ("sasl.enabled.mechanisms", "SCRAM-SHA-256"),
        ("listener.name.further0.scram-sha-256.sasl.jaas.config", scram),
    ];
    let Some((kafka, addresses)) = RealKafka::own_with_listeners(here!(), &[LISTENER], &settings)
    else {
        return;
    };
    kafka.create_topic(TOPIC, 3, &[]);
    set_password(&kafka, "another");
    let bridge = serve(&addresses[0], TOPIC).arg("-X", "sasl.mechanism=SCRAM-SHA-256").start();
    eventually(SOON, "the reason is logged", || {
        detail(&bridge, "kafka").contains("SASL authentication error")
    });
    assert_eq!(bridge.metric(KAFKA_UP), 0.0);

    set_password(&kafka, PASSWORD);

    bridge.wait_ready(SOON);
    assert!(detail(&bridge, "kafka").starts_with("answers probes"));
    bridge.wait_ready(BACK);
    assert_taken(&bridge);
}

fn set_password(kafka: &RealKafka, password: &str) {
    let scram = format!("SCRAM-SHA-256=[password={password}]");
    let user = ["--entity-type", "users", "--entity-name", USER];
    let change = ["--alter", "--add-config", &scram];
    kafka.run("kafka.admin.ConfigCommand", &[&user[..], &change].concat());
}
