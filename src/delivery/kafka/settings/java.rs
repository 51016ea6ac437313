//! Properties of Java's client, and what librdkafka wants in their place.
//!
//! Brokers' vendors write their examples for Java. Most names are the same; these are not, and
//! librdkafka would say no more than that it does not know them.

/// Java's name, and what to write.
const WANTED: &[(&str, &str)] = &[
    (
        "sasl.jaas.config",
        "librdkafka wants sasl.username and sasl.password, a line for each, with the values that \
         username= and password= have in it",
    ),
    ("ssl.truststore.location", TRUST),
    ("ssl.truststore.password", TRUST),
    ("ssl.truststore.type", TRUST),
    (
        "ssl.truststore.certificates",
        "librdkafka wants ssl.ca.location, the name of a file with these certificates",
    ),
    ("ssl.keystore.type", KEYS),
    (
        "ssl.keystore.certificate.chain",
        "librdkafka wants ssl.certificate.location, the name of a file with these certificates",
    ),
    ("ssl.keystore.key", "librdkafka wants ssl.key.location, the name of a file with this key"),
    ("ssl.protocol", TLS_VERSION),
    ("ssl.enabled.protocols", TLS_VERSION),
    ("ssl.provider", TLS_VERSION),
    ("sasl.client.callback.handler.class", LOGIN_CLASS),
    ("sasl.login.callback.handler.class", LOGIN_CLASS),
    ("sasl.login.class", LOGIN_CLASS),
    ("key.serializer", CLASS),
    ("value.serializer", CLASS),
    ("interceptor.classes", CLASS),
    ("metric.reporters", CLASS),
    ("buffer.memory", "librdkafka wants queue.buffering.max.kbytes, in KiB"),
    ("max.request.size", "librdkafka wants message.max.bytes"),
    ("max.block.ms", "a post waits for --ack-timeout: take the line out"),
    ("send.buffer.bytes", "librdkafka wants socket.send.buffer.bytes"),
    ("receive.buffer.bytes", "librdkafka wants socket.receive.buffer.bytes"),
];
const TRUST: &str = "librdkafka reads no Java trust store: it wants ssl.ca.location, a file of PEM \
                     certificates, which keytool -exportcert -rfc takes out of a store";
const KEYS: &str = "librdkafka wants none: ssl.keystore.location is a PKCS#12 file, which keytool \
                    -importkeystore -deststoretype PKCS12 makes of a Java store";
const TLS_VERSION: &str = "OpenSSL takes the best that both sides know: take the line out";
const LOGIN_CLASS: &str = "it names a Java class, and there is no Java here: log in with \
                           SCRAM-SHA-512, PLAIN or a client certificate";
const CLASS: &str = "it names a Java class, and the bridge needs none: take the line out";
const REGISTRY: &str = "the bridge asks no schema registry: take the line out";
const REGISTRIES: [&str; 2] = ["schema.registry.", "basic.auth."];

/// Java's way to say that a broker's certificate may have any name.
const NAME_CHECK: &str = "ssl.endpoint.identification.algorithm";

/// The mechanisms of SASL that work in any build.
const MECHANISMS: [&str; 4] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"];
const KERBEROS: &str = "GSSAPI";

/// What librdkafka wants in the place of this property, if it is one of Java's.
pub(super) fn wanted(key: &str, value: &str) -> Option<String> {
    if let Some((_, wanted)) = WANTED.iter().find(|(java, _)| *java == key) {
        return Some((*wanted).to_owned());
    }
    match key {
        NAME_CHECK if value.is_empty() => {
            Some("librdkafka wants none, where Java takes nothing".to_owned())
        }
        "sasl.mechanism" | "sasl.mechanisms" => mechanism(value),
        _ if REGISTRIES.iter().any(|registry| key.starts_with(registry)) => {
            Some(REGISTRY.to_owned())
        }
        _ => None,
    }
}

fn mechanism(value: &str) -> Option<String> {
    let known = MECHANISMS.iter().find(|known| known.eq_ignore_ascii_case(value));
    match known {
        Some(known) if *known == value => None,
        Some(known) => Some(format!("librdkafka wants {known}, in capitals")),
        None if value == "AWS_MSK_IAM" => Some(
            "it logs in with a Java class, and there is no Java here: MSK takes SCRAM-SHA-512 and \
             client certificates too"
                .to_owned(),
        ),
        None if value == KERBEROS => (!cfg!(feature = "gssapi")).then(|| {
            "Kerberos is not built in: cargo build --release --features gssapi builds it in"
                .to_owned()
        }),
        None => Some("librdkafka wants SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN".to_owned()),
    }
}
