//! Says what posts leave to be said, and shows when passwords were last used, so that no post is
//! held up by it.

use crate::bridge::shared::Shared;
use crate::post::PostRecorder;
use crate::webhook::http::tls::Certificate;
use crate::webhook::ingest::Authentication;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How late a thing may be said.
const TICK: Duration = Duration::from_secs(1);

/// What there may be to say.
pub(super) struct PeriodicLog {
    recorder: Arc<PostRecorder>,
    access: Authentication,
    certificate: Option<Arc<Certificate>>,
}

impl PeriodicLog {
    /// What posts have left with the recorder, and what the files of the configuration give cause for.
    pub(super) fn new(Shared { config, recorder, .. }: &Shared) -> Self {
        let (access, certificate) = (config.access.clone(), config.certificate.clone());
        Self { recorder: recorder.clone(), access, certificate }
    }

    /// Sums up the refusals that were left out of the log, and names each user once whose password is
    /// too long, for as long as it is awaited.
    pub(super) async fn run(self) {
        let mut named = HashSet::new();
        loop {
            sleep(TICK).await;
            self.recorder.refusals.sum_up(Instant::now());
            if let Some(certificate) = &self.certificate {
                self.recorder.metrics.reloads.show_certificate(certificate.validity().not_after);
            }
            let Authentication::Restricted(authenticator) = &self.access else { continue };
            self.recorder.metrics.reloads.show_passwords(authenticator.last_uses());
            for user in authenticator.users_with_long_passwords() {
                if named.insert(Arc::clone(&user)) {
                    tracing::warn!(
                        user = &*user,
                        "a password of over 72 bytes was posted and is refused: if the user's hash was made \
                         of it, what made the hash cut it, and a shorter one has to be chosen"
                    );
                }
            }
        }
    }
}
