//! Flags and files that cannot be taken: exit code 2, and the place that is to be mended.

use crate::life::PROGRAM;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use testkit::bridge::launch::Launch;

/// Flags whose value alone is wrong.
const VALUES: &[(&str, &str)] = &[
    ("--listen", "8080"),
    ("--admin-listen", "localhost:9090"),
    ("--path", "webhook"),
    ("--path", "/webhook?a=b"),
    ("--path", ""),
    ("--brokers", ""),
    ("--brokers", "a:9092,,b:9092"),
    ("--brokers", "a:9092 b:9092"),
    ("--topic", ""),
    ("--topic", ".."),
    ("--topic", "video/events"),
    ("--ack-timeout", "0s"),
    ("--ack-timeout", "1ms"),
    ("--ack-timeout", "1h"),
    ("--ack-timeout", "2500"),
    ("--validation", "none"),
    ("--unknown-events", "drop"),
    ("--invalid", "drop"),
    ("--max-body", "0"),
    ("--max-body", "many"),
    ("--max-in-flight-bytes", "1KiB"),
    ("--read-timeout", "0s"),
    ("--idle-timeout", "0s"),
    ("--max-connections", "0"),
    ("--workers", "0"),
    ("--source", ""),
    ("--source", "two words"),
    ("--source", "http://[::1"),
    ("--log", "post=loud"),
    ("--log", "inof"),
    ("--log", "info,"),
    ("--log", "post="),
    ("--log-format", "xml"),
    ("--kafka-property", "client.id"),
    ("--kafka-property", "no.such.property=1"),
    ("--kafka-property", "linger.ms=soon"),
];

/// What the promise rests on, under each of its names.
const REFUSED: &[&str] = &[
    "acks=1",
    "request.required.acks=1",
    "enable.idempotence=false",
    "enable.gapless.guarantee=true",
    "transactional.id=a",
    "transaction.timeout.ms=1000",
    "partitioner=random",
    "max.in.flight=6",
    "max.in.flight.requests.per.connection=6",
    "message.timeout.ms=1000",
    "delivery.timeout.ms=1000",
    "allow.auto.create.topics=true",
    "bootstrap.servers=a:9092",
    "metadata.broker.list=a:9092",
    "delivery.report.only.error=true",
];

/// Names of the brokers.
const BROKERS: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];

#[test]
fn a_value_that_cannot_be_taken_is_refused_under_its_flag() {
    for &(flag, value) in VALUES {
        // Given alone: a flag that is there twice is another fault.
        let script = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
        let mut serve = Launch::stand_in(&script).arg(flag, value).no_auth();
        if flag != "--brokers" {
            serve = serve.arg("--brokers", "127.0.0.1:1");
        }

        refused(&serve, &[flag]);
    }
}

#[test]
fn a_number_that_cannot_be_is_refused_with_what_is_wanted() {
    for (flag, values) in [
        ("--workers", ["0", "-1", "two", "65536"]),
        ("--max-connections", ["0", "-1", "1e3", "99999999999999999999"]),
    ] {
        for value in values {
            let serve = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg(flag, value);
            refused(&serve, &[flag, "a whole number from 1 to "]);
        }
    }
}

#[test]
fn a_value_in_the_environment_is_refused_as_its_flag_s_is() {
    for &(flag, value) in VALUES {
        let name = flag.trim_start_matches('-').replace('-', "_").to_uppercase();
        let script = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
        let serve = Launch::stand_in(&script).env("BROKERS", "127.0.0.1:1").env(&name, value);
        // The flags that every launch has would win over the environment.
        let serve = match flag {
            "--listen" | "--admin-listen" | "--log-format" => continue,
            _ => serve.no_auth(),
        };

        refused(&serve, &[flag]);
    }
}

#[test]
fn settings_that_break_the_promise_are_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    for property in REFUSED {
        let (name, _) = property.split_once('=').unwrap();
        let serve = HOOKBRIDGE.serve("127.0.0.1:1").no_auth();

        for flag in ["-X", "--kafka-property"] {
            let said = refused(&serve.clone().arg(flag, *property), &["--kafka-property", name]);
            assert!(said.contains(" may not be "), "{said}");
        }
        refused(&serve.clone().env("KAFKA_PROPERTY", *property), &["--kafka-property", name]);
        if BROKERS.contains(&name) {
            continue; // in a file they are taken
        }
        let file = file(&folder, &format!("# mine\nclient.id=a\n{property}\n"));
        let place = format!("--kafka-config {file}:3: {name} may not be ");
        refused(&serve.arg("--kafka-config", file), &[&place]);
    }
}

