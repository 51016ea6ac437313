//! A page for people, as the tests read it: its tables, its code, its headings and links.
//!
//! Promise: every Markdown file of the root, of `docs/` and of `findings/` is a page. Markdown is
//! read as far as these pages use it: tables and headings begin a line, a fence is three backticks.

use std::fs;
use std::path::Path;

/// Where pages are.
const FOLDERS: [&str; 3] = ["", "docs/", "findings/"];

/// One file.
pub(super) struct Page {
    /// Below the root: `docs/reference.md`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A fenced piece of code.
pub(super) struct Code {
    /// Behind the fence: `sh`.
    pub(super) language: String,
    pub(super) text: String,
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        Self { path: path.to_owned(), text: super::file(path) }
    }

    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = FOLDERS
            .iter()
            .flat_map(|folder| {
                fs::read_dir(root.join(folder)).unwrap().map(move |entry| (folder, entry))
            })
            .map(|(folder, entry)| format!("{folder}{}", entry.unwrap().file_name().display()))
            .filter(|path| Path::new(path).extension().is_some_and(|extension| extension == "md"))
            .collect();
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// The code on it, in its order.
    pub(super) fn code(&self) -> Vec<Code> {
        let mut lines = self.text.lines();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else { continue };
            let inside = lines.by_ref().take_while(|line| line.trim_start() != "```");
            let text = inside.flat_map(|line| [line, "\n"]).collect();
            found.push(Code { language: language.to_owned(), text });
        }
        found
    }

    /// Its lines without code.
    pub(super) fn prose(&self) -> impl Iterator<Item = &str> {
        let mut is_code = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        })
    }

    /// What a link may name behind `#`: its headings, as GitHub writes them.
    pub(super) fn anchors(&self) -> Vec<String> {
        let heading = |line: &str| {
            let text = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
            let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
        };
        self.prose().filter_map(heading).collect()
    }

    /// The targets of its links and pictures.
    pub(super) fn links(&self) -> Vec<String> {
        let targets = |line: &str| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            targets.map(str::to_owned).collect::<Vec<_>>()
        };
        self.prose().flat_map(targets).collect()
    }
}

/// The first cells of a table's rows, those that the code knows; the others are words.
pub(super) fn rows(first_heading: &str, known: usize) -> Vec<Vec<String>> {
    let rows = table(first_heading);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.is_empty()), "an empty cell: {row:?}");
    }
    rows.into_iter().map(|row| row[..known].to_vec()).collect()
}

/// The rows of the one table of all pages whose first heading this is.
pub(crate) fn table(first_heading: &str) -> Vec<Vec<String>> {
    let pages = Page::all();
    let heads = |line: &&str| cells(line).first().is_some_and(|cell| cell == first_heading);
    let count = pages.iter().flat_map(Page::prose).filter(heads).count();
    assert_eq!(count, 1, "tables of {first_heading}");
    let lines = pages.iter().flat_map(Page::prose).skip_while(|line| !heads(line));
    lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The rows of all tables of one page whose first heading this is.
pub(super) fn rows_of(page: &Page, first_heading: &str) -> Vec<Vec<String>> {
    let mut lines = page.prose();
    let mut rows = Vec::new();
    while let Some(line) = lines.next() {
        if cells(line).first().is_some_and(|cell| cell == first_heading) {
            let below = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
            rows.extend(below.map(cells));
        }
    }
    assert!(rows.iter().flatten().all(|cell| !cell.is_empty()), "an empty cell: {rows:?}");
    rows
}

/// The cells of a line of a table; none of another line.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    // A stroke inside a cell is written `\|`.
    let inner = inner.map(|inner| inner.replace("\\|", "\0"));
    let split =
        |inner: String| inner.split('|').map(|cell| cell.trim().replace('\0', "|")).collect();
    inner.map(split).unwrap_or_default()
}

/// The one piece of code of a page that begins so, with what is in it replaced: each once at least.
#[track_caller]
pub(super) fn code(page: &str, beginning: &str, replaced: &[(&str, &str)]) -> String {
    let code = Page::read(page).code();
    let mut found = code.into_iter().filter(|code| code.text.starts_with(beginning));
    let mut text = found.next().unwrap_or_else(|| panic!("{page}: {beginning}")).text;
    assert!(found.next().is_none(), "{page} has it twice: {beginning}");
    for (shown, meant) in replaced {
        assert!(text.contains(shown), "{page}: {shown} is not in\n{text}");
        text = text.replace(shown, meant);
    }
    text
}
