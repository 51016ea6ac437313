//! With Kafka Connect, into a file: every notification is passed on as it is, and a repeat too.

use crate::docs::consumers::{READ, Scene, write_others};
use crate::docs::skip;
use std::fs;
use testkit::deadline::wait_for;
use testkit::here;
use testkit::jars::{Jars, Pom};
use testkit::leash::Leash;
use testkit::notification::ROOMDROP;
use testkit::port::free_port;

#[test]
fn the_connector_passes_on_posts_and_nothing_of_others() {
    let Some(scene) = Scene::open(here!()) else { return };
    if !Pom::Consumers.missing().is_empty() {
        return skip(here!(), "java and mvn are needed for Kafka Connect");
    }
    let jars = Jars::fetched(Pom::Consumers).class_path();
    let connector = scene.write("properties", "connector.properties", "events.txt");
    // The converters are those of the worker that Kafka ships.
    let worker = format!(
        "bootstrap.servers={}\nlisteners=http://127.0.0.1:{}\noffset.storage.file.filename={}\n\
         offset.flush.interval.ms=1000\nplugin.discovery=service_load\n\
         key.converter=org.apache.kafka.connect.json.JsonConverter\n\
         value.converter=org.apache.kafka.connect.json.JsonConverter\n",
        scene.brokers,
        free_port(),
        scene.path("offsets"),
    );
    fs::write(scene.path("worker.properties"), worker).unwrap();
    write_others(&scene.brokers, &scene.topic);
    for sample in [ROOMDROP, include_str!("../../../samples/recording.json"), ROOMDROP] {
        scene.post(sample);
    }
    write_others(&scene.brokers, &scene.topic);
    scene.post(&ROOMDROP.replace("roomdrop\"", "roomdrop\" "));

    let class = "org.apache.kafka.connect.cli.ConnectStandalone";
    let worker = scene.path("worker.properties");
    let java = ["java", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", &jars];
    let java = java.into_iter().chain([class, &worker, &connector]);
    let running = Leash::start(scene.folder.path(), java);

    let lines = wait_for(READ, "the sink has written all", || {
        assert!(running.is_running(), "Kafka Connect ended:\n{}", running.log_tail());
        let text = fs::read_to_string(scene.path("events.txt")).ok()?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        (lines.iter().filter(|line| line.contains("type=")).count() >= 4).then_some(lines)
    });
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((count("type=roomdrop"), count("type=recording")), (3, 1), "{lines:?}");
    // Of others, only what has a ce_id: two records each time, without a body.
    assert_eq!((count("null"), lines.len()), (4, 8), "{lines:?}");
    running.kill();
}
