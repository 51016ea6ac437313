//! Which records are wanted.
//!
//! Promise: of one flag any value will do, of several flags each wants one. It looks at nothing that no
//! flag asks for.

use crate::args::tail::TailArgs;
use crate::delivery::kafka::topic_record::TopicRecord;
use crate::delivery::record::header_name::HeaderName;

/// What precedes the provider's own name of a type in `ce_type`.
const PREFIX: &[u8] = b"video.";

/// See the module.
pub(super) struct RecordFilter<'a>(pub(super) &'a TailArgs);

impl RecordFilter<'_> {
    /// Whether it is one.
    pub(super) fn takes(&self, record: &TopicRecord<'_>) -> bool {
        let Self(TailArgs { app_ids, types, ids, codes, .. }) = self;
        let header = |name: HeaderName| record.header(name.as_str());
        let is_app = |app_id: &String| record.key == Some(app_id.as_bytes());
        let is_type = |wanted: &String| {
            header(HeaderName::Type).is_some_and(|found| {
                let bare = found.strip_prefix(PREFIX).unwrap_or(found);
                [found, bare].contains(&wanted.as_bytes())
            })
        };
        let is_id = |wanted: &String| {
            header(HeaderName::Id).is_some_and(|found| found.starts_with(wanted.as_bytes()))
        };
        let is_code = |wanted: &String| {
            header(HeaderName::Code).is_some_and(|found| found == wanted.trim().as_bytes())
        };
        (app_ids.is_empty() || app_ids.iter().any(is_app))
            && (types.is_empty() || types.iter().any(is_type))
            && (ids.is_empty() || ids.iter().any(is_id))
            && (codes.is_empty() || codes.iter().any(is_code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn takes(flags: &[&str], record: &TopicRecord<'_>) -> bool {
        let cli = Cli::parse_from([&["hookbridge", "tail"], flags].concat());
        let Some(Command::Tail(args)) = cli.command else { panic!("it is tail") };
        RecordFilter(&args).takes(record)
    }

    #[test]
    fn each_flag_wants_one_of_its_values() {
        let record = TopicRecord {
            key: Some(b"app"),
            headers: vec![
                ("ce_type", Some(b"video.recording")),
                ("ce_id", Some(b"abcdef")),
                ("hookbridge-code", Some(b"record_refused")),
            ],
            ..TopicRecord::default()
        };
        for flags in [
            &[][..],
            &["--app-id=no", "--app-id=app"],
            &["--type=recording"],
            &["--type=video.recording", "--id=abc", "--app-id=app"],
            &["--dead-letters", "--code=unknown_event, record_refused"],
        ] {
            assert!(takes(flags, &record), "{flags:?}");
        }
        for flags in [
            &["--app-id=ap"][..],
            &["--type=record"],
            &["--type=recording", "--id=bc"],
            &["--dead-letters", "--code=unknown_event"],
        ] {
            assert!(!takes(flags, &record), "{flags:?}");
        }
        assert!(!takes(&["--id=a"], &TopicRecord::default()));
    }
}
