//! What a spool has promised and what was asked of it, held against what it gives out.
//!
//! | a record | is then |
//! |---|---|
//! | was appended, and that was reported | given out, as it was |
//! | was appended, and that failed or was cut off | given out by who opens the spool next, or void |
//! | was released | gone, or given out again by who opens the spool next |
//! | was refused | in quarantine, or still in the queue |
//! | was given out again | given out, until a power cut: what had said of it that it is over may count after that |
//!
//! Nothing else is given out, nothing is counted as missing, and no number is given to another record.

mod state;

use crate::delivery::record::Record;
use crate::delivery::spool::row::Row;
use crate::delivery::spool::tests::look::Look;
use state::{Place, State};
use std::collections::{BTreeMap, BTreeSet};

/// What is not as it was promised, in words.
pub(super) type Broken = String;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// All that were ever appended, by their numbers here.
    records: Vec<Record>,
    /// Rows that were promised or given out, by their ids.
    rows: BTreeMap<u64, Kept>,
    /// Ids that failed appends may have left, and their records.
    maybe: Vec<(u64, usize)>,
    /// All ids below are taken.
    taken: u64,
    topics: Topics,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    record: usize,
    state: State,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The store that has made the promises.
    Same,
    /// One that was opened since.
    Next,
}

/// The topic that all records have.
#[derive(Debug, Default)]
struct Topics {
    current: usize,
    /// Those before, while some may still have it.
    is_unsure: bool,
}

/// The topic of all records, after it was changed this many times.
fn topic(changes: usize) -> String {
    format!("topic-{changes}")
}

impl Ledger {
    /// The topic of the next record.
    pub(super) fn topic(&self) -> String {
        topic(self.topics.current)
    }

    /// The next topic is asked for, for all; gives the old and the new one.
    pub(super) fn change_topic(&mut self) -> (String, String) {
        if !self.topics.is_unsure {
            self.topics = Topics { current: self.topics.current + 1, is_unsure: true };
        }
        (topic(self.topics.current - 1), self.topic())
    }

    /// It was done.
    pub(super) fn topic_is_changed(&mut self) {
        self.topics.is_unsure = false;
    }

