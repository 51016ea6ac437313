//! A disk in memory whose power can be cut at any call.
//!
//! Promise: after a cut there is what was synced, and of what was not, any part: of each file by
//! sectors ([`content`]), of the folder by changes: a file that was made is there or not, one that was
//! renamed has either name, one that was removed is gone or not. Calls can fail ([`fate`]). A sync of a
//! file that fails loses for good what it could not write; one of the folder leaves all to the next.

mod content;
pub(super) mod fate;

use crate::delivery::spool::disk::{Disk, DiskFile, FileId, FolderEntry, OpenFor};
use content::{Content, Odds};
use fastrand::Rng;
use fate::{Call, Errors, Fate, Turn};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

/// See the module. Its clones are the same disk.
#[derive(Debug, Clone)]
pub(super) struct ModelDisk {
    state: Arc<Mutex<State>>,
}

/// An open file.
#[derive(Debug)]
struct ModelFile {
    disk: ModelDisk,
    /// Its place in [`State::contents`].
    content: usize,
}

/// Names, and which of the contents each has.
type Names = BTreeMap<String, usize>;

#[derive(Debug)]
struct State {
    /// As they are listed.
    names: Names,
    /// Those that are on the disk for certain.
    durable: Names,
    /// What the folder was given since its last sync.
    changes: Vec<Change>,
    contents: Vec<Content>,
    fate: Fate,
}

/// A change of the folder.
#[derive(Debug, Clone)]
enum Change {
    Made { name: String, content: usize },
    Renamed { from: String, to: String, content: usize },
    Removed { name: String },
}

impl Change {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Made { name, content } => {
                names.insert(name.clone(), *content);
            }
            Self::Renamed { from, to, content } => {
                if names.get(from) == Some(content) {
                    names.remove(from);
                }
                names.insert(to.clone(), *content);
            }
            Self::Removed { name } => {
                names.remove(name);
            }
        }
    }
}

impl ModelDisk {
    /// An empty one. All that is left to chance comes from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self::of(Names::new(), Vec::new(), Rng::with_seed(seed))
    }

    fn of(names: Names, contents: Vec<Content>, rng: Rng) -> Self {
        let (durable, changes, fate) = (names.clone(), Vec::new(), Fate::new(rng));
        Self { state: Arc::new(Mutex::new(State { names, durable, changes, contents, fate })) }
    }

    /// The disk after a power cut: another one at each call.
    pub(super) fn cut(&self) -> Self {
        let mut state = self.lock();
        let mut rng = state.fate.rng.fork();
        let mut odds = Odds::draw(&mut rng);
        let mut names = state.durable.clone();
        for change in &state.changes {
            if odds.leave() {
                change.apply(&mut names);
            }
        }
        let (mut contents, mut places) = (Vec::new(), BTreeMap::new());
        for content in names.values_mut() {
            // Two names may be of one file.
            *content = *places.entry(*content).or_insert_with_key(|content| {
                contents.push(state.contents[*content].cut(&mut odds));
                contents.len() - 1
            });
        }
        Self::of(names, contents, rng)
    }

    /// From now on these calls fail.
    pub(super) fn set_errors(&self, errors: Errors) {
        self.lock().fate.set_errors(errors);
    }

    /// Lets this many calls be made that change something; the last one is carried out in part, and all
    /// others fail.
    pub(super) fn end_after(&self, calls: u32) {
        self.lock().fate.end_after(calls);
    }

    /// Whether the last call was made.
    pub(super) fn is_over(&self) -> bool {
        self.lock().fate.is_over()
    }

    /// How many calls there were of the kind that fails.
    pub(super) fn met(&self) -> u32 {
        self.lock().fate.met()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn file(&self, content: usize) -> Box<dyn DiskFile> {
        Box::new(ModelFile { disk: self.clone(), content })
    }
}

