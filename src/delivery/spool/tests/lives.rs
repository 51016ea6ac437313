//! A spool that lives on a disk of the model: whatever its owner may do, in an order drawn from a seed,
//! with its [`Ledger`] held against it.
//!
//! Promise: a seed decides all that happens but for the spool's own random numbers, which are
//! salts. What the ledger does not allow is found at the first look that shows it.

use crate::delivery::record::Record;
use crate::delivery::record::header_name::HeaderName;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::log::Cut;
use crate::delivery::spool::row::{RowId, from_unix_millis};
use crate::delivery::spool::status::Room;
use crate::delivery::spool::store::{Sizes, Store};
use crate::delivery::spool::tests::ledger::{Broken, Ledger, Who};
use crate::delivery::spool::tests::look::Look;
use crate::delivery::spool::tests::model::ModelDisk;
use crate::delivery::spool::tests::model::fate::Errors;
use bytes::Bytes;
use fastrand::Rng;
use std::sync::Arc;

/// Gives the store its disk.
pub(super) type Wrap = fn(&ModelDisk) -> Arc<dyn Disk>;

/// One sector of eight for the frames: a batch is as likely as not to need another segment.
const SEGMENT: u64 = 12 << 10;
/// The most records of a batch.
const BATCH: usize = 20;
/// Rows that may wait before many are released: some segments of them; every look reads all.
const ROWS: usize = 25;
/// Rows that the drain has under way.
const UNDER_WAY: usize = 20;
/// Failures in a row at which a store counts as one that does not heal; an error in each tenth call
/// makes this many once in ages.
const TRIES: usize = 200;

/// See the module.
pub(super) struct Life {
    pub(super) rng: Rng,
    pub(super) disk: ModelDisk,
    wrap: Wrap,
    errors: Errors,
    sizes: Sizes,
    /// None while it is stopped, or after the disk has ended in its opening.
    store: Option<Store>,
    ledger: Ledger,
}

impl Life {
    /// An empty folder, and a store that is not open yet.
    pub(super) fn new(seed: u64, wrap: Wrap, errors: Errors) -> Self {
        let mut rng = Rng::with_seed(seed);
        let queue = SEGMENT * rng.u64(1..=3);
        let sizes = Sizes { queue, quarantine: SEGMENT, limit: u64::MAX };
        let disk = ModelDisk::new(rng.u64(..));
        disk.set_errors(errors);
        Self { rng, disk, wrap, errors, sizes, store: None, ledger: Ledger::default() }
    }

    /// Whether the disk has made its last call.
    pub(super) fn is_over(&self) -> bool {
        self.disk.is_over()
    }

    /// The process ends, whatever it does.
    pub(super) fn kill(&mut self) {
        self.store = None;
    }

    /// The power is cut; the process has ended.
    pub(super) fn cut(&mut self) {
        self.disk = self.disk.cut();
        self.disk.set_errors(self.errors);
    }

    /// Holds another power cut at this moment against what was promised; life goes on from this one.
    pub(super) fn try_cut(&mut self) -> Result<(), Broken> {
        let disk = self.disk.cut();
        let opened = Store::open(&(self.wrap)(&disk), self.sizes);
        let mut store = opened.map_err(|fault| fault.chain())?;
        let look = Look::at(&mut store, &disk, UNDER_WAY).map_err(|fault| fault.chain())?;
        self.ledger.check(&look, Who::Next)
    }

