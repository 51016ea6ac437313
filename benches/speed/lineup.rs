//! What is compared: some servers, and which by which.

use crate::HOOKBRIDGE;
use crate::certificate::Certificate;
use crate::subject::Subject;
use std::path::PathBuf;
use std::str::FromStr;
use testkit::broker::Broker;

/// Running servers.
pub(crate) struct Lineup {
    pub(crate) subjects: Vec<Subject>,
    /// Places of two: the figures of the first are divided by those of the second.
    pub(crate) ratios: Vec<(usize, usize)>,
    /// The place of the one at half of whose rate posts come in an open loop.
    pub(crate) pacemaker: Option<usize>,
}

impl Lineup {
    /// The bridge beside the least that could do its work.
    pub(crate) fn libraries(broker: &Broker) -> Self {
        let subjects = vec![Subject::bare(), Subject::prototype(broker), shipped(broker, None)];
        Self { subjects, ratios: vec![(2, 1), (2, 0)], pacemaker: Some(1) }
    }

    /// The bridge over TLS beside itself without, and beside the least that speaks TLS.
    pub(crate) fn over_tls(broker: &Broker, certificate: &Certificate) -> Self {
        let bare = Subject::bare_over_tls(certificate);
        let subjects = vec![bare, shipped(broker, None), shipped(broker, Some(certificate))];
        Self { subjects, ratios: vec![(2, 1), (2, 0)], pacemaker: None }
    }

    /// Variants of the bridge beside the bridge as it is shipped, all over TLS where there is a
    /// certificate.
    pub(crate) fn curve(broker: &Broker, variants: &[Variant], tls: Option<&Certificate>) -> Self {
        let shipped = Variant { build: HOOKBRIDGE.path().into(), flags: Vec::new() };
        let subjects = [("as shipped".to_owned(), &shipped)].into_iter();
        let subjects = subjects.chain(variants.iter().map(|variant| (variant.label(), variant)));
        let subjects = subjects.map(|(label, Variant { build, flags })| {
            Subject::bridge(&label, broker, build, flags, tls)
        });
        let ratios = (1..=variants.len()).map(|variant| (variant, 0)).collect();
        Self { subjects: subjects.collect(), ratios, pacemaker: None }
    }
}

/// The bridge as it is shipped.
pub(crate) fn shipped(broker: &Broker, tls: Option<&Certificate>) -> Subject {
    Subject::bridge("hookbridge", broker, HOOKBRIDGE.path().as_ref(), &[], tls)
}

/// A bridge that is not as it is shipped.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    build: PathBuf,
    flags: Vec<String>,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let mut words = typed.split_whitespace().peekable();
        let build = words.next_if(|word| !word.starts_with('-')).unwrap_or(HOOKBRIDGE.path());
        Ok(Self { build: build_at(build)?, flags: words.map(str::to_owned).collect() })
    }
}

impl Variant {
    fn label(&self) -> String {
        let build = Some(self.build.display().to_string()).filter(|it| it != HOOKBRIDGE.path());
        build.into_iter().chain(self.flags.iter().cloned()).collect::<Vec<_>>().join(" ")
    }
}

/// The path of a build that is there.
pub(crate) fn build_at(path: &str) -> Result<PathBuf, String> {
    let build = PathBuf::from(path);
    if build.is_file() { Ok(build) } else { Err("there is no such build".to_owned()) }
}
