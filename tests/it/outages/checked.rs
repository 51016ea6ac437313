//! `hookbridge check` before brokers with TLS and logins: what it fails at is told apart.

use crate::check::Checked;
use crate::outages::login::{PASSWORD, USER};
use crate::outages::secured::{Listener, Secured};
use std::thread;
use testkit::here;

#[test]
fn a_check_tells_tls_login_and_rights_apart() {
    let Some(secured) = Secured::shared(here!()) else { return };
    let topic = "of-checks";
    secured.create_topic(topic, USER);
    let ca = format!("ssl.ca.location={}", secured.ca().display());
    let check = |listener, properties: &[&str], topic: &str| {
        let flags = ["--no-auth", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let kafka = ["--topic", topic, "--brokers", secured.address(listener), "-X", &ca];
        let given = properties.iter().flat_map(|property| ["-X", *property]);
        Checked::run(&flags.into_iter().chain(kafka).chain(given).collect::<Vec<_>>())
    };
    let (user, password) = (format!("sasl.username={USER}"), format!("sasl.password={PASSWORD}"));
    let login = ["security.protocol=sasl_ssl", "sasl.mechanism=PLAIN", &user];
    let known = [&login[..], &[&password]].concat();
    let unknown = [&login[..], &["sasl.password=wrong"]].concat();

    thread::scope(|scope| {
        scope.spawn(|| {
            let sound = check(Listener::Login, &known, topic);
            assert_eq!(sound.code, 0);
            sound.assert_finds("holds", "topic", "1 of 1 partitions take records");
            let hidden = check(Listener::Login, &known, "of-others");
            hidden.assert_finds("fails", "topic", "kafka-acls.sh");
        });
        scope.spawn(|| {
            let refused = check(Listener::Login, &unknown, topic);
            refused.assert_finds("fails", "brokers", "the login (SASL): ");
            refused.assert_finds("holds", "brokers", "takes connections");
        });
        scope.spawn(|| {
            let foreign = check(Listener::Foreign, &["security.protocol=ssl"], topic);
            foreign.assert_finds("fails", "brokers", "TLS: no broker answers");
            foreign.assert_finds("fails", "brokers", "the broker's certificate is refused");
        });
    });
}
