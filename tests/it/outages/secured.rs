//! A Kafka with TLS: listeners with certificates of every kind, and one where users log in.
//!
//! The tests of `certificates` and `withdrawn` share it, since a start takes longer than any of
//! them; topics and users' rights are each test's own.

use crate::outages::login::{PASSWORD, USER};
use crate::support::HOOKBRIDGE;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::kafka::RealKafka;
use testkit::kafka::acls::Operation;
use testkit::tls::{Authority, Identity};

/// Where its nodes are.
const HOST: &str = "127.0.0.1";
/// Of certificates that are good.
pub(super) const DAYS: i64 = 30;
/// Of those that are over.
pub(super) const OVER: i64 = -1;

/// What its listeners are for, in their order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listener {
    /// Wants a certificate of a client.
    Mutual,
    /// Its certificate is over.
    Expired,
    /// Its certificate is for another name.
    Misnamed,
    /// Its certificate is of another authority.
    Foreign,
    /// Users log in.
    Login,
}

/// See the module.
pub(super) struct Secured {
    pub(super) kafka: RealKafka,
    pub(super) authority: Authority,
    pub(super) other: Authority,
    folder: TempDir,
    addresses: Vec<String>,
}

impl Secured {
    /// Started by the first test that asks; none where there can be none.
    pub(super) fn shared(test: &str) -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Secured>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(test)).as_ref()
    }

    fn start(test: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let [authority, other] = ["ours", "theirs"].map(Authority::named);
        fs::write(folder.path().join("ca.pem"), authority.certificate()).unwrap();
        let stores = [
            authority.issue_to("broker", &[HOST], DAYS),
            authority.issue_to("broker", &[HOST], OVER),
            authority.issue_to("broker", &["kafka.example"], DAYS),
            other.issue_to("broker", &[HOST], DAYS),
            authority.issue_to("broker", &[HOST], DAYS),
        ];
        let mut settings: Vec<_> =
            RealKafka::GUARDED.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (place, store) in stores.iter().enumerate() {
            let file = keep(folder.path(), &format!("store-{place}"), store);
            let name = |setting| format!("listener.name.further{place}.ssl.{setting}");
            settings.push((name("keystore.type"), "PEM".to_owned()));
            settings.push((name("keystore.location"), file));
        }
        let name = |setting: &str| format!("listener.name.further0.ssl.{setting}");
        let ca = folder.path().join("ca.pem").to_str().unwrap().to_owned();
        settings.push((name("client.auth"), "required".to_owned()));
        settings.push((name("truststore.type"), "PEM".to_owned()));
        settings.push((name("truststore.location"), ca));
        let name = |mechanism: &str| format!("listener.name.further4.{mechanism}.sasl.jaas.config");
        let module = "org.apache.kafka.common.security";
        let plain = format!("{module}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";");
        settings.push((name("plain"), plain));
        for mechanism in ["scram-sha-256", "scram-sha-512"] {
            settings.push((name(mechanism), format!("{module}.scram.ScramLoginModule required;")));
        }
        let mechanisms = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512";
        settings.push(("sasl.enabled.mechanisms".to_owned(), mechanisms.to_owned()));
        let settings: Vec<_> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let listeners =
            [(None, "SSL"), (None, "SSL"), (None, "SSL"), (None, "SSL"), (None, "SASL_SSL")];
        let (kafka, addresses) = RealKafka::own_with_listeners(test, &listeners, &settings)?;
        let secured = Self { kafka, authority, other, folder, addresses };
        for bits in [256, 512] {
            secured.set_password(USER, bits);
        }
        Some(secured)
    }

    /// Lets this user log in with [`PASSWORD`], by the mechanism of SCRAM with so many bits.
    pub(super) fn set_password(&self, user: &str, bits: u16) {
        let scram = format!("SCRAM-SHA-{bits}=[password={PASSWORD}]");
        let user = ["--entity-type", "users", "--entity-name", user];
        let change = ["--alter", "--add-config", &scram];
        self.kafka.run("kafka.admin.ConfigCommand", &[&user[..], &change].concat());
    }

    /// Makes a topic that this principal may write to.
    pub(super) fn create_topic(&self, topic: &str, user: &str) {
        self.kafka.create_topic(topic, 1, &[]);
        for operation in [Operation::Write, Operation::Describe] {
            self.kafka.allow(user, operation, topic);
        }
    }

    pub(super) fn address(&self, listener: Listener) -> &str {
        &self.addresses[listener as usize]
    }

    /// Whom clients are to trust.
    pub(super) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Gives certificates to listeners that had others, all at once.
    pub(super) fn replace(&self, certificates: &[(Listener, Identity)]) {
        let changes = certificates.iter().map(|(listener, identity)| {
            let place = *listener as usize;
            let file = keep(self.folder.path(), &format!("new-{place}"), identity);
            (format!("listener.name.further{place}.ssl.keystore.location"), file)
        });
        let changes: Vec<_> = changes.collect();
        let changes: Vec<_> = changes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.kafka.set_node(&changes);
    }

    /// A bridge that speaks TLS, and trusts whom this file says.
    pub(super) fn serve(&self, listener: Listener, ca: &Path, topic: &str) -> Launch {
        let serve = HOOKBRIDGE.serve(self.address(listener)).arg("--topic", topic).no_auth();
        serve
            .arg("-X", "security.protocol=ssl")
            .arg("-X", format!("ssl.ca.location={}", ca.display()))
    }

    /// A bridge that logs in by this mechanism.
    pub(super) fn log_in(
        &self,
        mechanism: &str,
        [user, password]: [&str; 2],
        topic: &str,
    ) -> Launch {
        let serve = HOOKBRIDGE.serve(self.address(Listener::Login)).arg("--topic", topic).no_auth();
        [
            "security.protocol=sasl_ssl".to_owned(),
            format!("ssl.ca.location={}", self.ca().display()),
            format!("sasl.mechanism={mechanism}"),
            format!("sasl.username={user}"),
            format!("sasl.password={password}"),
        ]
        .into_iter()
        .fold(serve, |serve, property| serve.arg("-X", property))
    }
}

fn keep(folder: &Path, name: &str, identity: &Identity) -> String {
    let file = folder.join(format!("{name}.pem"));
    fs::write(&file, identity.store()).unwrap();
    file.to_str().unwrap().to_owned()
}
