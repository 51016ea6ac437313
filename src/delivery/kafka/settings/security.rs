//! Whether TLS and SASL are set as they were meant, taken together.
//!
//! Promise: a password is not given to a client that would not use it, or not behind TLS that was
//! meant; a login that can never succeed is refused before it is tried. Whether a broker takes the
//! login is not known here.

use rdkafka::ClientConfig;

/// What is there for a login.
const LOGIN: [&str; 3] = ["sasl.username", "sasl.password", "sasl.mechanisms"];
/// What is there for TLS.
const TLS: [&str; 9] = [
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "ssl.key.pem",
    "ssl.key.password",
    "ssl.keystore.location",
    "ssl.keystore.password",
];
/// The files among them, and how the bridge itself says that there is none.
const FILES: [&str; 5] = [
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.crl.location",
];
const PROBE: &str = "probe";

/// The files that the properties name, each with its property.
pub(super) fn files(config: &ClientConfig) -> impl Iterator<Item = (&'static str, &str)> {
    FILES.into_iter().filter_map(|key| Some((key, given(config, key)?)))
}

/// Judges them.
pub(super) fn check(config: &ClientConfig) -> Result<(), String> {
    let first =
        |keys: &[&'static str]| keys.iter().find(|key| given(config, key).is_some()).copied();
    let Some(protocol) = given(config, "security.protocol").map(str::to_lowercase) else {
        if let Some(key) = first(&LOGIN) {
            return Err(format!(
                "{key} is set, but security.protocol is not, and without it nobody logs in and \
                 nothing is encrypted: sasl_ssl is meant, or sasl_plaintext where there is no TLS"
            ));
        }
        return match first(&TLS) {
            Some(key) => Err(format!(
                "{key} is set, but security.protocol is not, and without it nothing is encrypted: \
                 ssl is meant, or sasl_ssl"
            )),
            None => Ok(()),
        };
    };
    if !protocol.starts_with("sasl_") {
        return match first(&LOGIN) {
            Some(key) => Err(format!(
                "{key} is set, but security.protocol is {protocol}, with which nobody logs in: \
                 sasl_{protocol} is meant, or {key} is not"
            )),
            None => Ok(()),
        };
    }
    match given(config, "sasl.mechanisms") {
        None => Err(format!(
            "security.protocol is {protocol}, but sasl.mechanism is not set: SCRAM-SHA-512, \
             SCRAM-SHA-256 or PLAIN, as the brokers have it"
        )),
        Some("OAUTHBEARER") if !has_token(config) => {
            Err("sasl.mechanism is OAUTHBEARER, and there \
             is no way to a token: OIDC is not built in. SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN \
             work, and client certificates"
                .to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// Unsigned tokens, for brokers under test.
fn has_token(config: &ClientConfig) -> bool {
    let given = given(config, "enable.sasl.oauthbearer.unsecure.jwt");
    given.is_some_and(|given| ["true", "t", "1"].contains(&given.to_lowercase().as_str()))
}

/// The value that the operator has set.
fn given<'a>(config: &'a ClientConfig, key: &str) -> Option<&'a str> {
    config.get(key).filter(|value| !value.is_empty() && *value != PROBE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(properties: &[(&str, &str)]) -> String {
        let mut config = ClientConfig::new();
        for (key, value) in properties {
            config.set(*key, *value);
        }
        check(&config).err().unwrap_or_default()
    }

    #[test]
    fn what_is_set_as_it_is_meant_passes() {
        let user = [("sasl.username", "u"), ("sasl.password", "p")];
        for protocol in ["SASL_SSL", "sasl_plaintext"] {
            for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
                let set = [("security.protocol", protocol), ("sasl.mechanisms", mechanism)];
                assert_eq!(said(&[&set[..], &user].concat()), "");
            }
        }
        assert_eq!(said(&[("ssl.ca.location", "probe")]), "");
        assert_eq!(said(&[("security.protocol", "ssl"), ("ssl.ca.location", "/ca.pem")]), "");
        assert_eq!(said(&[("security.protocol", "plaintext"), ("ssl.ca.location", "/ca.pem")]), "");
    }

    #[test]
    fn a_login_that_nobody_would_use_is_refused() {
        for key in LOGIN {
            assert!(said(&[(key, "x")]).contains("security.protocol is not"), "{key}");
            let said = said(&[(key, "x"), ("security.protocol", "SSL")]);
            assert!(said.contains("security.protocol is ssl"), "{said}");
        }
        for key in TLS {
            assert!(said(&[(key, "x")]).contains("security.protocol is not"), "{key}");
        }
    }
}
