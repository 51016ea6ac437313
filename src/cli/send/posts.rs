//! What is posted, one body after the other.
//!
//! Promise: of samples no two bodies of any two runs are equal. Bodies of one's own are posted byte for
//! byte, over and over if more are asked for than there are. All of them together are in memory, up to
//! [`MOST_BYTES`].

use crate::args::send::SendArgs;
use crate::cli::sample::{APP_ID, SAMPLES, Sample};
use crate::cli::send::template::Template;
use crate::config::ConfigError;
use crate::delivery::record::{Event, Record};
use bytes::Bytes;
use serde::Deserialize;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Many times what a bridge takes at once by default.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Files of a folder: more are no samples that somebody has chosen.
const MOST_FILES: usize = 10_000;

const FILE: &str = "--file";
/// In the place of a path.
const STDIN: &str = "-";

/// See the module.
pub(super) struct Posts {
    bodies: Bodies,
    run: u32,
}

enum Bodies {
    Samples(Vec<Template>),
    Own(Vec<PostBody>),
}

/// One body.
#[derive(Debug, Clone)]
pub(super) struct PostBody {
    pub(super) bytes: Bytes,
    /// None where it names none.
    pub(super) app_id: Option<Arc<str>>,
}

impl Posts {
    /// Of what was asked for.
    pub(super) fn new(args: &SendArgs) -> Result<Self, ConfigError> {
        let bodies = match &args.file {
            Some(path) => Bodies::Own(own(path)?),
            None => Bodies::Samples(templates(args)),
        };
        Ok(Self { bodies, run: fastrand::u32(..) })
    }

    /// How many different ones there are to begin with.
    pub(super) fn len(&self) -> usize {
        match &self.bodies {
            Bodies::Samples(templates) => templates.len(),
            Bodies::Own(bodies) => bodies.len(),
        }
    }

    /// The body of a post.
    pub(super) fn body(&self, number: u64) -> PostBody {
        let place = usize::try_from(number % self.len() as u64).expect("it is below a usize");
        match &self.bodies {
            Bodies::Own(bodies) => bodies[place].clone(),
            Bodies::Samples(templates) => {
                let template = &templates[place];
                let bytes = template.body(self.run, number, SystemTime::now());
                PostBody { bytes, app_id: Some(template.app_id().clone()) }
            }
        }
    }
}

/// All types of the first project, as a meeting sends them, then those of the next.
fn templates(args: &SendArgs) -> Vec<Template> {
    let samples: Vec<Sample> = match args.types.as_slice() {
        [] => SAMPLES.to_vec(),
        types => types.iter().copied().map(Sample::of).collect(),
    };
    let app_ids = match args.app_ids.as_slice() {
        [] => &[APP_ID.to_owned()],
        app_ids => app_ids,
    };
    let each = app_ids
        .iter()
        .flat_map(|app_id| samples.iter().map(move |sample| Template::new(*sample, app_id)));
    each.collect()
}

fn own(path: &Path) -> Result<Vec<PostBody>, ConfigError> {
    let fail = |path: &Path, why: &io::Error| {
        ConfigError::new(format_args!("{FILE} {}", path.display()), why)
    };
    if path == Path::new(STDIN) {
        let bytes = read(io::stdin().lock(), MOST_BYTES).map_err(|why| fail(path, &why))?;
        return Ok(vec![PostBody::of(bytes)]);
    }
    let files = files(path).map_err(|why| fail(path, &why))?;
    let mut room = MOST_BYTES;
    let mut bodies = Vec::with_capacity(files.len());
    for file in files {
        let bytes = File::open(&file).and_then(|opened| read(opened, room));
        let bytes = bytes.map_err(|why| fail(&file, &why))?;
        room -= bytes.len() as u64;
        bodies.push(PostBody::of(bytes));
    }
    Ok(bodies)
}

/// The file, or those in the folder, by name; what begins with a dot is not meant.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && fs::metadata(entry.path())?.is_file() {
            files.push(entry.path());
        }
        if files.len() > MOST_FILES {
            return Err(io::Error::other(format!("over {MOST_FILES} files: choose some of them")));
        }
    }
    if files.is_empty() {
        return Err(io::Error::other(
            "no file is in the folder, and its folders are not looked into",
        ));
    }
    files.sort();
    Ok(files)
}

fn read(from: impl Read, room: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(room + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > room {
        return Err(io::Error::other("all bodies together are over 256MiB: post fewer at a time"));
    }
    Ok(bytes)
}

/// What is read of a body of one's own.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    app_id: Cow<'a, str>,
}

impl PostBody {
    fn of(bytes: Vec<u8>) -> Self {
        let envelope: Option<Envelope<'_>> = serde_json::from_slice(&bytes).ok();
        let app_id = envelope.map(|envelope| envelope.app_id.into());
        Self { app_id, bytes: bytes.into() }
    }

    /// What `ce_id` of its record will be.
    pub(super) fn id(&self) -> Option<String> {
        let event = Event {
            app_id: self.app_id.as_ref()?,
            event_type: "",
            source: "",
            subject: None,
            time: None,
            trace_parent: None,
            trace_state: None,
            user: None,
        };
        let record = Record::new("".into(), event, self.bytes.clone(), SystemTime::UNIX_EPOCH);
        Some(record.id().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_are_taken_by_name_and_in_turn() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.json", "{\"app_id\":\"two\"}"), ("a.json", "{}"), (".c", "no")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::create_dir(folder.path().join("d")).unwrap();
        let posts = Posts { bodies: Bodies::Own(own(folder.path()).unwrap()), run: 1 };
        let bodies = [0, 1, 2].map(|number| posts.body(number));
        assert_eq!(
            bodies.each_ref().map(|body| &body.bytes[..]),
            [&b"{}"[..], b"{\"app_id\":\"two\"}", b"{}"]
        );
        assert_eq!(bodies.map(|body| body.app_id.is_some()), [false, true, false]);
    }

    #[test]
    fn an_empty_folder_and_a_missing_file_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("missing")] {
            let said = own(&path).unwrap_err().to_string();
            assert!(said.starts_with(&format!("--file {}: ", path.display())), "{said}");
        }
    }

    #[test]
    fn the_id_is_that_of_the_contract() {
        // printf '5f3a\0{"app_id":"5f3a"}' | sha256sum
        let body = PostBody::of(b"{\"app_id\":\"5f3a\"}".to_vec());
        let id = "e8fa86d28249a71bb1173d6670271fd97441818d678dfe8fb9614631052aea8d";
        assert_eq!(body.id().as_deref(), Some(id));
        assert_eq!(PostBody::of(b"no JSON".to_vec()).id(), None);
    }
}
