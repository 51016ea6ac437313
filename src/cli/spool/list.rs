//! `spool list`: what waits, what was quarantined, and with `--verify` whether all of it is sound.
//!
//! It takes no lock and writes nothing.

use crate::args::output::Output;
use crate::args::spool::SpoolListArgs;
use crate::cli::printable::{printable_app_id, printable_line};
use crate::cli::screen::Screen;
use crate::cli::spool::listing::{AppCount, ListedFile, Listing, ReasonCount};
use crate::cli::spool::{SpoolCommandError, counted};
use crate::cli::table::{Align, table};
use crate::delivery::spool::reader::SpoolReader;
use crate::timestamp::Timestamp;
use anstyle::{AnsiColor, Style};
use bytesize::ByteSize;
use std::time::SystemTime;

/// Numbers of records that a line of the table shows.
const FEW: usize = 3;

const LABEL: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Prints it; an error if `--verify` found faults.
pub(super) fn run(args: &SpoolListArgs) -> Result<(), SpoolCommandError> {
    let reader = SpoolReader::open(&args.folder.spool)?;
    let faults = if args.verify { Some(reader.verify()?) } else { None };
    let listing = Listing { faults, ..Listing::of(&reader, &args.folder.spool)? };
    let mut screen = Screen::new();
    screen.print(&match args.output {
        Output::Text => text(&listing, SystemTime::now()),
        Output::Json => json(&listing),
    });
    screen.end().map_err(SpoolCommandError::Output)?;
    let faults = listing.faults.unwrap_or_default();
    match faults.first() {
        Some(first) => {
            let (count, first) = (faults.len() as u64, first.clone());
            Err(SpoolCommandError::Unsound { count, first })
        }
        None => Ok(()),
    }
}

fn json(listing: &Listing) -> String {
    serde_json::to_string_pretty(listing).expect("texts and numbers") + "\n"
}

fn text(listing: &Listing, now: SystemTime) -> String {
    let sections = [
        head(listing, now),
        waiting(&listing.waiting.by_app_id, now),
        reasons(&listing.quarantine.by_reason),
        files(&listing.quarantine.files),
    ];
    let shown: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
    shown.join("\n")
}

fn head(listing: &Listing, now: SystemTime) -> String {
    let Listing { spool, waiting, quarantine, file_bytes, faults } = listing;
    let since = |oldest: Timestamp| format!(", the oldest since {oldest} ({})", oldest.age(now));
    let waits = match waiting.records {
        0 => "nothing".to_owned(),
        records => {
            let oldest = waiting.oldest.map(since).unwrap_or_default();
            format!("{}, {}{oldest}", records_of(records), ByteSize(waiting.bytes))
        }
    };
    let quarantined = match (quarantine.records, quarantine.files.len()) {
        (0, 0) => "nothing".to_owned(),
        (0, files) => files_of(files),
        (records, 0) => records_of(records),
        (records, files) => format!("{}, {}", records_of(records), files_of(files)),
    };
    let mut text = [
        row("spool", &printable_line(spool)),
        row("waiting", &waits),
        match waiting.missing {
            0 => String::new(),
            missing => row("missing", &format!("{BAD}{}{BAD:#}", records_of(missing))),
        },
        row("quarantined", &quarantined),
        row("on disk", &ByteSize(*file_bytes).to_string()),
    ]
    .concat();
    match faults.as_deref() {
        None => {}
        Some([]) => text += &row("verified", "every record is sound"),
        Some(faults) => {
            for fault in faults {
                text += &row("fault", &format!("{BAD}{}{BAD:#}", printable_line(fault)));
            }
        }
    }
    text
}

fn waiting(apps: &[AppCount], now: SystemTime) -> String {
    let rows = apps.iter().map(|AppCount { topic, app_id, records, bytes, oldest }| {
        [
            printable_line(topic),
            printable_app_id(app_id),
            records.to_string(),
            ByteSize(*bytes).to_string(),
            format!("{oldest} ({})", oldest.age(now)),
        ]
    });
    table(
        [
            ("TOPIC", Align::Left),
            ("APP_ID", Align::Left),
            ("WAITING", Align::Right),
            ("BYTES", Align::Right),
            ("OLDEST", Align::Left),
        ],
        &rows.collect::<Vec<_>>(),
    )
}

/// What was quarantined; nothing if nothing was.
pub(super) fn reasons(reasons: &[ReasonCount]) -> String {
    let certain = |text: &Option<String>, print: fn(&str) -> String| {
        text.as_deref().map_or("(damaged)".to_owned(), print)
    };
    let rows = reasons.iter().map(|count| {
        let ReasonCount { topic, app_id, reason, records, latest, rows } = count;
        [
            certain(topic, printable_line),
            certain(app_id, printable_app_id),
            records.to_string(),
            latest.map(|latest| latest.to_string()).unwrap_or_default(),
            printable_line(reason),
            few(rows),
        ]
    });
    table(
        [
            ("TOPIC", Align::Left),
            ("APP_ID", Align::Left),
            ("QUARANTINED", Align::Right),
            ("LATEST", Align::Left),
            ("REASON", Align::Left),
            ("ROWS", Align::Left),
        ],
        &rows.collect::<Vec<_>>(),
    )
}

/// The first numbers, and whether there are more.
fn few(rows: &[u64]) -> String {
    let mut shown: Vec<String> = rows.iter().take(FEW).map(u64::to_string).collect();
    if rows.len() > FEW {
        shown.push("…".to_owned());
    }
    shown.join(" ")
}

/// The damaged files; nothing if there are none.
pub(super) fn files(files: &[ListedFile]) -> String {
    let rows = files
        .iter()
        .map(|ListedFile { name, bytes }| [printable_line(name), ByteSize(*bytes).to_string()]);
    table([("DAMAGED FILE", Align::Left), ("BYTES", Align::Right)], &rows.collect::<Vec<_>>())
}

fn row(label: &str, text: &str) -> String {
    format!("{LABEL}{label:<11}{LABEL:#}  {text}\n")
}

fn records_of(count: u64) -> String {
    counted(count, "record", "records")
}

fn files_of(count: usize) -> String {
    counted(count as u64, "damaged file", "damaged files")
}