#[test]
fn a_bad_kafka_configuration_line_is_named_but_not_its_value() {
    let folder = TempDir::new().unwrap();
    for line in ["hush-hush", "no.such.property=hush-hush", "linger.ms=hush-hush"] {
        let file = file(&folder, &format!("\n# comment\nclient.id=a\n{line}\n"));
        let serve = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("--kafka-config", &file);

        let said = refused(&serve, &[&format!("--kafka-config {file}:4: ")]);

        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn properties_that_librdkafka_refuses_together_are_refused_too() {
    let serve = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("-X", "security.protocol=ssl");

    refused(
        &serve.arg("-X", "ssl.certificate.location=/no/such/file"),
        &["--kafka-config and --kafka-property", "ssl.certificate.location"],
    );
}

#[test]
fn a_body_that_no_record_can_hold_is_not_allowed_for() {
    let serve = HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("--max-in-flight-bytes", "2GB");

    refused(&serve.arg("--max-body", "1GB"), &["--max-body", "at most 999MB"]);
}

#[test]
fn who_may_post_must_be_said_and_said_once() {
    let serve = HOOKBRIDGE.serve("127.0.0.1:1");

    refused(&serve, &["--credentials", "--no-auth"]);
    refused(&serve.no_auth().credentials("user:plain:secret"), &["--credentials", "--no-auth"]);
}

#[test]
fn dead_letters_want_known_senders_and_a_topic_of_their_own() {
    let serve = HOOKBRIDGE.serve("127.0.0.1:1").arg("--invalid", "dead-letter");

    refused(&serve.clone().no_auth(), &["--invalid", "--no-auth"]);
    let serve = serve.credentials("user:plain:secret");
    refused(&serve.clone().arg("--dead-letter-topic", "video.events"), &["--dead-letter-topic"]);
    refused(&serve.arg("--dead-letter-topic", "a/b"), &["--dead-letter-topic"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let serve = HOOKBRIDGE.serve("127.0.0.1:1");
    let missing = ["/no/such/file", "No such file"];

    let said = refused(&serve.clone().arg("--credentials", missing[0]), &missing);
    assert!(said.contains("--credentials"), "{said}");
    let said = refused(&serve.no_auth().arg("--kafka-config", missing[0]), &missing);
    assert!(said.contains("--kafka-config"), "{said}");
}

#[test]
fn a_bad_line_of_the_credentials_is_named_without_its_text() {
    let folder = TempDir::new().unwrap();
    for line in ["hush-hush", "hush:$apr1$hush", "user:plain:hush ,", "hush hush:plain:"] {
        let file = file(&folder, &format!("# who\nother:plain:secret\n\n{line}\n"));
        let serve = HOOKBRIDGE.serve("127.0.0.1:1").arg("--credentials", &file);

        let said = refused(&serve, &[&format!("--credentials {file}: line 4: ")]);

        assert!(!said.contains("hush"), "{said}");
    }
    let nobody =
        HOOKBRIDGE.serve("127.0.0.1:1").arg("--credentials", file(&folder, "# nobody yet\n"));
    refused(&nobody, &["--credentials", "the file names no user"]);
}

#[test]
fn an_unknown_flag_and_a_missing_broker_are_refused() {
    refused(
        &HOOKBRIDGE.serve("127.0.0.1:1").no_auth().arg("--no-such-flag", "1"),
        &["--no-such-flag"],
    );
    let script = format!("exec {PROGRAM} serve \"$0\" \"$@\"");
    refused(&Launch::stand_in(&script).no_auth(), &["--brokers"]);
}

/// Runs what must not start: code 2, and these words on stderr, which are given back.
#[track_caller]
fn refused(serve: &Launch, words: &[&str]) -> String {
    let (status, said) = serve.run(SOON);
    assert_eq!(status.code(), Some(2), "{serve:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
    said
}

fn file(folder: &TempDir, text: &str) -> String {
    let file: &Path = &folder.path().join("file");
    fs::write(file, text).unwrap();
    file.to_str().unwrap().to_owned()
}
