//! Kafka's jars, fetched once by Maven into cargo's target folder.
//!
//! A folder of that name is complete: it is filled beside and renamed into place, so that neither
//! an interrupted download nor a second test binary leaves or sees half of it. The version stands
//! in `tests/kafka/pom.xml`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::children;
use crate::support::deadline::{eventually, wait_exit};

const POM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/pom.xml");

/// Takes 7 s here; 44 MB on a slow line take a while.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// The folder with the jars.
pub(super) struct Jars(PathBuf);

impl Jars {
    /// Fetches them unless they are there. Needs Maven and the network the first time.
    pub(super) fn fetched() -> Self {
        let folder = folder();
        let lock = File::create(folder.with_extension("lock")).unwrap();
        eventually(DOWNLOAD, "the lock of another download", || lock.try_lock().is_ok());
        if !folder.exists() {
            fetch(&folder);
        }
        Self(folder)
    }

    /// As `java -cp` wants it.
    pub(super) fn class_path(&self) -> String {
        format!("{}/*", self.0.display())
    }
}

/// The programs that are needed and not there; Maven only until the jars are.
pub(super) fn missing() -> Vec<&'static str> {
    let needed: &[_] = if folder().exists() { &["java"] } else { &["java", "mvn"] };
    needed.iter().copied().filter(|program| !is_on_path(program)).collect()
}

fn folder() -> PathBuf {
    let pom = fs::read_to_string(POM).unwrap();
    let (_, rest) = pom.split_once("<kafka.version>").expect("the pom names a kafka.version");
    let (version, _) = rest.split_once('<').expect("the element is closed");
    // The extension is the lock's, and versions have dots.
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{version}.jars"))
}

fn fetch(folder: &Path) {
    let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let partial = beside.path().join("jars");
    let log = beside.path().join("log");
    let mut mvn = Command::new("mvn");
    mvn.args(["--batch-mode", "--quiet", "--file", POM, "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", partial.display()))
        .stdin(Stdio::null())
        .stdout(File::create(&log).unwrap())
        .stderr(Stdio::null());
    let mut mvn = children::spawn(&mut mvn).unwrap();
    let status = wait_exit(&mut mvn, DOWNLOAD, "mvn fetching Kafka");
    assert!(status.success(), "mvn: {status}\n{}", fs::read_to_string(&log).unwrap());
    fs::rename(&partial, folder).unwrap();
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
