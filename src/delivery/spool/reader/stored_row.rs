//! A row as another process is shown it.

use crate::delivery::spool::part::Part;
use crate::delivery::spool::row::{QuarantineNote, RowParts, Unreadable, from_unix_millis};
use std::time::SystemTime;

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// The number under which it was appended.
    pub id: u64,
    /// Its topic.
    pub topic: String,
    /// Its key.
    pub key: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its value.
    pub value: Vec<u8>,
    /// When its post was received.
    pub received: SystemTime,
    /// When and why it was quarantined.
    pub quarantined: Option<(SystemTime, String)>,
    /// What is wrong. Then there is nothing of the above but the number.
    pub fault: Option<String>,
}

/// What is shown where there is no row that can be read.
pub(super) fn broken(id: u64, fault: String) -> StoredRow {
    StoredRow {
        id,
        topic: String::new(),
        key: String::new(),
        headers: Vec::new(),
        value: Vec::new(),
        received: SystemTime::UNIX_EPOCH,
        quarantined: None,
        fault: Some(fault),
    }
}

/// A row of a part, from its payload.
pub(super) fn stored_row(part: Part, id: u64, payload: &[u8]) -> Result<StoredRow, Unreadable> {
    let (note, payload) = match part {
        Part::Queue => (None, payload),
        Part::Quarantine => {
            let (note, payload) = QuarantineNote::split(payload)?;
            (Some(note), payload)
        }
    };
    let parts = RowParts::of(payload)?;
    let headers = parts.headers()?.into_iter();
    Ok(StoredRow {
        id: note.map_or(id, |note| note.row),
        topic: parts.topic.to_owned(),
        key: parts.key.to_owned(),
        headers: headers.map(|(name, value)| (name.as_str().to_owned(), value.into())).collect(),
        value: parts.value.to_vec(),
        received: from_unix_millis(parts.received),
        quarantined: note.map(|note| (from_unix_millis(note.at), note.reason.to_owned())),
        fault: None,
    })
}
