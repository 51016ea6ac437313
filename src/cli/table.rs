//! Aligned columns, for people.
//!
//! Promise: a cell is as wide as it is seen, whatever script it is in; the last column is not
//! padded. It colours the heading and nothing else.

use anstyle::Style;
use std::fmt::Write as _;

const HEADING: Style = Style::new().bold();
/// Between two columns.
const GAP: &str = "  ";

/// How the text of a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// The heading and the rows, one a line; no text where there are no rows.
pub(super) fn table<const N: usize>(head: [(&str, Align); N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut widths = head.map(|(text, _)| width(text));
    for row in rows {
        for (cell, widest) in row.iter().zip(&mut widths) {
            *widest = width(cell).max(*widest);
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for ((cell, (_, align)), widest) in cells.iter().zip(head).zip(widths) {
            let room = " ".repeat(widest - width(cell));
            line += &match align {
                Align::Left => [cell, room.as_str(), GAP].concat(),
                Align::Right => [room.as_str(), cell, GAP].concat(),
            };
        }
        line.trim_end().to_owned()
    };
    let mut text = format!("{HEADING}{}{HEADING:#}\n", line(head.map(|(text, _)| text)));
    for row in rows {
        writeln!(text, "{}", line(row.each_ref().map(String::as_str)))
            .expect("a String takes all text");
    }
    text
}

/// Signs, which is what an app_id is seen as.
fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_under_each_other_and_no_line_ends_in_blanks() {
        let rows = [["a", "1", "x"], ["größer", "1000", ""]].map(|row| row.map(str::to_owned));
        let shown = table([("NAME", Align::Left), ("N", Align::Right), ("Y", Align::Left)], &rows);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(shown, "NAME       N  Y\na          1  x\ngrößer  1000\n");
        assert_eq!(table([("NAME", Align::Left)], &[]), "");
    }
}
