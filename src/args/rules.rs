//! The flags that say what is accepted: those of every command that judges a notification.
//!
//! What they mean is in [`crate::config`].

use clap::{Args, ValueEnum};

/// As `-h` and `--help` put them together, with what a command adds of its own.
pub(super) const RULES: &str = "What is accepted";

/// The rules of a bridge.
#[derive(Debug, Clone, Copy, Args)]
pub struct RulesArgs {
    /// Fields: documented, or envelope alone
    ///
    /// `envelope` is for when the provider changes its fields before the bridge knows them
    #[arg(long, env = "HOOKBRIDGE_VALIDATION", help_heading = RULES,
          value_enum, value_name = "HOW", default_value_t = ValidationFlag::Documented)]
    pub validation: ValidationFlag,

    /// Types not known: reject, or forward
    ///
    /// `forward` publishes types that the provider adds, with type and app_id checked
    #[arg(long, env = "HOOKBRIDGE_UNKNOWN_EVENTS", help_heading = RULES,
          value_enum, value_name = "HOW", default_value_t = UnknownEventsFlag::Reject)]
    pub unknown_events: UnknownEventsFlag,
}

/// `--validation`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ValidationFlag {
    /// The documented fields of the type
    Documented,
    /// `type` and `app_id` alone
    Envelope,
}

/// `--unknown-events`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UnknownEventsFlag {
    /// 422
    Reject,
    /// Published, with the envelope checked
    Forward,
}
