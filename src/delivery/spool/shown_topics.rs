//! The topics that brokers have shown to the bridges of a spool: the file `topics`, a name a line.
//!
//! Promise: a name that was added is there after a power cut. A last line that was cut off is not
//! taken for a name, and damage costs no more than that a topic has to be shown again. It holds no
//! record.

use crate::delivery::spool::folder::FILE_MODE;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The file's name in the folder.
const NAME: &str = "topics";

/// See the module.
#[derive(Debug)]
pub struct ShownTopics {
    dir: PathBuf,
    names: BTreeSet<String>,
}

impl ShownTopics {
    /// Those of the spool in this folder.
    pub fn read(dir: &Path) -> io::Result<Self> {
        let text = match fs::read(dir.join(NAME)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let names = whole.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Self { dir: dir.to_owned(), names })
    }

    /// Whether it is among them.
    pub fn contains(&self, topic: &str) -> bool {
        self.names.contains(topic)
    }

    /// Adds one. Returns once it is on the disk.
    pub(in crate::delivery) fn add(&mut self, topic: &str) -> io::Result<()> {
        if self.names.contains(topic) {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        let options = options.append(true).create(true).mode(FILE_MODE);
        let mut file = options.open(self.dir.join(NAME))?;
        // In front: the last line may have been cut off.
        file.write_all(format!("\n{topic}\n").as_bytes())?;
        file.sync_all()?;
        File::open(&self.dir)?.sync_all()?;
        self.names.insert(topic.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_remembered() {
        let temp = tempfile::tempdir().unwrap();
        let mut shown = ShownTopics::read(temp.path()).unwrap();
        assert!(!shown.contains("events"));
        shown.add("events").unwrap();
        shown.add("others").unwrap();
        let again = ShownTopics::read(temp.path()).unwrap();
        assert!(again.contains("events") && again.contains("others") && !again.contains(""));
    }

    #[test]
    fn a_name_that_was_cut_off_is_none_and_spoils_no_other() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join(NAME), "\nevents\n\noth").unwrap();
        let mut shown = ShownTopics::read(temp.path()).unwrap();
        assert!(shown.contains("events") && !shown.contains("oth"));
        shown.add("others").unwrap();
        assert!(ShownTopics::read(temp.path()).unwrap().contains("others"));
    }
}
