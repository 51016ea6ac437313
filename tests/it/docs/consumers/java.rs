//! With `kafka-clients`, into `SQLite`.

use crate::docs::consumers::{Scene, said_to_be_kept};
use crate::docs::skip;
use testkit::here;
use testkit::jars::{Jars, Pom, is_on_path};
use testkit::leash::Leash;

#[test]
fn the_consumer_in_java_keeps_each_notification_once() {
    let Some(scene) = Scene::open(here!()) else { return };
    if !is_on_path("javac") || !Pom::Consumers.missing().is_empty() {
        return skip(here!(), "javac is needed, and mvn for what it compiles against");
    }
    let jars = Jars::fetched(Pom::Consumers).class_path();
    let program = scene.write("java", "Archive.java", "events.db");

    let java = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", &jars, &program];
    let running = Leash::start(scene.folder.path(), java);

    scene.assert_keeps_each_once(running, said_to_be_kept);
}
