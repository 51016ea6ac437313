//! A notification of the video service, checked.
//!
//! Promise: a [`Notification`] fulfils its [`Contract`], and its bytes are UTF-8 and JSON by the
//! grammar of RFC 8259, so that they can be passed on untouched. Reading is one pass that borrows
//! from the body; what is wrong is named all at once. It does no I/O, knows no HTTP and no Kafka, and
//! keeps nothing of the body but what routes a record.

pub mod app_id;
pub mod contract;
pub mod event;
pub mod field_error;
pub mod invalid;
mod leaves;
mod members;
mod rules;
pub mod trans_date;
mod json_walk;

#[cfg(test)]
mod tests;

use crate::metrics::EventKind;
use crate::webhook::notification::app_id::{AppId, check_label};
use crate::webhook::notification::contract::{Contract, UnknownEvents};
use crate::webhook::notification::invalid::{About, Invalid};
use crate::webhook::notification::members::Members;
use crate::webhook::notification::trans_date::TransDate;
use std::borrow::Cow;

/// The longest undocumented `type` that is forwarded, in bytes: it lands in a header of its record.
pub const FORWARDED_TYPE_LIMIT: usize = 128;

/// One accepted post: what is known of it besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification<'a> {
    kind: EventKind,
    type_name: Cow<'a, str>,
    app_id: AppId<'a>,
    subject: Option<Cow<'a, str>>,
    time: Option<TransDate>,
}

impl<'a> Notification<'a> {
    /// Reads and checks the body of a post. Fails with the first step of the contract that it does
    /// not pass: JSON, one object, no ambiguous field, a known type, sound fields.
    ///
    /// ```
    /// use hookbridge::webhook::notification::Notification;
    /// use hookbridge::webhook::notification::contract::Contract;
    ///
    /// let body = br#"{"type":"roomdrop","trans_date":"1688374123","app_id":"5f3a","room_id":7}"#;
    /// let refused = Notification::parse(body, Contract::default()).unwrap_err();
    /// assert_eq!(refused.to_string(), "#/conf_num: the field is missing");
    /// ```
    pub fn parse(body: &'a [u8], contract: Contract) -> Result<Self, Invalid> {
        let mut members = Members::read(body)?;
        let kind = match &members.type_name {
            Err(_) => None,
            Ok(name) => match (EventKind::documented(name), contract.unknown_events) {
                (Some(kind), _) => Some(kind),
                (None, UnknownEvents::Forward) => {
                    if let Err(unfit) = check_label(name, FORWARDED_TYPE_LIMIT) {
                        members.type_name = Err(unfit.into());
                    }
                    Some(EventKind::Other)
                }
                (None, UnknownEvents::Reject) => {
                    return Err(Invalid::UnknownEvent { about: members.about() });
                }
            },
        };
        let field_errors = members.field_errors(contract.required(kind));
        match (kind, members.type_name, members.app_id) {
            (Some(kind), Ok(type_name), Ok(app_id)) if field_errors.is_empty() => Ok(Self {
                kind,
                type_name,
                app_id,
                subject: members.room_id.ok().flatten(),
                time: members.trans_date.ok().flatten(),
            }),
            (_, type_name, app_id) => {
                let about = About::new(app_id.as_ref().ok(), type_name.as_deref().ok());
                Err(Invalid::InvalidNotification { field_errors, about })
            }
        }
    }

    /// What it is about.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The text of `type`, also of one that is not documented.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The project it belongs to.
    pub fn app_id(&self) -> &AppId<'a> {
        &self.app_id
    }

    /// The room of the session; a number as its text. `None` where it cannot be read (half a
    /// surrogate pair, a number beyond a double), or holds what an attribute may not have (control
    /// characters, more than 256 bytes).
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The instant it speaks of, in the years 1970 to 9999; `None` where it cannot be read.
    pub fn time(&self) -> Option<TransDate> {
        self.time
    }
}
