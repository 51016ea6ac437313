//! The text of a file of properties, and one property: `key=value`, as kcat and Java write it.
//!
//! It judges no property. Lines that continue others are not known: no value here needs one.

use crate::delivery::kafka::settings::IN_FLIGHT;

/// The names of the brokers.
const BROKERS: [&str; 2] = ["bootstrap.servers", "metadata.broker.list"];
/// What begins a comment: kcat knows the first, Java both.
const COMMENT: [char; 2] = ['#', '!'];

/// The text.
#[derive(Debug, Clone, Copy)]
pub struct PropertyFile<'a>(&'a str);

/// A property, and its line, counted from 1.
type Placed<'a> = (usize, &'a str);

impl<'a> PropertyFile<'a> {
    /// Of a file that was read.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The brokers that it names, which count where `--brokers` does not; of several lines the
    /// last.
    pub fn brokers(self) -> Option<Placed<'a>> {
        let named = self.lines().filter(|(_, property)| is_of_brokers(property));
        let (line, property) = named.last()?;
        let (_, brokers) = property.split_once('=')?;
        Some((line, brokers.trim()))
    }

    /// All other properties.
    pub(super) fn properties(self) -> impl Iterator<Item = Placed<'a>> {
        self.lines().filter(|(_, property)| !is_of_brokers(property))
    }

    fn lines(self) -> impl Iterator<Item = Placed<'a>> {
        let lines = self.0.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(COMMENT))
    }
}

fn is_of_brokers(property: &str) -> bool {
    property.split_once('=').is_some_and(|(key, _)| BROKERS.contains(&key.trim()))
}

/// One property as it is written, `key=value`: its key, which may be shown, and its value, which
/// may be a secret. A secret that holds a `=` can come before it, behind the key of Java's `key:
/// value` and `key value`, or on a line that continues another.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_other_properties_and_comments_are_distinguished() {
        let file = PropertyFile::new(
            "# a\n! b\n\n bootstrap.servers = x:1, y:2 \nclient.id=bootstrap.servers=z\n",
        );
        assert_eq!(file.brokers(), Some((4, "x:1, y:2")));
        assert_eq!(file.properties().collect::<Vec<_>>(), [(5, "client.id=bootstrap.servers=z")]);
        assert_eq!(PropertyFile::new("#bootstrap.servers=x:1").brokers(), None);
    }
}