    /// How many records it has seen.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Ids of rows that wait, ascending.
    pub(super) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().filter(|(_, row)| row.state.waits()).map(|(id, _)| *id)
    }

    /// Records were given to the store, whose next id was `first`; it has reported that `appended`
    /// of them are there.
    pub(super) fn append(&mut self, first: u64, records: Vec<Record>, appended: usize) {
        let begin = self.records.len();
        self.records.extend(records);
        let mut promised: Vec<_> = (first..).zip(begin..self.records.len()).collect();
        let others = promised.split_off(appended);
        self.put(&promised, others);
    }

    /// What was in quarantine was given to the queue, whose next id was `first`; it has reported
    /// that all is there, or that it failed.
    pub(super) fn requeue(
        &mut self,
        first: u64,
        quarantined: &[(u64, Record)],
        reported: Result<(), ()>,
    ) {
        let records = quarantined.iter().map(|(id, _)| self.rows[id].record);
        let pairs: Vec<_> = (first..).zip(records).collect();
        if reported.is_err() {
            self.maybe.extend(pairs);
            return;
        }
        for row in self.rows.values_mut() {
            row.state = row.state.after_requeue();
        }
        self.put(&pairs, Vec::new());
    }

    fn put(&mut self, promised: &[(u64, usize)], others: Vec<(u64, usize)>) {
        if let Some((last, _)) = promised.last() {
            self.taken = self.taken.max(last + 1);
            self.segment_was_begun();
        }
        let waits = |record| Kept { record, state: State::Waits };
        self.rows.extend(promised.iter().map(|(id, record)| (*id, waits(*record))));
        self.maybe.extend(others);
    }

    /// There is a segment that takes appends: what failed before is void.
    pub(super) fn segment_was_begun(&mut self) {
        self.maybe.clear();
    }

    /// The release of rows was asked for, and the quarantine of others, which was reported to be
    /// done or to have failed.
    pub(super) fn release(&mut self, acked: &[u64], refused: &[u64], reported: Result<(), ()>) {
        let state = if reported.is_ok() { State::Refused } else { State::MayWait };
        for (ids, state) in [(refused, state), (acked, State::Released)] {
            for id in ids {
                self.rows.get_mut(id).unwrap().state = state;
            }
        }
    }

    /// What was released until now was synced.
    pub(super) fn releases_are_for_good(&mut self) {
        for row in self.rows.values_mut().filter(|row| row.state == State::Released) {
            row.state = State::ReleasedForGood;
        }
    }

    /// Holds what was seen against what was promised.
    pub(super) fn check(&self, look: &Look, who: Who) -> Result<(), Broken> {
        let mut found = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for Row { id, record } in &look.rows {
            if ids.last().is_some_and(|last| *last >= id.get()) {
                return Err(format!("row {id} is out of order"));
            }
            ids.insert(id.get());
            found.insert(self.identify(id.get(), record, who)?);
        }
        for (id, record) in &look.quarantined {
            let known = self.rows.get(id).ok_or(format!("{id} was never there to be refused"))?;
            let compared = self.compare(known.record, record);
            compared.map_err(|what| format!("refused row {id}: {what}"))?;
            found.insert(known.record);
        }
        for (id, row) in &self.rows {
            match row.state {
                State::Waits if !ids.contains(id) => return Err(format!("row {id} is lost")),
                State::Returned | State::ReturnedRefused
                    if who == Who::Same && !ids.contains(id) =>
                {
                    return Err(format!("row {id} was given out again, and is lost"));
                }
                State::MayWait | State::Refused | State::ReturnedRefused
                    if !found.contains(&row.record) =>
                {
                    return Err(format!("row {id} is neither in the queue nor in quarantine"));
                }
                State::Waits
                | State::MayWait
                | State::Refused
                | State::Released
                | State::ReleasedForGood
                | State::Returned
                | State::ReturnedRefused => {}
            }
        }
        let status = &look.status;
        let missing = (status.totals.missing_rows, look.missing);
        if missing != (0, 0) {
            return Err(format!(
                "rows and quarantined ones are reported to be missing: {missing:?}"
            ));
        }
        let counted = (status.rows, status.quarantined_rows);
        let seen = (look.rows.len() as u64, look.quarantined.len() as u64);
        // In the files of the same store there may be quarantined rows that are void.
        if counted.0 != seen.0 || counted.1 > seen.1 || who == Who::Next && counted != seen {
            return Err(format!("rows and quarantined ones: {counted:?}, not {seen:?}"));
        }
        if look.next < self.taken || ids.last().is_some_and(|last| *last >= look.next) {
            return Err(format!("the next id is {}, and {} is taken", look.next, self.taken - 1));
        }
        Ok(())
    }

    /// Takes over what was seen and has passed.
    pub(super) fn adopt(&mut self, look: &Look, who: Who) {
        let ids: BTreeSet<_> = look.rows.iter().map(|row| row.id.get()).collect();
        let quarantined: BTreeSet<_> = look.quarantined.iter().map(|(id, _)| *id).collect();
        for (id, row) in &mut self.rows {
            let place = match (ids.contains(id), quarantined.contains(id)) {
                (true, _) => Place::Queue,
                (false, true) => Place::Quarantine,
                (false, false) => Place::Neither,
            };
            row.state = row.state.after_look(place);
        }
        if who == Who::Next {
            for Row { id, record } in &look.rows {
                if !self.rows.contains_key(&id.get()) {
                    let record = self.identify(id.get(), record, who).unwrap();
                    self.rows.insert(id.get(), Kept { record, state: State::Waits });
                }
            }
            self.taken = self.taken.max(ids.last().map_or(0, |last| last + 1));
            self.maybe.clear();
        }
    }

    /// Which record has an id.
    fn identify(&self, id: u64, record: &Record, who: Who) -> Result<usize, Broken> {
        let kept = self.rows.get(&id);
        match kept.map(|row| row.state) {
            Some(State::ReleasedForGood) => {
                return Err(format!("row {id} was released for good, and is back"));
            }
            Some(State::Released | State::Refused) if who == Who::Same => {
                return Err(format!("row {id} was released, and is given out"));
            }
            Some(
                State::Released
                | State::Refused
                | State::Waits
                | State::MayWait
                | State::Returned
                | State::ReturnedRefused,
            )
            | None => {}
        }
        let maybe = self.maybe.iter().filter(|(at, _)| *at == id && who == Who::Next);
        let candidates =
            kept.map(|row| row.record).into_iter().chain(maybe.map(|(_, record)| *record));
        let mut what = "nobody was promised it".to_owned();
        for candidate in candidates {
            match self.compare(candidate, record) {
                Ok(()) => return Ok(candidate),
                Err(difference) => what = difference,
            }
        }
        Err(format!("row {id}: {what}"))
    }

    /// Whether it is the record, whole.
    fn compare(&self, known: usize, record: &Record) -> Result<(), Broken> {
        let known = &self.records[known];
        let same = known.key() == record.key()
            && known.value() == record.value()
            && known.received() == record.received()
            && known.stored_headers().eq(record.stored_headers());
        if !same {
            return Err(format!("{record:?} is not {known:?}"));
        }
        let Topics { current, is_unsure } = self.topics;
        if record.topic() == topic(current) || is_unsure && record.topic() == topic(current - 1) {
            return Ok(());
        }
        Err(format!("its topic is {}, not {}", record.topic(), self.topic()))
    }
}
