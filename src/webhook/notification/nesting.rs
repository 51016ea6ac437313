//! How deep a JSON text nests, without reading what is in it.
//!
//! Promise: one look at each byte, up to the bracket that is one too many. Judges no grammar: of a text
//! that is no JSON it says something, and nothing breaks.

/// Where an array or object begins that is inside `levels` others, if one is: the first, as a byte of
/// the text.
pub(super) fn deeper_than(json: &str, levels: u8) -> Option<usize> {
    let (mut open, most) = (0_usize, usize::from(levels));
    let mut bytes = json.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'[' | b'{' if open == most => return Some(at),
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    None
}

/// Goes behind the end of a string that has begun.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bracket_that_is_too_deep_is_found_and_none_in_a_string() {
        for (json, place) in [
            ("[[],{}]", None),
            ("[[[]]]", Some(2)),
            ("[[],{\"a\":{}}]", Some(9)),
            (r#"["[[[\"[[", ["{{{\\"], {"[[": 1}]"#, None),
            (r#"["\\", [[]]]"#, Some(8)),
            ("]]}[[[", Some(5)),
            ("[\"", None),
            ("[\"\\", None),
            ("", None),
        ] {
            assert_eq!(deeper_than(json, 2), place, "{json}");
        }
        assert_eq!(deeper_than("[", 0), Some(0));
    }
}
