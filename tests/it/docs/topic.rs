//! The topic, and what the bridge may do with it, made by Kafka's own commands as `docs/deploy.md`
//! has them.

use crate::docs::page::code;
use crate::docs::skip;
use crate::support::shell::Shell;
use testkit::here;
use testkit::jars::{Jars, Pom};
use testkit::kafka::RealKafka;

const PAGE: &str = "docs/deploy.md";

/// Kafka's scripts, and the classes that they run.
const SCRIPTS: [(&str, &str); 2] = [
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-acls.sh", "org.apache.kafka.tools.AclCommand"),
];

#[test]
fn the_topic_and_its_rights_are_made_as_the_page_says() {
    let Some(kafka) = RealKafka::own(here!(), &RealKafka::GUARDED) else { return };
    if !Pom::Consumers.missing().is_empty() {
        return skip(here!(), "java and mvn are needed for Kafka's commands");
    }
    let jars = Jars::fetched(Pom::Consumers).class_path();
    let shell = Shell::new();
    for (script, class) in SCRIPTS {
        let java =
            "exec java -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error";
        shell.program(script, &format!("{java} -cp '{jars}' {class} \"$@\""));
    }
    let brokers = kafka.bootstrap();
    // There is one node here.
    let one = [("--replication-factor 3", "--replication-factor 1"), ("$BROKERS", &brokers)];
    let make = code(PAGE, "kafka-topics.sh ", &one);
    let allow = code(PAGE, "kafka-acls.sh ", &[("$BROKERS", &brokers)]);

    shell.run(&make).well();
    // As on the next day: it is there already.
    shell.run(&make).well();
    shell.run(&allow).well();

    let described =
        shell.run(&format!("kafka-topics.sh --bootstrap-server {brokers} --describe")).well();
    for text in ["PartitionCount: 6", "min.insync.replicas=2"] {
        assert_eq!(described.matches(text).count(), 2, "{text}: {described}");
    }
    assert!(described.contains("Topic: video.events.dead-letters"), "{described}");
    let listed = shell.run(&format!("kafka-acls.sh --bootstrap-server {brokers} --list")).well();
    for operation in ["WRITE", "DESCRIBE", "DESCRIBE_CONFIGS", "READ"] {
        let right = format!(
            "principal=User:hookbridge, host=*, operation={operation}, permissionType=ALLOW"
        );
        assert_eq!(listed.matches(&right).count(), 2, "{listed}");
    }
}
