//! How strictly notifications are read: the operator's choice.
//!
//! Promise: the strict choices are the defaults. It does not judge a field: see `rules`.

use crate::metrics::EventKind;
use crate::webhook::notification::event::Field;

/// What a post must fulfil to be accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// How much of a documented type is checked.
    pub validation: Validation,
    /// What happens to a type that is not documented.
    pub unknown_events: UnknownEvents,
}

/// How much of a notification is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// Every field that is documented for its type.
    #[default]
    Documented,
    /// `type` and `app_id` alone.
    Envelope,
}

/// What happens to a type that is not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownEvents {
    /// It is refused.
    #[default]
    Reject,
    /// It is accepted if its envelope is sound.
    Forward,
}

impl Contract {
    /// The fields that a post of this kind must have; `None` is a post whose `type` cannot
    /// be read, which lacks at least what all documented types have in common.
    pub const fn required(self, kind: Option<EventKind>) -> &'static [Field] {
        match (self.validation, kind) {
            (Validation::Envelope, _) => Field::ENVELOPE,
            (Validation::Documented, None) => Field::COMMON,
            (Validation::Documented, Some(kind)) => kind.fields(),
        }
    }
}
