//! With `franz-go`, into bbolt. The versions are in `tests/consumers/go.mod`.

use crate::docs::consumers::{Scene, said_to_be_kept};
use crate::docs::skip;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::deadline::wait_exit;
use testkit::jars::is_on_path;
use testkit::leash::Leash;
use testkit::{children, here};

/// Compiling takes half a minute the first time; what it needs is fetched before.
const BUILT: Duration = Duration::from_secs(300);

#[test]
fn the_consumer_in_go_keeps_each_notification_once() {
    let Some(scene) = Scene::open(here!()) else { return };
    if !is_on_path("go") {
        return skip(here!(), "go is needed, 1.24 or newer");
    }
    scene.write("go", "main.go", "events.db");
    for file in ["go.mod", "go.sum"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consumers").join(file);
        fs::copy(from, scene.path(file)).unwrap();
    }
    let mut build = Command::new("go");
    build.args(["build", "-o", "archive", "."]).current_dir(scene.folder.path());
    let mut build = children::spawn(build.stdin(Stdio::null())).unwrap();
    assert!(wait_exit(&mut build, BUILT, "go build").success());

    let running = Leash::start(scene.folder.path(), [&*scene.path("archive")]);

    scene.assert_keeps_each_once(running, said_to_be_kept);
}
