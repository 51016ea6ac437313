//! The text of a file of properties: `key=value` lines, as kcat and Java write them.
//!
//! It judges no property. Lines that continue others are not known: no value here needs one.

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

    /// The brokers that it names, which count where `--brokers` does not; of several lines the last.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_told_from_other_properties_and_both_from_comments() {
        let file = PropertyFile::new(
            "# a\n! b\n\n bootstrap.servers = x:1, y:2 \nclient.id=bootstrap.servers=z\n",
        );
        assert_eq!(file.brokers(), Some((4, "x:1, y:2")));
        assert_eq!(file.properties().collect::<Vec<_>>(), [(5, "client.id=bootstrap.servers=z")]);
        assert_eq!(PropertyFile::new("#bootstrap.servers=x:1").brokers(), None);
    }
}
