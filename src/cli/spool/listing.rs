//! What `spool list` shows, as values; its JSON has the same fields.
//!
//! The spool is read in several passes. Beside a running bridge records come and go between them, so
//! that the sums need not agree.

use crate::delivery::spool::error::SpoolError;
use crate::delivery::spool::part::Part;
use crate::delivery::spool::reader::SpoolReader;
use crate::delivery::spool::reader::stored_row::StoredRow;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The most row numbers that are shown of records with one reason: enough to look some of them up.
const MOST_ROWS: usize = 100;

/// A spool: what waits, and what is in quarantine.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    pub(super) spool: String,
    pub(super) waiting: WaitingRecords,
    pub(super) quarantine: Quarantine,
    pub(super) file_bytes: u64,
    /// What `--verify` found; none if it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) faults: Option<Vec<String>>,
}

/// What the drain will send.
#[derive(Debug, Serialize)]
pub(super) struct WaitingRecords {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) oldest: Option<Timestamp>,
    /// Records that should be there too, and are not or do not check.
    pub(super) missing: u64,
    /// Most records first.
    pub(super) by_app_id: Vec<AppCount>,
}

/// What waits for one app_id of one topic.
#[derive(Debug, Serialize)]
pub(super) struct AppCount {
    pub(super) topic: String,
    pub(super) app_id: String,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) oldest: Timestamp,
}

/// What is not sent until `spool requeue` puts it back.
#[derive(Debug, Serialize)]
pub(super) struct Quarantine {
    pub(super) records: u64,
    /// Most records first.
    pub(super) by_reason: Vec<ReasonCount>,
    pub(super) files: Vec<ListedFile>,
}

/// Records of one topic and app_id that were quarantined for one reason.
#[derive(Debug, Serialize)]
pub(super) struct ReasonCount {
    /// None where the record is damaged, and so is `app_id`: nothing in it is certain.
    pub(super) topic: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) reason: String,
    pub(super) records: u64,
    /// When the last of them was quarantined.
    pub(super) latest: Option<Timestamp>,
    /// The first [`MOST_ROWS`] of their row numbers, by which `spool export` and the log name a record.
    pub(super) rows: Vec<u64>,
}

/// A damaged file.
#[derive(Debug, Serialize)]
pub(super) struct ListedFile {
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Listing {
    /// Looks at the spool in `dir`.
    pub(super) fn of(reader: &SpoolReader, dir: &Path) -> Result<Self, SpoolError> {
        let summary = reader.summary()?;
        let apps = summary.keys.into_iter().map(|key| AppCount {
            topic: key.topic,
            app_id: key.key,
            records: key.rows,
            bytes: key.bytes,
            oldest: key.oldest.into(),
        });
        let mut by_app_id: Vec<AppCount> = apps.collect();
        by_app_id.sort_by_key(|app| std::cmp::Reverse(app.records));
        let files = summary.damaged_files.into_iter();
        let by_reason = by_reason(reader)?;
        Ok(Self {
            spool: std::path::absolute(dir).as_deref().unwrap_or(dir).display().to_string(),
            waiting: WaitingRecords {
                records: summary.rows,
                bytes: summary.bytes_of_rows,
                oldest: summary.oldest.map(Timestamp::from),
                missing: summary.missing_rows,
                by_app_id,
            },
            quarantine: Quarantine {
                records: by_reason.iter().map(|reason| reason.records).sum(),
                by_reason,
                files: files
                    .map(|file| ListedFile { name: file.name, bytes: file.bytes })
                    .collect(),
            },
            file_bytes: summary.file_bytes,
            faults: None,
        })
    }
}

/// What is in quarantine, by app_id and reason. Reads all of it.
fn by_reason(reader: &SpoolReader) -> Result<Vec<ReasonCount>, SpoolError> {
    let mut groups: BTreeMap<(Option<String>, Option<String>, String), ReasonCount> =
        BTreeMap::new();
    let mut rows = reader.rows(Part::Quarantine)?;
    while let Some(StoredRow { id, topic, key, quarantined, fault, .. }) = rows.read()? {
        let (at, reason) = quarantined.unzip();
        let (topic, app_id) = fault.is_none().then_some((topic, key)).unzip();
        let reason = reason.or(fault).unwrap_or_default();
        let entry = groups.entry((topic.clone(), app_id.clone(), reason.clone()));
        let (records, latest, rows) = (0, None, Vec::new());
        let group = entry.or_insert(ReasonCount { topic, app_id, reason, records, latest, rows });
        group.records += 1;
        group.latest = at.map(Timestamp::from).max(group.latest);
        if group.rows.len() < MOST_ROWS {
            group.rows.push(id);
        }
    }
    let mut reasons: Vec<ReasonCount> = groups.into_values().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.records));
    Ok(reasons)
}
