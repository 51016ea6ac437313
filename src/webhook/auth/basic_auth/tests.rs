//! Headers that hold a pair, and those that do not.

use super::*;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use proptest::prelude::{any, prop_assert, proptest};

fn read(value: impl AsRef<[u8]>) -> Option<BasicAuth> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value.as_ref()).unwrap());
    pair(BasicAuth::read(&headers))
}

fn pair(presented: Authorization) -> Option<BasicAuth> {
    match presented {
        Authorization::Pair(basic_auth) => Some(basic_auth),
        Authorization::LongPassword(_) | Authorization::Nothing => None,
    }
}

fn user_of_long_password(pair: &str) -> Option<Vec<u8>> {
    let value = format!("Basic {}", BASE64_STANDARD.encode(pair)).try_into().unwrap();
    match BasicAuth::read(&HeaderMap::from_iter([(AUTHORIZATION, value)])) {
        Authorization::LongPassword(presented) => Some(presented.user().to_vec()),
        Authorization::Pair(_) | Authorization::Nothing => None,
    }
}

fn read_pair(pair: impl AsRef<[u8]>) -> Option<BasicAuth> {
    read(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

#[test]
fn the_scheme_is_case_insensitive_and_spaces_may_be_many() {
    // RFC 7617, section 2: the example of Aladdin.
    for scheme in ["Basic ", "basic ", "BASIC ", "bAsIc    "] {
        let basic_auth = read(format!("{scheme}QWxhZGRpbjpvcGVuIHNlc2FtZQ==")).unwrap();
        assert_eq!(basic_auth.user(), b"Aladdin");
        assert_eq!(basic_auth.password(), b"open sesame");
    }
}

#[test]
fn missing_padding_is_tolerated() {
    assert_eq!(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ").unwrap().password(), b"open sesame");
}

#[test]
fn the_user_ends_at_the_first_colon_and_any_password_follows() {
    for password in ["", ":", "a:b:c", "pässwörd:☃", " "] {
        let basic_auth = read_pair(format!("test:{password}")).unwrap();
        assert_eq!(basic_auth.user(), b"test");
        assert_eq!(basic_auth.password(), password.as_bytes());
    }
    assert_eq!(read_pair(b"\xff:\xfe").unwrap().user(), b"\xff");
}

#[test]
fn anything_but_one_basic_header_is_no_pair() {
    for value in [
        "",
        "Basic",
        "Basic ",
        "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic\tQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic  \tQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=x",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==",
        "Basic _-_-",
        "Basic QWxhZGRpbg==",
        "Basic OnBhc3N3b3Jk",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Digest username=\"Aladdin\"",
        "Aladdin:open sesame",
    ] {
        assert!(read(value).is_none(), "{value}");
    }
    assert!(matches!(BasicAuth::read(&HeaderMap::new()), Authorization::Nothing));
}

#[test]
fn two_authorization_headers_are_no_pair_even_when_equal() {
    let value = HeaderValue::from_static("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    let mut headers = HeaderMap::new();
    headers.append(AUTHORIZATION, value.clone());
    assert!(pair(BasicAuth::read(&headers)).is_some());
    headers.append(AUTHORIZATION, value);
    assert!(pair(BasicAuth::read(&headers)).is_none());
}

#[test]
fn a_password_over_72_bytes_or_with_nul_is_no_pair() {
    assert!(read_pair(format!("u:{}", "x".repeat(72))).is_some());
    assert!(read_pair(format!("u:{}", "x".repeat(73))).is_none());
    assert!(read_pair("u:a\0b").is_none());
    assert!(read_pair("u:a\0").is_none());
}

#[test]
fn a_password_over_72_bytes_names_its_user_however_long_it_is() {
    for length in [73, 74, 100, 183, 184, 185, 300, 1000, 9000] {
        for user in ["u", &"u".repeat(MAX_USER)] {
            let pair = format!("{user}:{}", "x:".repeat(length));
            assert_eq!(user_of_long_password(&pair).as_deref(), Some(user.as_bytes()));
        }
        assert_eq!(user_of_long_password(&format!(":{}", "x".repeat(length))), None);
        assert_eq!(user_of_long_password(&"x".repeat(length)), None);
    }
    let too_long = format!("{}:{}", "u".repeat(MAX_USER + 1), "x".repeat(100));
    assert_eq!(user_of_long_password(&too_long), None);
    assert_eq!(user_of_long_password(&format!("u:{}", "x".repeat(72))), None);
}

#[test]
fn the_user_is_bounded() {
    let password = "x".repeat(MAX_PASSWORD);
    assert!(read_pair(format!("{}:{password}", "u".repeat(MAX_USER))).is_some());
    assert!(read_pair(format!("{}:", "u".repeat(MAX_USER + 1))).is_none());
    assert!(read_pair(":password").is_none());
}

#[test]
fn debug_shows_neither_user_nor_password() {
    assert_eq!(format!("{:?}", read_pair("someone:secret").unwrap()), "BasicAuth { .. }");
}

proptest! {
    #[test]
    fn any_pair_that_is_read_is_read_as_it_was_sent(pair in any::<Vec<u8>>()) {
        if let Some(basic_auth) = read_pair(&pair) {
            prop_assert!([basic_auth.user(), basic_auth.password()].join(&b':') == pair);
        }
    }

    #[test]
    fn no_header_makes_it_panic(value in "[bB]asic {0,2}[ -~]{0,40}") {
        drop(read(value));
    }
}
