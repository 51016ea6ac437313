//! Why bytes are no notification.
//!
//! Promises: one variant for each code that a sender may see; no text repeats the body. Does not
//! know HTTP: statuses belong to the rejection.

use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::event::EventKind;
use crate::webhook::notification::fault::{Faults, JsonType};

/// The first step of the contract that a body fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not UTF-8, not JSON, more than one value, or nested too deep.
    #[error("{detail} at line {line} column {column}")]
    MalformedJson {
        /// The line of the first problem, from 1.
        line: usize,
        /// The byte in that line, from 1, a byte order mark not counted; 0 where the body ended
        /// before the line began.
        column: usize,
        /// What is wrong there.
        detail: String,
    },
    /// JSON, and something else than one object.
    #[error("found {found} instead of an object")]
    NotAnObject {
        /// What the body is.
        found: JsonType,
    },
    /// A field that must be unambiguous stands twice.
    #[error("`{name}` stands more than once")]
    RepeatedField {
        /// The first field that was repeated.
        name: &'static str,
        /// The project, where it can be told.
        app_id: Option<AppId<'static>>,
    },
    /// A `type` that is not documented, where these are refused.
    #[error("`type` is none of {}", EventKind::DOCUMENTED.map(EventKind::name).join(", "))]
    UnknownEvent {
        /// The project, where it can be told.
        app_id: Option<AppId<'static>>,
    },
    /// Fields break the contract of the type.
    #[error("{faults}")]
    InvalidNotification {
        /// What is wrong.
        faults: Faults,
        /// The project, where it can be told.
        app_id: Option<AppId<'static>>,
    },
}

impl Invalid {
    /// The project of the refused post, where it can be told.
    pub fn app_id(&self) -> Option<&AppId<'static>> {
        match self {
            Self::MalformedJson { .. } | Self::NotAnObject { .. } => None,
            Self::RepeatedField { app_id, .. }
            | Self::UnknownEvent { app_id }
            | Self::InvalidNotification { app_id, .. } => app_id.as_ref(),
        }
    }

    /// The fields at fault; `None` where the post fails as a whole.
    pub fn faults(&self) -> Option<&Faults> {
        match self {
            Self::InvalidNotification { faults, .. } => Some(faults),
            Self::MalformedJson { .. }
            | Self::NotAnObject { .. }
            | Self::RepeatedField { .. }
            | Self::UnknownEvent { .. } => None,
        }
    }
}
