//! Files of Kafka properties as vendors write them: what is taken, and what is said of the rest.

use crate::life::{PROGRAM, TOPIC};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;
use testkit::http::post;
use testkit::mock::MockKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kafka-properties.md");

/// Java's, and words of what librdkafka wants instead; each is the third line of a file.
const JAVA: &[(&str, &str)] = &[
    (
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
         username=\"hush\" password=\"hush\";",
        "sasl.username and sasl.password",
    ),
    ("sasl.mechanism=scram-sha-512", "SCRAM-SHA-512, in capitals"),
    ("sasl.mechanisms=plain", "PLAIN, in capitals"),
    ("sasl.mechanism=AWS_MSK_IAM", "MSK takes SCRAM-SHA-512 and client certificates"),
    #[cfg(not(feature = "gssapi"))]
    ("sasl.mechanism=GSSAPI", "Kerberos is not built in"),
    ("sasl.mechanism=hush", "SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN"),
    ("sasl.client.callback.handler.class=a.b.C", "a Java class"),
    ("ssl.truststore.location=/etc/hush.jks", "ssl.ca.location"),
    ("ssl.truststore.password=hush", "ssl.ca.location"),
    ("ssl.truststore.type=PEM", "ssl.ca.location"),
    ("ssl.keystore.type=PKCS12", "ssl.keystore.location is a PKCS#12 file"),
    ("ssl.keystore.key=hush", "ssl.key.location"),
    ("ssl.endpoint.identification.algorithm=", "wants none"),
    ("max.request.size=1000", "message.max.bytes"),
    ("key.serializer=a.b.C", "take the line out"),
    ("schema.registry.url=https://hush@registry", "take the line out"),
];

/// What librdkafka itself says, of names that it does not know and values that it does not take.
const WORDS: &[(&str, &str)] = &[
    ("no.such.property=hush", "No such configuration property: \"no.such.property\""),
    ("linger.ms=hush", "Invalid value for configuration property"),
    ("security.protocol=\"sasl_ssl\"", "the quotes are a part of it"),
    ("retries=-7", "is outside allowed range"),
    ("enable.sparse.connections=hush", "Expected bool value"),
    ("sasl.oauthbearer.method=oidc", "not supported in this build"),
];

/// Lines of Java's other forms, and one that continues another, whose secrets hold a `=`.
const NO_PROPERTIES: [&str; 6] = [
    "sasl.password: hush==",
    "sasl.password:hush=",
    "sasl.password hush=",
    "sasl.password\thush=1",
    "aHush==",
    "=hush",
];

/// Whole files that mean something else than they say, and words of what is said.
const TOGETHER: &[(&str, &str)] = &[
    ("sasl.username=hush\nsasl.password=hush", "security.protocol is not"),
    ("sasl.password=hush", "security.protocol is not"),
    ("ssl.key.password=hush", "security.protocol is not"),
    ("security.protocol=SSL\nsasl.username=hush\nsasl.password=hush", "security.protocol is ssl"),
    ("security.protocol=plaintext\nsasl.password=hush", "security.protocol is plaintext"),
    ("security.protocol=SASL_SSL\nsasl.username=a\nsasl.password=hush", "sasl.mechanism is not"),
    ("security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER", "no way to a token"),
    ("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN", "sasl.username and sasl.password"),
    ("security.protocol=ssl\nssl.ca.location=/no/such/ca.pem", "/no/such/ca.pem: No such file"),
    (
        "security.protocol=ssl\nssl.key.location=-----BEGIN PRIVATE KEY-----hush",
        "ssl.key.location: expected the path of a file",
    ),
    ("security.protocol=ssl\nssl.key.location=/no/such/key", "/no/such/key: No such file"),
];

/// A file that only its owner can read, and its folder.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kafka.properties");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (folder, file)
}

