//! How pages begin, and how long the first of them is.

use crate::docs::page::Page;

/// What is read in one go, before anything is tried.
const LINES: usize = 180;

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= LINES, "{lines}");
}

#[test]
fn each_page_says_first_whom_it_is_for() {
    for page in Page::all()
        .iter()
        .filter(|page| !["README.md", "findings/README.md"].contains(&&*page.path))
    {
        let first = page.prose().filter(|line| !line.is_empty()).nth(1).unwrap_or_default();
        assert!(first.starts_with("For whoever "), "{}: {first}", page.path);
    }
}
