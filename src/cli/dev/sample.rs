//! The notifications that are posted: one of each type, as the provider sends them.
//!
//! Part of the program, so that `dev` needs no file beside it.

/// The project that all samples speak of.
pub(super) const APP_ID: &str = "5f3a9c1e7d2b4a0012c4e8f1";

/// In the order in which a meeting sends them.
pub(super) const SAMPLES: [Sample; 4] = [
    Sample { name: "roomdrop", body: include_bytes!("samples/roomdrop.json") },
    Sample { name: "recording", body: include_bytes!("samples/recording.json") },
    Sample { name: "transcoded", body: include_bytes!("samples/transcoded.json") },
    Sample { name: "file-transfer", body: include_bytes!("samples/file-transfer.json") },
];

/// One notification to post.
pub(super) struct Sample {
    /// Its type.
    pub(super) name: &'static str,
    pub(super) body: &'static [u8],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::notification::Notification;
    use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};

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
}
