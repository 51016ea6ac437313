//! A sample of which any number of notifications are made, no two of them equal.
//!
//! Promise: each is of a session of its own and of the second in which it is made; the rest is the
//! sample, with another `app_id` where that was asked for. Making one costs a copy.

use crate::cli::sample::{APP_ID, SESSION, Sample};
use bytes::Bytes;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What precedes the digits of a sample's time.
const TIME: &str = "\"trans_date\": \"";
/// Of a Unix time in seconds: until the year 2286.
const TIME_DIGITS: usize = 10;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// See the module.
pub(super) struct Template {
    app_id: Arc<str>,
    body: Vec<u8>,
    /// Where the session is named.
    sessions: Vec<usize>,
    time: usize,
}

impl Template {
    /// Of this project.
    pub(super) fn new(sample: Sample, app_id: &str) -> Self {
        let quoted = serde_json::to_string(app_id).expect("a text is JSON");
        let body = sample.text().replace(&format!("\"{APP_ID}\""), &quoted);
        Self {
            app_id: app_id.into(),
            sessions: body.match_indices(SESSION).map(|(place, _)| place).collect(),
            time: body.find(TIME).expect("a sample has a time") + TIME.len(),
            body: body.into_bytes(),
        }
    }

    /// Whose notifications they are.
    pub(super) fn app_id(&self) -> &Arc<str> {
        &self.app_id
    }

    /// That of a session; `run` distinguishes it from those of other runs.
    pub(super) fn body(&self, run: u32, session: u64, now: SystemTime) -> Bytes {
        let mut body = self.body.clone();
        let mut id = [0; SESSION.len()];
        let (of_run, of_session) = id.split_at_mut(8);
        write_digits(of_run, run.into(), 16);
        write_digits(of_session, session, 16);
        for place in &self.sessions {
            body[*place..place + id.len()].copy_from_slice(&id);
        }
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        write_digits(&mut body[self.time..self.time + TIME_DIGITS], seconds, 10);
        body.into()
    }
}

/// Fills the place with the last digits of the number.
fn write_digits(place: &mut [u8], mut number: u64, base: u64) {
    for digit in place.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(number % base).expect("it is below 16")];
        number /= base;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample::SAMPLES;
    use crate::webhook::notification::Notification;
    use crate::webhook::notification::contract::{Contract, UnknownEvents, Validation};
    use std::collections::HashSet;
    use std::time::Duration;

    #[test]
    fn no_two_are_equal_and_each_is_a_notification_of_its_app() {
        let contract =
            Contract { validation: Validation::Documented, unknown_events: UnknownEvents::Reject };
        let now = UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        let mut bodies = HashSet::new();
        for sample in SAMPLES {
            for app_id in [APP_ID, "my \"app\" ü"] {
                let template = Template::new(sample, app_id);
                for (run, session) in [(1, 0), (1, 1), (2, 0), (u32::MAX, u64::MAX)] {
                    let body = template.body(run, session, now);
                    let notification = Notification::parse(&body, contract).unwrap();
                    assert_eq!(notification.app_id().as_str(), app_id);
                    assert_eq!(notification.type_name(), sample.name);
                    assert!(String::from_utf8_lossy(&body).contains("\"1796000000\""));
                    assert!(!String::from_utf8_lossy(&body).contains(SESSION));
                    assert!(bodies.insert(body));
                }
            }
        }
    }
}
