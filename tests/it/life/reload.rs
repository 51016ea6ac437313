//! Files that are read again while the bridge runs: at a change, and at SIGHUP.

use crate::life::running_with;
use crate::support::rig::SOON;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::deadline::{eventually, let_pass};
use testkit::exposition::Exposition;
use testkit::http::{Connection, basic, post, request};
use testkit::notification::{PATH, ROOMDROP};

/// Between looks at the file.
const LOOKS: &str = "100ms";
/// Longer than a change must have been there, and a look after it.
const TWO_LOOKS: Duration = Duration::from_secs(2);

const LOADED: &str = r#"hookbridge_reloads_total{what="credentials",result="success"}"#;
const FAILED: &str = r#"hookbridge_reloads_total{what="credentials",result="failure"}"#;

#[test]
fn a_changed_file_is_in_force_without_a_restart() {
    let (bridge, _kafka) = running_with(|serve| restricted(serve, LOOKS));
    let mut open = Connection::open(bridge.webhook());
    assert_eq!(post_on(&mut open, "video", "old"), 200);

    write(&bridge, "video:plain:new\nother:plain:x\n");

    eventually(SOON, "the new file is in force", || status(&bridge, "other", "x") == 200);
    assert_eq!(status(&bridge, "video", "new"), 200);
    assert_eq!(post_on(&mut open, "video", "old"), 401, "its pair was known");
    assert_eq!(post_on(&mut open, "video", "new"), 200, "the connection stays");
    bridge.wait_for_log("read again", SOON);
    assert_eq!(bridge.metric(LOADED), 1.0);
    assert_eq!(bridge.metric(FAILED), 0.0);
}

#[test]
fn a_bad_file_is_reported_once_and_the_old_one_stays() {
    let (bridge, _kafka) = running_with(|serve| restricted(serve, LOOKS));

    write(&bridge, "other:plain:x\nvideo:$2y$broken\n");

    bridge.wait_for_metric(FAILED, SOON, |count| count > 0.0);
    assert_eq!(status(&bridge, "video", "old"), 200);
    assert_eq!(status(&bridge, "other", "x"), 401);
    let file = bridge.credentials_file();
    bridge.wait_for_log(&format!("--credentials {}: line 2", file.display()), SOON);
    let_pass(TWO_LOOKS);
    assert_eq!(bridge.metric(FAILED), 1.0, "it has not changed since");

    fs::remove_file(&file).unwrap();
    bridge.wait_for_metric(FAILED, SOON, |count| count > 1.0);
    assert_eq!(status(&bridge, "video", "old"), 200);

    write(&bridge, "other:plain:x\n");
    eventually(SOON, "the mended file is in force", || status(&bridge, "other", "x") == 200);
}

#[test]
fn a_hangup_has_the_file_read_at_once() {
    let (bridge, _kafka) = running_with(|serve| restricted(serve, "0s"));
    write(&bridge, "other:plain:x\n");
    let_pass(TWO_LOOKS);
    assert_eq!(status(&bridge, "other", "x"), 401, "nothing looks at it");

    bridge.signal(Signal::HUP);

    eventually(SOON, "the new file is in force", || status(&bridge, "other", "x") == 200);
    assert_eq!(status(&bridge, "video", "old"), 401);
}

/// Kubernetes puts files of a Secret behind a link, and swaps that for another.
#[test]
fn the_swap_of_a_link_is_a_change() {
    let temp = tempfile::tempdir().unwrap();
    let folder = |name: &str, text: &str| {
        fs::create_dir(temp.path().join(name)).unwrap();
        fs::write(temp.path().join(name).join("credentials"), text).unwrap();
    };
    folder("first", "video:plain:old\n");
    folder("second", "video:plain:new\n");
    symlink("first", temp.path().join("..data")).unwrap();
    let file = temp.path().join("credentials");
    symlink("..data/credentials", &file).unwrap();
    let (bridge, _kafka) = running_with(|serve| {
        serve.arg("--credentials", file.to_str().unwrap()).arg("--reload", LOOKS)
    });
    assert_eq!(status(&bridge, "video", "old"), 200);

    swap(temp.path(), "second");

    eventually(SOON, "the new file is in force", || status(&bridge, "video", "new") == 200);
    assert_eq!(status(&bridge, "video", "old"), 401);
}

#[test]
fn the_last_use_of_each_password_is_a_series_bound_to_the_file() {
    let used = |user: &str, password: u32| {
        format!(
            r#"hookbridge_credential_last_used_timestamp_seconds{{user="{user}",password="{password}"}}"#
        )
    };
    let (bridge, _kafka) = running_with(|serve| {
        serve.credentials("video:plain:old\nvideo:plain:new\n").arg("--reload", LOOKS)
    });
    assert_eq!(status(&bridge, "video", "new"), 200);
    assert_eq!(status(&bridge, "stranger", "new"), 401);
    bridge.wait_for_metric(&used("video", 2), SOON, |at| at > 1.7e9);
    assert_eq!(bridge.metric(&used("video", 1)), 0.0);

    write(&bridge, "video:plain:new\n");

    bridge.wait_for_metric(&used("video", 1), SOON, |at| at > 1.7e9);
    let exposition = Exposition::of(bridge.admin());
    let series = exposition.all().filter(|(name, _)| name.contains("credential_last_used"));
    assert_eq!(series.count(), 1);
}

fn restricted(serve: Launch, looks: &str) -> Launch {
    serve.credentials("video:plain:old\n").arg("--reload", looks)
}

/// As careful programs write files: whole, under another name first.
fn write(bridge: &Bridge, text: &str) {
    let file = bridge.credentials_file();
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, &file).unwrap();
}

fn swap(dir: &Path, to: &str) {
    let new = dir.join("..data_tmp");
    symlink(to, &new).unwrap();
    fs::rename(&new, dir.join("..data")).unwrap();
}

fn status(bridge: &Bridge, user: &str, password: &str) -> u16 {
    let authorization = basic(user, password);
    post(bridge.webhook(), PATH, &[("authorization", &authorization)], ROOMDROP).status
}

fn post_on(open: &mut Connection, user: &str, password: &str) -> u16 {
    let authorization = basic(user, password);
    open.send(request("POST", PATH, &[("authorization", &authorization)], ROOMDROP));
    open.read().status
}
