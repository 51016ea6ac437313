//! Why bytes are no notification.
//!
//! Promises: one variant for each code that a sender may see; no text repeats the body. Does not
//! know HTTP: statuses belong to the rejection.

use crate::post::text::cut;
use crate::webhook::notification::app_id::AppId;
use crate::webhook::notification::event::EventKind;
use crate::webhook::notification::field_error::{FieldErrors, JsonType};

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
    /// A field that must be unambiguous comes twice.
    #[error("`{name}` stands more than once")]
    RepeatedField {
        /// The first field that was repeated.
        name: &'static str,
        /// Whose it is and what, where that can be read.
        about: About,
    },
    /// A `type` that is not documented, where these are refused.
    #[error("`type` is none of {}", EventKind::DOCUMENTED.map(EventKind::name).join(", "))]
    UnknownEvent {
        /// Whose it is and what, where that can be read.
        about: About,
    },
    /// Fields break the contract of the type.
    #[error("{field_errors}")]
    InvalidNotification {
        /// What is wrong.
        field_errors: FieldErrors,
        /// Whose it is and what, where that can be read.
        about: About,
    },
}

/// What could be read of a post that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The project.
    pub app_id: Option<AppId<'static>>,
    /// The text of `type`, whatever it is, cut as the log cuts it.
    pub type_name: Option<Box<str>>,
}

impl About {
    /// Keeps what could be read.
    pub(super) fn new(app_id: Option<&AppId<'_>>, type_name: Option<&str>) -> Self {
        Self {
            app_id: app_id.map(|app_id| app_id.clone().into_owned()),
            type_name: type_name.map(|name| cut(name).into()),
        }
    }
}

impl Invalid {
    /// The same, where the body is a form of this kind.
    pub(super) fn told_as_form(mut self, kind: Option<&'static str>) -> Self {
        if let (Self::MalformedJson { detail, .. }, Some(kind)) = (&mut self, kind) {
            *detail =
                format!("the body is a form ({kind}), send the JSON itself as the body: {detail}");
        }
        self
    }

    /// What could be read of the refused post; `None` where it is no object.
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::MalformedJson { .. } | Self::NotAnObject { .. } => None,
            Self::RepeatedField { about, .. }
            | Self::UnknownEvent { about }
            | Self::InvalidNotification { about, .. } => Some(about),
        }
    }

    /// The fields at fault; `None` where the post fails as a whole.
    pub fn field_errors(&self) -> Option<&FieldErrors> {
        match self {
            Self::InvalidNotification { field_errors, .. } => Some(field_errors),
            Self::MalformedJson { .. }
            | Self::NotAnObject { .. }
            | Self::RepeatedField { .. }
            | Self::UnknownEvent { .. } => None,
        }
    }
}
