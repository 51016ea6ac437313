//! Notifications to post: one of each type, as the provider sends them.
//!
//! Part of the program, so that its commands need no file beside it.

use crate::args::send::TypeFlag;

/// The project that all samples speak of.
pub(super) const APP_ID: &str = "5f3a9c1e7d2b4a0012c4e8f1";
/// The session that all samples speak of.
pub(super) const SESSION: &str = "64a2035be4b0d7a1c3f9b2d4";

const ROOMDROP: Sample = Sample { name: "roomdrop", body: include_bytes!("samples/roomdrop.json") };
const RECORDING: Sample =
    Sample { name: "recording", body: include_bytes!("samples/recording.json") };
const TRANSCODED: Sample =
    Sample { name: "transcoded", body: include_bytes!("samples/transcoded.json") };
const FILE_TRANSFER: Sample =
    Sample { name: "file-transfer", body: include_bytes!("samples/file-transfer.json") };

/// In the order in which a meeting sends them.
pub(super) const SAMPLES: [Sample; 4] = [ROOMDROP, RECORDING, TRANSCODED, FILE_TRANSFER];

/// One notification to post.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Its type.
    pub(super) name: &'static str,
    pub(super) body: &'static [u8],
}

impl Sample {
    /// The one of a type.
    pub(super) fn of(type_flag: TypeFlag) -> Self {
        match type_flag {
            TypeFlag::Roomdrop => ROOMDROP,
            TypeFlag::Recording => RECORDING,
            TypeFlag::Transcoded => TRANSCODED,
            TypeFlag::FileTransfer => FILE_TRANSFER,
        }
    }

    /// Its text.
    pub(super) fn text(&self) -> &'static str {
        str::from_utf8(self.body).expect("JSON is UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::notification::Notification;
    use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};
    use clap::ValueEnum as _;

    #[test]
    fn every_sample_is_a_documented_notification_of_its_app() {
        let contract =
            Contract { validation: Validation::Documented, unknown_events: UnknownEvents::Reject };
        for sample in SAMPLES {
            let notification = Notification::parse(sample.body, contract).unwrap();
            assert_eq!(notification.type_name(), sample.name);
            assert_eq!(notification.app_id().as_str(), APP_ID);
        }
    }

    #[test]
    fn each_type_of_the_flag_has_the_sample_of_its_name() {
        let values = TypeFlag::value_variants();
        assert_eq!(values.len(), SAMPLES.len());
        for value in values {
            let name = value.to_possible_value().unwrap().get_name().to_owned();
            assert_eq!(Sample::of(*value).name, name);
        }
    }
}