    /// Holds the files of the folder against what the store says of them.
    pub(super) fn look_at_files(&mut self) -> Result<(), Broken> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let said = store.look_around().map(|()| store.status(Room::HasRoom).file_bytes);
        let there: u64 = self.disk.list().unwrap().iter().map(|entry| entry.bytes).sum();
        match said {
            Ok(bytes) if bytes == there => Ok(()),
            said => Err(format!("{there} bytes are there, not {said:?}")),
        }
    }

    /// Opens the store and sees what has come through, unless the disk ends.
    pub(super) fn open(&mut self) -> Result<(), Broken> {
        let disk = self.disk.clone();
        self.store = self.open_at(&disk)?;
        self.look(Who::Next)
    }

    /// Opens it as the spool's thread does.
    fn open_at(&self, disk: &ModelDisk) -> Result<Option<Store>, Broken> {
        let mut why = String::new();
        for _ in 0..TRIES {
            let opened = Store::open(&(self.wrap)(disk), self.sizes);
            match opened.and_then(|mut store| store.make_room().map(|()| store)) {
                _ if disk.is_over() => return Ok(None),
                Ok(store) => return Ok(Some(store)),
                Err(fault) => why = fault.chain(),
            }
        }
        Err(format!("it cannot be opened: {why}"))
    }

    /// Sees all that the store gives out.
    pub(super) fn look(&mut self, who: Who) -> Result<(), Broken> {
        let Some(mut store) = self.store.take() else { return Ok(()) };
        let look = self.see(&mut store)?;
        if let Some(look) = look {
            self.ledger.check(&look, who)?;
            self.ledger.adopt(&look, who);
        }
        self.store = Some(store);
        Ok(())
    }

    /// What the store gives out, unless the disk has ended. A read that has failed is tried again.
    fn see(&mut self, store: &mut Store) -> Result<Option<Look>, Broken> {
        let mut why = String::new();
        for _ in 0..TRIES {
            match Look::at(store, &self.disk, self.rng.usize(1..=UNDER_WAY)) {
                _ if self.disk.is_over() => return Ok(None),
                Ok(look) => return Ok(Some(look)),
                Err(fault) => why = fault.chain(),
            }
        }
        Err(format!("it cannot be read: {why}"))
    }

    /// Does one thing, and what is due after it.
    pub(super) fn step(&mut self) -> Result<(), Broken> {
        if self.store.is_none() {
            return self.open();
        }
        match self.rng.u8(..100) {
            0..50 => self.append(),
            50..53 => self.look(Who::Same)?,
            53..85 => self.release(),
            85..91 => self.sync_cursor(),
            91..95 => self.kill(),
            95..97 => self.requeue()?,
            97..99 => self.change_topic(),
            _ => {
                self.sync_cursor();
                self.kill();
            }
        }
        self.maintain();
        Ok(())
    }

    /// Lets it become writable, as the spool's thread does.
    pub(super) fn heal(&mut self) -> Result<(), Broken> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let mut why = String::new();
        for _ in 0..TRIES {
            match store.make_room() {
                Ok(()) => {
                    self.ledger.segment_was_begun();
                    return Ok(());
                }
                Err(fault) => why = fault.chain(),
            }
        }
        Err(format!("it does not heal: {why}"))
    }

    fn maintain(&mut self) {
        let Some(store) = &mut self.store else { return };
        if self.rng.bool() {
            drop(store.maintain());
        }
        if !store.is_writable() && self.rng.u8(..4) > 0 {
            drop(store.make_room());
        }
        if store.is_writable() {
            self.ledger.segment_was_begun();
        }
    }

    fn append(&mut self) {
        let Some(store) = &mut self.store else { return };
        let topic: Arc<str> = self.ledger.topic().into();
        let begin = self.ledger.len();
        let numbers = begin..begin + self.rng.usize(1..=BATCH);
        let records: Vec<_> = numbers.map(|number| record(&mut self.rng, &topic, number)).collect();
        let first = store.next_id();
        let appended = match store.append(&records.iter().collect::<Vec<_>>()) {
            Ok(()) => records.len(),
            Err(Cut { appended, .. }) => appended,
        };
        self.ledger.append(first, records, appended);
    }

    fn release(&mut self) {
        let Some(store) = &mut self.store else { return };
        let waiting: Vec<_> = self.ledger.waiting().collect();
        let all = waiting.len() > ROWS || self.rng.u8(..8) == 0;
        let (mut acked, mut refused) = (Vec::new(), Vec::new());
        for id in waiting.into_iter().take(if all { usize::MAX } else { UNDER_WAY }) {
            match self.rng.u8(..24) {
                0 => refused.push(id),
                1..12 => acked.push(id),
                _ if all => acked.push(id),
                _ => {}
            }
        }
        self.rng.shuffle(&mut acked);
        let rows: Vec<_> = acked.iter().copied().map(RowId).collect();
        let reason = |id: &u64| (RowId(*id), "refused".to_owned());
        let done = store.release(&rows, &refused.iter().map(reason).collect::<Vec<_>>());
        self.ledger.release(&acked, &refused, done.map_err(drop));
    }

    fn sync_cursor(&mut self) {
        let Some(store) = &mut self.store else { return };
        // A write of the cursor may have failed before, and is not reported.
        if store.sync_cursor().is_ok() && matches!(self.errors, Errors::None) {
            self.ledger.releases_are_for_good();
        }
    }

    /// The owner stops the bridge and puts back what is in quarantine.
    fn requeue(&mut self) -> Result<(), Broken> {
        self.kill();
        self.open()?;
        let Some(mut store) = self.store.take() else { return Ok(()) };
        let Some(look) = self.see(&mut store)? else { return Ok(()) };
        let done = store.requeue();
        if let Ok(requeued) = done
            && (requeued.rows, requeued.left) != (look.quarantined.len() as u64, 0)
        {
            return Err(format!("{requeued:?} of {}", look.quarantined.len()));
        }
        self.ledger.requeue(look.next, &look.quarantined, done.map(drop).map_err(drop));
        Ok(())
    }

    /// The owner stops the bridge and gives all records to another topic.
    fn change_topic(&mut self) {
        self.store = None;
        let (from, to) = self.ledger.change_topic();
        let changed = Store::open(&(self.wrap)(&self.disk), self.sizes)
            .and_then(|mut store| store.retopic(&from, &to));
        if changed.is_ok() {
            self.ledger.topic_is_changed();
        }
    }
}

/// A record that is like no other, mostly small, seldom larger than a segment.
fn record(rng: &mut Rng, topic: &Arc<str>, number: usize) -> Record {
    let size = match rng.u8(..100) {
        0..50 => rng.usize(..40),
        50..85 => rng.usize(40..400),
        85..96 => rng.usize(400..1500),
        96..99 => rng.usize(1500..4200),
        _ => rng.usize(4200..9000),
    };
    // Zeros are what a sector is full of that was never written.
    let byte = if rng.u8(..4) == 0 { 0 } else { rng.u8(..) };
    let (key, subject) = (format!("app-{}", number % 5), number.to_string());
    let headers = [(HeaderName::ContentType, "application/json"), (HeaderName::Subject, &*subject)];
    let received = from_unix_millis(i64::try_from(number).unwrap());
    Record::restored(topic.clone(), &key, headers, Bytes::from(vec![byte; size]), received)
}
