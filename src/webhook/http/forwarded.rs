//! The addresses that proxies wrote into a head, in the order in which the post went by them.
//!
//! Promise: reads `Forwarded` (RFC 7239) by its grammar, where a sender could hide what a proxy
//! appended behind a quote that it never closes: then nothing of that line counts. `X-Forwarded-For`,
//! which no standard defines, is taken in the forms that proxies write. An address that is not given
//! (`unknown`, an obfuscated name, bytes that are no text) is a hop without one. Believes nothing: see
//! the trusted proxies.

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName, HeaderValue};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str;

/// The header of old, without a standard.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A line that does not say what it seems to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Who wrote down the hops.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hops {
    /// `Forwarded`
    Forwarded,
    /// `X-Forwarded-For`
    XForwardedFor,
}

impl Hops {
    /// Whether the head has any.
    pub(super) fn are_in(self, headers: &HeaderMap) -> bool {
        headers.contains_key(self.header())
    }

    /// Their lines in the head, the farthest first: they are one list (RFC 9110, section 5.3).
    pub(super) fn lines(
        self,
        headers: &HeaderMap,
    ) -> impl DoubleEndedIterator<Item = &HeaderValue> {
        headers.get_all(self.header()).into_iter()
    }

    /// Calls `each` for every hop of a line, the farthest first; `None` is one without an address.
    pub(super) fn each(
        self,
        line: &HeaderValue,
        mut each: impl FnMut(Option<IpAddr>),
    ) -> Result<(), Malformed> {
        let line = line.as_bytes();
        match self {
            // What is no text can be in quotes only, and there the grammar allows it.
            Self::Forwarded => elements(&String::from_utf8_lossy(line), &mut each),
            Self::XForwardedFor => {
                let text = |hop: &[u8]| address(str::from_utf8(hop.trim_ascii()).ok()?);
                line.split(|byte| *byte == b',').for_each(|hop| each(text(hop)));
                Ok(())
            }
        }
    }

    fn header(self) -> HeaderName {
        match self {
            Self::Forwarded => FORWARDED,
            Self::XForwardedFor => X_FORWARDED_FOR,
        }
    }
}

/// Goes through a line of `Forwarded`: elements behind commas, pairs behind semicolons.
fn elements(line: &str, each: &mut impl FnMut(Option<IpAddr>)) -> Result<(), Malformed> {
    let mut rest = line;
    let mut hop = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if let Some((name, value)) = rest.split_once('=').filter(|(name, _)| is_token(name)) {
            let (value, behind) = value_of(value)?;
            rest = behind.trim_start_matches([' ', '\t']);
            hop = hop.or(Some(None));
            if name.eq_ignore_ascii_case("for") {
                hop = Some(address(value));
            }
        }
        match rest.as_bytes() {
            [b';', ..] => {}
            [] | [b',', ..] => hop.take().into_iter().for_each(&mut *each),
            _ => return Err(Malformed),
        }
        let Some(behind) = rest.get(1..) else { return Ok(()) };
        rest = behind;
    }
}

/// The value at the beginning of a text, without its quotes, and what follows it.
fn value_of(text: &str) -> Result<(&str, &str), Malformed> {
    if let Some(quoted) = text.strip_prefix('"') {
        // No address needs an escape, and in another value none can hide the end of it.
        let end = quoted.find(['"', '\\']).ok_or(Malformed)?;
        return match quoted.as_bytes()[end] {
            b'"' => Ok((&quoted[..end], &quoted[end + 1..])),
            _ => Err(Malformed),
        };
    }
    let end = text.find([',', ';', ' ', '\t', '"']).unwrap_or(text.len());
    Ok(text.split_at(end))
}

fn is_token(name: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(may)
}

/// An address with or without a port, an IPv6 one with or without its brackets.
fn address(node: &str) -> Option<IpAddr> {
    let bracketed = |node: &str| node.strip_prefix('[')?.split_once(']')?.0.parse().ok();
    // Some ports are no numbers (RFC 7239, section 6).
    let with_port = |node: &str| node.split_once(':')?.0.parse::<Ipv4Addr>().ok();
    let address = node
        .parse()
        .ok()
        .or_else(|| node.parse().ok().map(|address: SocketAddr| address.ip()))
        .or_else(|| bracketed(node).map(IpAddr::V6))
        .or_else(|| with_port(node).map(IpAddr::V4));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops(hops: Hops, line: impl AsRef<[u8]>) -> Result<Vec<String>, Malformed> {
        let mut seen = Vec::new();
        hops.each(&HeaderValue::from_bytes(line.as_ref()).unwrap(), |hop| {
            seen.push(hop.map_or("-".to_owned(), |hop| hop.to_string()));
        })?;
        Ok(seen)
    }

    #[test]
    fn the_forms_of_the_standard_and_its_examples_are_read() {
        for (line, expected) in [
            ("for=192.0.2.43, for=198.51.100.17", &["192.0.2.43", "198.51.100.17"][..]),
            ("For=\"[2001:db8:cafe::17]:4711\"", &["2001:db8:cafe::17"]),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", &["192.0.2.60"]),
            ("proto=https;for=\"192.0.2.1:80\";host=\"a,b;for=6.6.6.6\"", &["192.0.2.1"]),
            ("for=_hidden, for=unknown,for=\"_SEVKISEK:80\" , by=1.1.1.1", &["-", "-", "-", "-"]),
            ("for=\"192.0.2.1:_port\", for=\"[::ffff:10.0.0.1]\"", &["192.0.2.1", "10.0.0.1"]),
            (" , for=192.0.2.1;, ,", &["192.0.2.1"]),
            ("for=192.0.2.1:8080", &["192.0.2.1"]),
            ("", &[]),
        ] {
            assert_eq!(hops(Hops::Forwarded, line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_hop_without_an_address() {
        let line = b"6.6.6.6\xff, \xc3\xa9, 192.0.2.1";
        assert_eq!(hops(Hops::XForwardedFor, line).unwrap(), ["-", "-", "192.0.2.1"]);
        let line = b"for=\"\xff\";x=\"\xc3\xa9\", for=192.0.2.1";
        assert_eq!(hops(Hops::Forwarded, line).unwrap(), ["-", "192.0.2.1"]);
    }

    #[test]
    fn a_quote_that_swallows_an_appended_hop_is_malformed() {
        for line in [
            "for=\", for=192.0.2.1",
            "for=6.6.6.6;x=\", for=\"[2001:db8::1]\"",
            "for=\"6.6.6.6\\\", for=192.0.2.1",
            "for=6.6.6.6 for=192.0.2.1",
            "for=6.6.6.6\"x\", for=192.0.2.1",
            "6.6.6.6, for=192.0.2.1",
            "for =6.6.6.6, for=192.0.2.1",
        ] {
            assert_eq!(hops(Hops::Forwarded, line), Err(Malformed), "{line}");
        }
    }

    #[test]
    fn the_forms_of_old_are_read() {
        let line =
            "203.0.113.5,192.0.2.1:4711 , 2001:db8::1, [2001:db8::2]:80, [2001:db8::3],unknown,";
        let expected =
            ["203.0.113.5", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3", "-", "-"];
        assert_eq!(hops(Hops::XForwardedFor, line).unwrap(), expected);
    }
}