/// What is said of a file that is refused; never a value.
#[track_caller]
fn refused(text: &str) -> String {
    let (_folder, file) = file(text);
    let serve = HOOKBRIDGE.serve(NOBODY).no_auth().arg("--kafka-config", file.to_str().unwrap());
    let (status, said) = serve.run(SOON);
    assert_eq!(status.code(), Some(2), "{text}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains("hush"), "{said}");
    said
}

#[test]
fn java_properties_are_refused_with_what_librdkafka_wants() {
    for (line, wanted) in JAVA.iter().chain(WORDS) {
        let said = refused(&format!("# mine\n! too\n{line}\n"));

        let (name, _) = line.split_once('=').unwrap();
        assert!(said.contains("kafka.properties:3: ") && said.contains(name), "{line}: {said}");
        assert!(said.contains(wanted), "{wanted} is not in: {said}");
    }
}

#[test]
fn a_line_whose_only_equals_sign_is_the_secret_s_is_not_shown() {
    for line in NO_PROPERTIES {
        let (folder, file) = file(&format!("# mine\n! too\n{line}\n"));
        let serve = HOOKBRIDGE.serve(NOBODY).no_auth();
        for (serve, place) in [
            (serve.clone().arg("--kafka-config", file.to_str().unwrap()), "kafka.properties:3: "),
            (serve.clone().arg("-X", line), "--kafka-property: "),
        ] {
            let (status, said) = serve.run(SOON);

            assert_eq!(status.code(), Some(2), "{said}");
            assert!(said.contains(&format!("{place}expected key=value")), "{line}: {said}");
            assert!(!said.to_lowercase().contains("hush"), "{line}: {said}");
        }
        drop(folder);
    }
}

#[test]
fn what_contradicts_itself_is_refused_before_anything_is_sent() {
    for (text, wanted) in TOGETHER {
        let said = refused(text);

        assert!(said.contains("--kafka-config and --kafka-property"), "{text}: {said}");
        assert!(said.contains(wanted), "{wanted} is not in: {said}");
    }
}

#[test]
fn files_of_vendors_are_taken_as_they_are() {
    let kafka = MockKafka::start();
    let brokers = kafka.bootstrap();
    for text in [
        // Confluent's, for C.
        "# Required connection configs for Kafka producer, consumer, and admin\n\
         bootstrap.servers=pkc-4nym6.us-east-1.aws.confluent.cloud:9092\n\
         security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\n\
         sasl.username=key\nsasl.password=secret\n\n\
         # Best practice for higher availability in librdkafka clients prior to 1.7\n\
         session.timeout.ms=45000\nclient.id=ccloud-c-client-1\nacks=all\n",
        // Event Hubs'.
        "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=$ConnectionString\n\
         sasl.password=Endpoint=sb://n.servicebus.windows.net/;SharedAccessKey=a=\n",
        // MSK's.
        "security.protocol = SASL_SSL\r\nsasl.mechanism = SCRAM-SHA-512\r\n\
         sasl.username = a\r\nsasl.password = b\r\n\
         ssl.endpoint.identification.algorithm=https\r\n",
    ] {
        // One that begins as some editors begin it.
        for begin in ["", "\u{feff}"] {
            let (_folder, file) = file(&format!("{begin}{text}"));
            let serve = HOOKBRIDGE.serve(&brokers).no_auth();

            serve.arg("--kafka-config", file.to_str().unwrap()).start();
        }
    }
}

#[test]
fn the_docs_name_what_is_refused_and_their_examples_are_taken() {
    let docs = fs::read_to_string(DOCS).unwrap();
    for (line, _) in JAVA {
        let (name, _) = line.split_once('=').unwrap();
        let name = if name.starts_with("schema.registry.") { "schema.registry.*" } else { name };
        assert!(docs.contains(&format!("`{name}")), "{name} is not in {DOCS}");
    }
    let examples =
        docs.split("```properties\n").skip(1).filter_map(|rest| rest.split("```").next());
    // Of the one with certificates there are no files here.
    let examples: Vec<_> = examples.filter(|text| !text.contains("/etc/hookbridge")).collect();
    assert_eq!(examples.len(), 3, "{examples:?}");
    for text in examples {
        let (_folder, file) = file(text);
        let serve = HOOKBRIDGE.serve(NOBODY).no_auth();

        serve.arg("--kafka-config", file.to_str().unwrap()).start();
    }
}

#[test]
fn brokers_of_the_file_are_taken_where_the_flag_is_absent() {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 3);
    let serve = || {
        let script = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
        let serve = Launch::stand_in(&script).arg("--topic", TOPIC).no_auth();
        serve.arg("-X", "message.max.bytes=1000000")
    };
    let (_folder, of_mock) = file(&format!("bootstrap.servers = {}", kafka.bootstrap()));
    let (_folder2, of_nobody) = file(&format!("metadata.broker.list={NOBODY} , {NOBODY}"));
    for serve in [
        serve().arg("--kafka-config", of_mock.to_str().unwrap()),
        serve()
            .arg("--kafka-config", of_nobody.to_str().unwrap())
            .arg("--brokers", format!("{NOBODY}, {}", kafka.bootstrap())),
        serve().env("BROKERS", format!(" {} , {NOBODY}", kafka.bootstrap())),
    ] {
        let bridge = serve.start();

        bridge.wait_ready(SOON);
        assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 200);
    }
    for (text, wanted) in [
        ("client.id=a", "--brokers: name two or three brokers, or bootstrap.servers"),
        ("\nbootstrap.servers=a b", "kafka.properties:2: bootstrap.servers: expected host:port"),
        ("bootstrap.servers=SASL_SSL://a:1", "security.protocol in the place of"),
    ] {
        let (_folder, file) = file(text);
        let (status, said) = serve().arg("--kafka-config", file.to_str().unwrap()).run(SOON);
        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{wanted} is not in: {said}");
    }
}

#[test]
fn an_address_to_listen_on_is_no_name_and_that_is_said() {
    for flag in ["--listen", "--admin-listen"] {
        for address in ["localhost:8080", "8080", ":8080", "127.0.0.1"] {
            let (status, said) = HOOKBRIDGE.serve(NOBODY).no_auth().arg(flag, address).run(SOON);

            assert_eq!(status.code(), Some(2), "{said}");
            assert!(said.contains("an IP address and a port are wanted"), "{said}");
        }
    }
}
