//! A client that speaks another protocol than the listener: the reason is logged with the address,
//! in the words that `docs/kafka-properties.md` explains.

use crate::outages::detail;
use crate::outages::login::{LISTENER, plain_users, serve};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use testkit::children;
use testkit::deadline::eventually;
use testkit::here;
use testkit::kafka::RealKafka;

const TOPIC: &str = "events";

/// A reason that is not the first one is in the log once it has lasted for ten seconds.
const LOGGED: Duration = Duration::from_secs(60);

/// What librdkafka 2.12.1 says of each.
const CLOSED: &str = "Disconnected: connection closed by peer: receive 0 after POLLIN";
const CLOSED_TLS: &str = "Disconnected: SSL connection closed by peer";
const NO_TLS: &str = "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting \
                      to a PLAINTEXT broker listener?";
const NO_LOGIN: &str = "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current \
                        SASL state: broker's supported mechanisms: ";

/// Where TLS is spoken.
const TLS: (Option<&str>, &str) = (None, "SSL");
const SASL_TLS: (Option<&str>, &str) = (None, "SASL_SSL");

#[test]
fn a_protocol_unlike_the_listener_s_is_named_with_its_address() {
    let store = KeyStore::of("127.0.0.1");
    let users = plain_users("secret");
    let mut settings = vec![("sasl.enabled.mechanisms", "PLAIN"), users.as_setting()];
    settings.push(("listener.name.further2.plain.sasl.jaas.config", users.as_setting().1));
    let file = store.file();
    for listener in ["further1", "further2"] {
        let name = |setting| format!("listener.name.{listener}.ssl.keystore.{setting}");
        settings.push((name("location").leak(), &file));
        settings.push((name("type").leak(), "PKCS12"));
        settings.push((name("password").leak(), KeyStore::PASSWORD));
    }
    let listeners = [LISTENER, TLS, SASL_TLS];
    let Some((kafka, addresses)) = RealKafka::own_with_listeners(here!(), &listeners, &settings)
    else {
        return;
    };
    kafka.create_topic(TOPIC, 1, &[]);
    let [login, tls, login_tls] = &addresses[..] else { panic!("three listeners") };
    let plain = kafka.bootstrap();
    let ca = format!("ssl.ca.location={}", store.certificate());
    let client = |address: &str, protocol: &str| {
        let serve = HOOKBRIDGE.serve(address).arg("--topic", TOPIC).no_auth();
        let serve = serve.arg("-X", format!("security.protocol={protocol}"));
        if protocol == "ssl" { serve.arg("-X", ca.clone()) } else { serve }
    };
    let clients = [
        (client(login, "plaintext"), login, CLOSED),
        (client(tls, "plaintext"), tls, CLOSED),
        (client(login_tls, "plaintext"), login_tls, CLOSED),
        (serve(tls, TOPIC), tls, CLOSED),
        (client(login_tls, "ssl"), login_tls, CLOSED_TLS),
        (client(&plain, "ssl"), &plain, NO_TLS),
        (client(login, "ssl"), login, NO_TLS),
        (serve(&plain, TOPIC), &plain, NO_LOGIN),
    ];
    let bridges = clients.map(|(serve, address, words)| (serve.start(), address, words));
    for (bridge, address, words) in bridges {
        let reason = format!("no broker answers: {address}: {words}");

        eventually(SOON, &reason, || detail(&bridge, "kafka").starts_with(&reason));

        bridge.wait_for_log(&reason, LOGGED);
    }
    client(tls, "ssl").start().wait_ready(SOON);
}

/// A key and a certificate that it has signed itself.
struct KeyStore(TempDir);

impl KeyStore {
    const PASSWORD: &str = "hush-5c1d";

    /// For a broker at this address.
    fn of(address: &str) -> Self {
        let store = Self(TempDir::new().unwrap());
        let made = children::output(
            Command::new("keytool")
                .args(["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=broker"])
                .args(["-ext", &format!("san=ip:{address}"), "-storetype", "PKCS12"])
                .args(["-keystore", &store.file(), "-storepass", Self::PASSWORD]),
        );
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        store
    }

    /// The certificate as librdkafka reads it.
    fn certificate(&self) -> String {
        let file = self.0.path().join("broker.pem").to_str().unwrap().to_owned();
        let exported = children::output(
            Command::new("keytool")
                .args(["-exportcert", "-rfc", "-alias", "broker", "-file", &file])
                .args(["-keystore", &self.file(), "-storepass", Self::PASSWORD]),
        );
        assert!(exported.unwrap().status.success());
        file
    }

    fn file(&self) -> String {
        self.0.path().join("keys.p12").to_str().unwrap().to_owned()
    }
}
