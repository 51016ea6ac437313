//! What a check found, for people and for scripts.
//!
//! Promise: what warns or fails says what mends it.

use crate::cli::check::setting::Setting;
use crate::cli::printable::printable_line;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::fmt::Write as _;

const HOLDS: Style = AnsiColor::Green.on_default();
const WARNS: Style = AnsiColor::Yellow.on_default();
const FAILS: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// What it is about: a word at the beginning of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Subject {
    Flags,
    Access,
    Tls,
    Ports,
    Spool,
    Brokers,
    Topic,
    Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Holds,
    Warns,
    Fails,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) subject: Subject,
    pub(super) verdict: Verdict,
    pub(super) says: String,
    /// What is to be done; none where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) settings: Vec<Setting>,
    pub(super) findings: Vec<Finding>,
}

impl Finding {
    pub(super) fn holds(subject: Subject, says: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Holds, says: says.into(), mend: None }
    }

    pub(super) fn warns(
        subject: Subject,
        says: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { subject, verdict: Verdict::Warns, says: says.into(), mend: Some(mend.into()) }
    }

    pub(super) fn fails(
        subject: Subject,
        says: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { subject, verdict: Verdict::Fails, says: says.into(), mend: Some(mend.into()) }
    }
}

impl Subject {
    fn as_str(self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::Access => "access",
            Self::Tls => "tls",
            Self::Ports => "ports",
            Self::Spool => "spool",
            Self::Brokers => "brokers",
            Self::Topic => "topic",
            Self::Clock => "clock",
        }
    }
}

impl Verdict {
    fn shown(self) -> (&'static str, Style) {
        match self {
            Self::Holds => ("holds", HOLDS),
            Self::Warns => ("warns", WARNS),
            Self::Fails => ("fails", FAILS),
        }
    }
}

impl Report {
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts alone") + "\n"
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for Setting { flag, value, origin } in &self.settings {
            let value = printable_line(value);
            let line = format_args!("{QUIET}{flag:24} {value}  ({origin}){QUIET:#}");
            writeln!(text, "{line}").expect("a String takes all text");
        }
        text.push('\n');
        for Finding { subject, verdict, says, mend } in &self.findings {
            let ((word, style), subject) = (verdict.shown(), subject.as_str());
            let says = printable_line(says);
            writeln!(text, "{style}{word}{style:#}  {subject:8} {says}")
                .expect("a String takes all text");
            if let Some(mend) = mend {
                let mend = printable_line(mend);
                writeln!(text, "                -> {mend}").expect("a String takes all text");
            }
        }
        let of = |verdict| self.count(verdict);
        let counts = (of(Verdict::Holds), of(Verdict::Warns), of(Verdict::Fails));
        let (holds, warns, fails) = counts;
        writeln!(text, "\n{holds} hold, {warns} warn, {fails} fail")
            .expect("a String takes all text");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_finding_and_for_its_mend() {
        let report = Report {
            settings: vec![Setting {
                flag: "--topic".to_owned(),
                value: "events".to_owned(),
                origin: "default".to_owned(),
            }],
            findings: vec![
                Finding::holds(Subject::Flags, "all can be taken"),
                Finding::fails(Subject::Topic, "is\nmissing", "make it"),
            ],
        };
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        assert_eq!(
            text,
            "--topic                  events  (default)\n\nholds  flags    all can be taken\n\
             fails  topic    is\\nmissing\n                -> make it\n\n1 hold, 0 warn, 1 fail\n"
        );
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["findings"][1]["verdict"], "fails");
        assert_eq!(json["findings"][0].get("mend"), None);
    }
}
