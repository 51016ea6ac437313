//! Jars, fetched once by Maven into cargo's target folder: Kafka's, and those of consumers.
//!
//! A folder of that name is complete: it is filled beside and renamed into place, so that neither
//! an interrupted download nor a second test binary leaves or sees half of it. The versions are
//! in `tests/kafka/pom.xml` and `tests/consumers/pom.xml`.

use crate::children;
use crate::deadline::{eventually, wait_exit};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Takes 7 s here; 50 MB on a slow line take a while.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// Of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Which jars.
#[derive(Debug, Clone, Copy)]
pub enum Pom {
    /// The broker.
    Kafka,
    /// What reads the topic, and Kafka's commands.
    Consumers,
}

impl Pom {
    /// Below `tests/`, and what the folder of the jars begins with.
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Consumers => "consumers",
        }
    }

    fn path(self) -> PathBuf {
        Path::new(ROOT).join("tests").join(self.name()).join("pom.xml")
    }

    /// The programs that are needed and not there; Maven only until the jars are.
    pub fn missing(self) -> Vec<&'static str> {
        let needed: &[_] = if self.folder().exists() { &["java"] } else { &["java", "mvn"] };
        needed.iter().copied().filter(|program| !is_on_path(program)).collect()
    }

    /// Named after the versions, so that others are another folder.
    fn folder(self) -> PathBuf {
        let pom = fs::read_to_string(self.path()).unwrap();
        let values = pom.split(".version>").filter_map(|rest| rest.split_once("</"));
        let versions: Vec<_> = values
            .map(|(value, _)| value)
            .filter(|value| value.starts_with(|first: char| first.is_ascii_digit()))
            .collect();
        assert!(!versions.is_empty(), "the pom names a version");
        // The extension is the lock's, and versions have dots.
        target_tmp().join(format!("{}-{}.jars", self.name(), versions.join("-")))
    }
}

/// The folder with the jars.
pub struct Jars(PathBuf);

impl Jars {
    /// Fetches them unless they are there. Needs Maven and the network the first time.
    pub fn fetched(pom: Pom) -> Self {
        Self::fetch_unless_there(pom.folder(), pom, &[])
    }

    /// The same of another release of Kafka than the one that the pom names.
    pub fn of_release(release: &str) -> Self {
        let folder = target_tmp().join(format!("kafka-release-{release}.jars"));
        Self::fetch_unless_there(folder, Pom::Kafka, &[format!("-Dkafka.version={release}")])
    }

    fn fetch_unless_there(folder: PathBuf, pom: Pom, properties: &[String]) -> Self {
        let lock = File::create(folder.with_extension("lock")).unwrap();
        eventually(DOWNLOAD, "the lock of another download", || lock.try_lock().is_ok());
        if !folder.exists() {
            fetch(pom, properties, &folder);
        }
        Self(folder)
    }

    /// As `java -cp` wants it.
    pub fn class_path(&self) -> String {
        format!("{}/*", self.0.display())
    }
}

fn fetch(pom: Pom, properties: &[String], folder: &Path) {
    let beside = tempfile::tempdir_in(target_tmp()).unwrap();
    let partial = beside.path().join("jars");
    let log = beside.path().join("log");
    let mut mvn = Command::new("mvn");
    mvn.args(["--batch-mode", "--quiet", "dependency:copy-dependencies", "--file"])
        .arg(pom.path())
        .arg(format!("-DoutputDirectory={}", partial.display()))
        .args(properties)
        .stdin(Stdio::null())
        .stdout(File::create(&log).unwrap())
        .stderr(Stdio::null());
    let mut mvn = children::spawn(&mut mvn).unwrap();
    let status = wait_exit(&mut mvn, DOWNLOAD, "mvn fetching jars");
    assert!(status.success(), "mvn: {status}\n{}", fs::read_to_string(&log).unwrap());
    fs::rename(&partial, folder).unwrap();
}

/// The folder that cargo has for what tests make, in the repository's own target folder: cargo says
/// where it is to tests and benchmarks alone.
pub(crate) fn target_tmp() -> PathBuf {
    let folder = Path::new(ROOT).join("target/tmp");
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

/// Whether a program of this name can be run.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
