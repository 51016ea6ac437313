//! Lines of JSON that do not steer a terminal.
//!
//! Promise: a reader of JSON finds the same in them. JSON leaves the control characters from U+007F to
//! U+009F as they are, and a terminal would obey some: they are escaped here.

use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// What each of them begins with in UTF-8, and few other letters.
const SUSPECT: [u8; 2] = [0x7f, 0xc2];

/// See the module.
struct PrintableJson;

/// Appends a value of texts and numbers to `lines`, with its end.
pub(super) fn write_line(lines: &mut Vec<u8>, value: &impl Serialize) {
    let begin = lines.len();
    serde_json::to_writer(&mut *lines, value).expect("a Vec takes all bytes");
    // One look at all of it costs little; most values never need the second way.
    if is_suspect(&lines[begin..]) {
        lines.truncate(begin);
        let mut serializer = serde_json::Serializer::with_formatter(&mut *lines, PrintableJson);
        value.serialize(&mut serializer).expect("a Vec takes all bytes");
    }
    lines.push(b'\n');
}

/// Whether it may hold what [`PrintableJson`] escapes.
fn is_suspect(line: &[u8]) -> bool {
    SUSPECT.iter().any(|byte| line.contains(byte))
}

impl Formatter for PrintableJson {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for char in fragment.chars() {
            match char {
                '\u{7f}'..='\u{9f}' => write!(writer, "\\u{:04x}", u32::from(char))?,
                _ => write!(writer, "{char}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn terminal_controls_are_escaped_and_read_as_what_they_are() {
        let value = json!({"a\u{9b}": "a\u{1b}\u{7f}\u{9b}ü\u{a0}é"});
        let mut lines = b"{}\n".to_vec();
        write_line(&mut lines, &value);
        let said = str::from_utf8(&lines).unwrap();
        let (first, second) = said.trim_end().split_once('\n').unwrap();
        assert!(first == "{}" && !second.contains(char::is_control), "{said}");
        assert_eq!(serde_json::from_str::<Value>(second).unwrap(), value);
    }
}
