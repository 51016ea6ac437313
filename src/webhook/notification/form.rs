//! Bodies that are a form, as many webhook senders and `curl --data-urlencode` make one.
//!
//! Promises: what is JSON is never asked about; a form is named as what it is, so that its sender need
//! not guess from "expected value at line 1 column 1". Does not look into a form.

/// The most of a body that is looked at, in bytes: the names of fields are short.
const BEGINNING: usize = 512;

/// What a form-encoded JSON object begins with, where it has no name.
const BRACE: &str = "%7b";

/// What kind of form a text that is no JSON is, if it is one; as it is called in `Content-Type`.
pub(super) fn kind(text: &str) -> Option<&'static str> {
    let mut ends = (0..=BEGINNING.min(text.len())).rev();
    let beginning = &text[..ends.find(|end| text.is_char_boundary(*end)).unwrap_or(0)];
    if beginning.starts_with("--") && beginning.contains("form-data") {
        return Some("multipart/form-data");
    }
    let is_name = |name: &str| {
        let may = |byte: u8| byte.is_ascii_alphanumeric() || b"%+-._*[]".contains(&byte);
        !name.is_empty() && name.bytes().all(may)
    };
    let is_pair = beginning.split_once('=').is_some_and(|(name, _)| is_name(name));
    let is_object = beginning.get(..BRACE.len()).is_some_and(|it| it.eq_ignore_ascii_case(BRACE));
    (is_pair || is_object).then_some("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_other_texts() {
        for text in [
            "type=roomdrop&app_id=a",
            "payload=%7B%22type%22%3A%22roomdrop%22%7D",
            "payload={\"type\":\"roomdrop\"}",
            "event[type]=roomdrop",
            "a=",
            "%7B%22type%22%3A1%7D",
            "%7b%7d",
        ] {
            assert_eq!(kind(text), Some("application/x-www-form-urlencoded"), "{text}");
        }
        let part = "--X\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{}\r\n--X--";
        assert_eq!(kind(part), Some("multipart/form-data"));
        let long = format!("{}=1", "ж".repeat(BEGINNING));
        // A character lies across the end of what is looked at.
        let late = format!("{}ж form-data", "-".repeat(BEGINNING - 1));
        for text in
            ["", "=", "a", "a b=c", "hello, x=1", "<a href=\"b\">", "\"a=b\"", "--", &long, &late]
        {
            assert_eq!(kind(text), None, "{text}");
        }
    }
}
