//! With `confluent_kafka`, into `SQLite`.

use crate::docs::consumers::Scene;
use crate::docs::skip;
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::leash::Leash;
use testkit::{children, here};

/// The one of the path may be another than the system's, which has the system's libraries.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// Prints what the consumer's table holds of the bridge; what else has a `ce_id` here has no body.
const KEPT: &str = r#"
import sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT id FROM events WHERE length(body) > 0 AND typeof(app_id) = 'text' ORDER BY id")
for (id,) in rows:
    print(id)
"#;

#[test]
fn the_consumer_in_python_keeps_each_notification_once() {
    let Some(scene) = Scene::open(here!()) else { return };
    let Some(python) = python(here!()) else { return };
    let script = scene.write("python", "consumer.py", "events.db");

    let running = Leash::start(scene.folder.path(), [python, &script]);

    scene.assert_keeps_each_once(running, |folder| kept(python, folder));
}

/// The notifications in the consumer's table; it may not have made it yet.
fn kept(python: &str, folder: &Path) -> Option<Vec<String>> {
    let mut look = Command::new(python);
    look.args(["-c", KEPT]).arg(folder.join("events.db"));
    let said = children::output(&mut look).unwrap();
    let ids = str::from_utf8(&said.stdout).unwrap().lines().map(str::to_owned).collect();
    said.status.success().then_some(ids)
}

/// A Python that has `confluent_kafka`. `None` where there is none, said under the name of `test`.
fn python(test: &str) -> Option<&'static str> {
    let has_it = |python: &&str| {
        let mut import = Command::new(python);
        import.args(["-c", "import confluent_kafka, sqlite3"]).stderr(Stdio::null());
        children::spawn(&mut import).is_ok_and(|mut child| child.wait().unwrap().success())
    };
    let found = PYTHONS.into_iter().find(has_it);
    if found.is_none() {
        skip(test, "confluent_kafka is needed, of Debian's package python3-confluent-kafka");
    }
    found
}
