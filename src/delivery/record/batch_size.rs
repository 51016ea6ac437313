//! How many bytes a record takes in a batch, as Kafka counts them: `RecordBatch` v2.
//!
//! Numbers in it take from one byte to five. Promise: no batch with the record is larger than its size
//! or smaller than its least size, before compression.

use crate::delivery::record::Record;

/// The most that is added to a record that is alone in its batch: the batch's own head (61), and the
/// record's lengths, counts, offset and time.
const BATCH_OVERHEAD: usize = 61 + 36;
/// The most that is added to a header: the lengths of name and value.
const HEADER_OVERHEAD: usize = 6;
/// Of the two, the difference to the least that is added.
const BATCH_SLACK: usize = 36 - 7;
const HEADER_SLACK: usize = HEADER_OVERHEAD - 2;

impl Record {
    /// The most that a batch with this record alone takes.
    pub fn size(&self) -> usize {
        let names = self.headers.iter().map(|(name, _)| HEADER_OVERHEAD + name.as_str().len());
        BATCH_OVERHEAD + self.text.len() + names.sum::<usize>() + self.value.len()
    }

    /// The least that a batch with it takes: a topic with a lower limit does not take it.
    pub(in crate::delivery) fn least_size(&self) -> usize {
        self.size() - BATCH_SLACK - HEADER_SLACK * self.headers.len()
    }
}
