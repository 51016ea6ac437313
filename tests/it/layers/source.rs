//! A source file as the rules see it: the paths it names and the texts it holds.
//!
//! A plain scan, not a parser: comments and `mod tests { … }` are left out, `use` trees are written
//! out, imported names are not followed (the import itself is seen).

use std::iter::Peekable;
use std::slice::Iter;

/// A path in code, such as `std::fs::read` or `println!`, or the text of a string literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) line: usize,
}

/// What is left of a file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) paths: Vec<Found>,
    pub(super) strings: Vec<Found>,
}

impl Source {
    pub(super) fn parse(text: &str) -> Self {
        let tokens = without_tests(&tokens(text));
        let strings = tokens.iter().filter(|token| token.kind == Kind::Text);
        let found = |token: &Token<'_>| Found { text: token.text.to_owned(), line: token.line };
        Self { paths: paths(&tokens), strings: strings.map(found).collect() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An identifier, a keyword or a number.
    Word,
    /// `::` or one other character.
    Sign,
    /// A string literal, without its quotes.
    Text,
    /// White space, comments, characters, lifetimes.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    line: usize,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let (kind, length) = scan(rest);
        let (scanned, behind) = rest.split_at(length);
        if kind != Kind::Nothing {
            let text = if kind == Kind::Text { unquoted(scanned) } else { scanned };
            tokens.push(Token { kind, text, line });
        }
        line += scanned.matches('\n').count();
        rest = behind;
    }
    tokens
}

/// What a text that is not empty begins with, and how many bytes of it.
fn scan(text: &str) -> (Kind, usize) {
    let first = text.chars().next().expect("there is text");
    if text.starts_with("//") {
        (Kind::Nothing, text.find('\n').unwrap_or(text.len()))
    } else if text.starts_with("/*") {
        (Kind::Nothing, block_comment(text))
    } else if let Some(length) = string(text) {
        (Kind::Text, length)
    } else if first == '\'' {
        (Kind::Nothing, char_or_lifetime(text))
    } else if is_word(first) {
        (Kind::Word, text.find(|char| !is_word(char)).unwrap_or(text.len()))
    } else if text.starts_with("::") {
        (Kind::Sign, 2)
    } else if first.is_whitespace() {
        (Kind::Nothing, first.len_utf8())
    } else {
        (Kind::Sign, first.len_utf8())
    }
}

/// The length of a comment that may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in text.char_indices() {
        if text[at..].starts_with("/*") {
            depth += 1;
        } else if text[at..].starts_with("*/") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 2;
            }
        }
    }
    text.len()
}

/// The length of a string literal of any kind, if there is one.
fn string(text: &str) -> Option<usize> {
    let quote = text.find(|char| !matches!(char, 'b' | 'c' | 'r' | '#'))?;
    let body = text[quote..].strip_prefix('"')?;
    let end = match text[..quote].split_at(text[..quote].find('#').unwrap_or(quote)) {
        ("" | "b" | "c", "") => escaped_end(body)?,
        ("r" | "br" | "cr", hashes) => body.find(&format!("\"{hashes}"))? + 1 + hashes.len(),
        _ => return None,
    };
    Some(quote + 1 + end)
}

/// The length up to and with the first quote without a backslash.
fn escaped_end(body: &str) -> Option<usize> {
    let mut chars = body.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some(at + 1),
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    None
}

fn unquoted(literal: &str) -> &str {
    let first = literal.find('"').expect("a literal has quotes");
    let last = literal.rfind('"').expect("a literal has quotes");
    &literal[first + 1..last]
}

fn char_or_lifetime(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next().unwrap_or((0, ' '));
    let second = chars.next();
    if first == '\\' {
        let close = text[3..].find('\'').expect("a character ends");
        return 3 + close + 1;
    }
    match second {
        Some((at, '\'')) => at + 1,
        _ => 1 + text[1..].find(|char| !is_word(char)).unwrap_or(text.len() - 1),
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Leaves out `mod tests { … }`: what holds for the product need not hold for its tests.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some((first, behind)) = rest.split_first() {
        let begins = rest.iter().take(3).map(|token| token.text);
        if begins.eq(["mod", "tests", "{"]) {
            rest = &rest[2 + block(&rest[2..])..];
        } else {
            kept.push(*first);
            rest = behind;
        }
    }
    kept
}

/// How many tokens a block has, with its braces.
fn block(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match (token.kind, token.text) {
            (Kind::Sign, "{") => depth += 1,
            (Kind::Sign, "}") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

type Tokens<'t, 'a> = Peekable<Iter<'t, Token<'a>>>;

fn paths(tokens: &[Token<'_>]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        match (token.kind, token.text) {
            (Kind::Word, "use") => use_tree(&mut tokens, "", &mut found),
            (Kind::Word, _) => found.extend(path(token, &mut tokens)),
            (Kind::Sign | Kind::Text | Kind::Nothing, _) => {}
        }
    }
    found
}

/// Takes a path in code, such as `a::b` or `c!`; a single word is none.
fn path(first: &Token<'_>, tokens: &mut Tokens<'_, '_>) -> Option<Found> {
    let mut text = first.text.to_owned();
    while tokens.next_if(|token| token.text == "::").is_some() {
        let Some(word) = tokens.next_if(|token| token.kind == Kind::Word) else { break };
        text = format!("{text}::{}", word.text);
    }
    if tokens.next_if(|token| token.text == "!").is_some() {
        text.push('!');
    }
    text.contains([':', '!']).then_some(Found { text, line: first.line })
}

/// Takes a tree of a `use` and writes out its leaves; leaves the sign behind it.
fn use_tree(tokens: &mut Tokens<'_, '_>, prefix: &str, found: &mut Vec<Found>) {
    let mut path = prefix.to_owned();
    let mut line = 0;
    while let Some(token) = tokens.next_if(|token| !matches!(token.text, "," | "}" | ";")) {
        line = token.line;
        match token.text {
            "as" => {
                tokens.next();
            }
            "{" => {
                use_tree(tokens, &path, found);
                while tokens.next().is_some_and(|token| token.text == ",") {
                    use_tree(tokens, &path, found);
                }
                return;
            }
            text => path.push_str(text),
        }
    }
    if path != prefix {
        found.push(Found { text: path.trim_start_matches("::").to_owned(), line });
    }
}