impl State {
    /// Carries out a call that is done or not: one that is cut off is either.
    fn call<T>(&mut self, call: Call, run: impl FnOnce(&mut Self) -> T) -> io::Result<T> {
        match self.fate.turn(call) {
            Turn::Does => Ok(run(self)),
            Turn::Fails(error) | Turn::IsOver(error) => Err(error),
            Turn::Ends(error) => {
                if self.fate.rng.bool() {
                    run(self);
                }
                Err(error)
            }
        }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }
}

impl Disk for ModelDisk {
    fn list(&self) -> io::Result<Vec<FolderEntry>> {
        self.lock().call(Call::List, |state| {
            let entry = |(name, content): (&String, &usize)| {
                let bytes = state.contents[*content].len() as u64;
                FolderEntry { name: name.clone(), bytes }
            };
            state.names.iter().map(entry).collect()
        })
    }

    fn open(&self, name: &str, _: OpenFor) -> io::Result<Box<dyn DiskFile>> {
        let content = self.lock().call(Call::Open, |state| state.find(name))??;
        Ok(self.file(content))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let content = self.lock().call(Call::Create, |state| {
            if state.names.contains_key(name) {
                return Err(io::Error::from(ErrorKind::AlreadyExists));
            }
            state.contents.push(Content::default());
            let content = state.contents.len() - 1;
            state.change(Change::Made { name: name.to_owned(), content });
            Ok(content)
        })??;
        Ok(self.file(content))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.lock().call(Call::Rename, |state| {
            let content = state.find(from)?;
            let (from, to) = (from.to_owned(), to.to_owned());
            state.change(Change::Renamed { from, to, content });
            Ok(())
        })?
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.lock().call(Call::Rename, |state| {
            let content = state.find(from)?;
            if state.names.contains_key(to) {
                return Err(ErrorKind::AlreadyExists.into());
            }
            state.change(Change::Made { name: to.to_owned(), content });
            Ok(())
        })?
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock().call(Call::Remove, |state| {
            state.find(name)?;
            state.change(Change::Removed { name: name.to_owned() });
            Ok(())
        })?
    }

    fn sync(&self) -> io::Result<()> {
        self.lock().call(Call::SyncFolder, |state| {
            state.durable.clone_from(&state.names);
            state.changes.clear();
        })
    }

    fn id_of(&self, name: &str) -> io::Result<FileId> {
        self.lock().find(name).map(id)
    }

    fn room(&self) -> u64 {
        u64::MAX
    }
}

impl DiskFile for ModelFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let content = self.content;
        self.disk.lock().call(Call::Read, |state| state.contents[content].read_at(bytes, at))
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        let (len, answer) = match state.fate.turn(Call::Write) {
            Turn::Does => (bytes.len(), Ok(())),
            // A part of it went well.
            Turn::Fails(error) | Turn::Ends(error) => {
                (state.fate.rng.usize(..=bytes.len()), Err(error))
            }
            Turn::IsOver(error) => return Err(error),
        };
        state.contents[self.content].write_at(&bytes[..len], at);
        answer
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.set_len(Call::Allocate, bytes)
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.set_len(Call::Cut, bytes)
    }

    fn id(&self) -> io::Result<FileId> {
        Ok(id(self.content))
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        let State { contents, fate, .. } = &mut *state;
        match fate.turn(Call::Sync) {
            Turn::Does => {
                contents[self.content].sync();
                Ok(())
            }
            Turn::Fails(error) => {
                contents[self.content].fail_sync(&mut fate.rng);
                Err(error)
            }
            Turn::Ends(error) | Turn::IsOver(error) => Err(error),
        }
    }
}

fn id(content: usize) -> FileId {
    FileId { device: 0, inode: content as u64 }
}

impl ModelFile {
    fn set_len(&self, call: Call, bytes: u64) -> io::Result<()> {
        let len = usize::try_from(bytes).unwrap();
        self.disk.lock().call(call, |state| state.contents[self.content].set_len(len))
    }
}
