//! One property as it is written: `key=value`.
//!
//! Promise: a key may be shown. A secret that holds a `=` can come before it, behind the key of Java's
//! `key: value` and `key value`, or on a line that continues another. It judges no property.

use crate::delivery::kafka::settings::IN_FLIGHT;

/// A property's key, and its value, which may be a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyValue<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

/// It is none. What is there is not named: a part of it may be a secret.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected key=value, with a key of a-z 0-9 . _ - (Java's \"key: value\" is not known here)"
)]
pub(super) struct NoKeyValue;

impl<'a> KeyValue<'a> {
    /// Parts it at the first `=`; blanks around key and value are not meant.
    pub(super) fn parse(property: &'a str) -> Result<Self, NoKeyValue> {
        let (key, value) = property.split_once('=').ok_or(NoKeyValue)?;
        let (key, value) = (key.trim(), value.trim());
        if is_key(key) { Ok(Self { key, value }) } else { Err(NoKeyValue) }
    }

    /// The name for all aliases of its key, so that the later of two wins.
    pub(super) fn name(&self) -> &'a str {
        match self.key {
            "max.in.flight" => IN_FLIGHT,
            "queue.buffering.max.ms" => "linger.ms",
            "sasl.mechanism" => "sasl.mechanisms",
            other => other,
        }
    }
}

/// Base64, which ends in `=`, has capitals; no property does.
fn is_key(key: &str) -> bool {
    let named =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['.', '_', '-'].contains(&c);
    !key.is_empty() && key.chars().all(named)
}
