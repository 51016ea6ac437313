//! Bytes of others as text that does not steer a terminal.

/// In the place of an app_id where none can be told, as of some dead letters.
pub(super) const NOTHING: &str = "-";

/// The text of `bytes`: lines stay lines, other control characters are escaped.
pub(super) fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for char in String::from_utf8_lossy(bytes).chars() {
        if steers(char) {
            text.extend(char.escape_unicode());
        } else {
            text.push(char);
        }
    }
    text
}

/// Whether it moves the cursor, or turns the direction of the text behind it (Unicode's annex 9).
fn steers(char: char) -> bool {
    let turns = matches!(char, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || char.is_control() && !matches!(char, '\n' | '\t')
}

/// The same in one line, for a cell of a table.
pub(super) fn printable_line(text: &str) -> String {
    printable(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t")
}

/// An app_id for such a cell.
pub(super) fn printable_app_id(app_id: &str) -> String {
    printable_line(if app_id.is_empty() { NOTHING } else { app_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(
            printable("a\u{1b}[2J\r\n\tü\u{9b}".as_bytes()),
            "a\\u{1b}[2J\\u{d}\n\tü\\u{9b}"
        );
        assert_eq!(printable("a\u{202e}b\u{2066}".as_bytes()), "a\\u{202e}b\\u{2066}");
        assert_eq!(printable(b"\xff"), "\u{fffd}");
        assert_eq!(printable_line("a\u{1b}\nb\t"), "a\\u{1b}\\nb\\t");
    }
}
