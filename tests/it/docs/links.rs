//! What the pages point to is there: links, their anchors, and files that are named in passing.

use crate::docs::page::Page;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What a word begins with that names a file of this repository.
const FOLDERS: [&str; 8] =
    ["config/", "src/", "tests/", "testkit/", "docs/", "benches/", "findings/", ".ci/"];

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let pages = Page::all();
    for page in &pages {
        for link in page.links().iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.path.clone() } else { beside(&page.path, path) };
            assert!(is_there(&target), "{} links to {link}, which is not there", page.path);
            let anchored = pages.iter().find(|page| page.path == target);
            let is_heading =
                anchored.is_some_and(|page| page.anchors().iter().any(|a| a == anchor));
            assert!(
                anchor.is_empty() || is_heading,
                "{} links to {link}: there is no such heading",
                page.path
            );
        }
    }
}

#[test]
fn headings_of_one_page_have_anchors_of_their_own() {
    for page in Page::all() {
        let mut anchors = page.anchors();
        anchors.sort();
        let twice = anchors.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None, "{}", page.path);
    }
}

#[test]
fn files_that_are_spoken_of_are_there() {
    for page in Page::all() {
        let words = page.text.split(['`', ' ', '@', '\n', '(', ')', '=', '"', '\'', ':']);
        let named = words.map(|word| word.trim_end_matches(['.', ',', ';', '*']));
        let named = named.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
        for path in named {
            let path = path.split('#').next().expect("split gives one at least");
            // A link is relative to its page, and looked at above.
            let is_named = is_there(path) || is_there(&beside(&page.path, path));
            assert!(is_named, "{} speaks of {path}, which is not there", page.path);
        }
    }
}

#[test]
fn pages_headings_and_findings_named_in_the_source_exist() {
    let known = Page::all();
    let mut places: Vec<_> =
        ["src", "tests", "testkit", "benches", "config", ".ci/run", "docker-compose.yml"]
            .map(|place| Path::new(env!("CARGO_MANIFEST_DIR")).join(place))
            .into();
    let mut count = 0;
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        // Some samples are no text on purpose.
        let text = String::from_utf8_lossy(&fs::read(&place).unwrap()).into_owned();
        let words = text.split(|c: char| !c.is_alphanumeric() && !"/-._#".contains(c));
        let words = words.map(|word| word.trim_end_matches('.').trim_start_matches('/'));
        for word in words {
            let (file, anchor) = word.split_once('#').unwrap_or((word, ""));
            let is_page = file.starts_with("docs/") && is_markdown(file);
            let is_finding = file.starts_with("findings/") && is_script(file);
            if !is_page && !is_finding {
                continue;
            }
            let page = known.iter().find(|page| page.path == file);
            let has_heading = |page: &Page| page.anchors().iter().any(|known| known == anchor);
            let is_right = is_there(file) && (anchor.is_empty() || page.is_some_and(has_heading));
            assert!(is_right, "{} speaks of {word}, which is not there", place.display());
            count += 1;
        }
    }
    assert!(count > 0, "the source points to pages");
}

#[test]
fn every_page_of_the_docs_can_be_reached_from_the_readme() {
    let readme = Page::read("README.md").links();
    for page in Page::all().iter().filter(|page| page.path.starts_with("docs/")) {
        let is_linked = readme.iter().any(|link| link.split('#').next() == Some(&*page.path));
        assert!(is_linked, "README has no link to {}", page.path);
    }
}

/// A path as it is on a page, below the root.
fn beside(page: &str, path: &str) -> String {
    let mut target = PathBuf::from(page);
    target.pop();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                assert!(target.pop(), "{page} links out of the repository: {path}");
            }
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::Normal(_) => {
                target.push(part);
            }
        }
    }
    target.to_str().expect("the page is UTF-8").to_owned()
}

fn is_markdown(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "sh")
}

fn is_there(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}
