//! Lines that are taken, and lines that are refused for what they hold.

use super::*;
use crate::webhook::auth::bcrypt_hash::BcryptFault;

const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuVNvsIE4XrZdqzz2Nwuq7yOWE8bL0/Ly";

#[test]
fn comments_blank_lines_and_crlf_are_tolerated() {
    let file = format!("# who\r\n\r\n \t\r\n  a:{HASH}\r\n\tb-b:plain:x:y \r\n#\r");
    let credentials = Credentials::parse(&file).unwrap();
    assert_eq!((credentials.users(), credentials.passwords()), (2, 2));
    assert_eq!(credentials.lines[1].user.name(), "b-b");
    let Secret::Plain(secret) = &credentials.lines[1].secret else { panic!("plain") };
    assert_eq!(secret.as_str(), "x:y");
}

#[test]
fn a_user_may_speak_for_the_apps_of_its_line_or_for_all() {
    let file = format!("some:{HASH} \t 555,Ünal\nall:{HASH}");
    let lines = Credentials::parse(&file).unwrap().into_lines();
    let [some, all] = [&lines[0].user, &lines[1].user];
    for app in ["555", "Ünal"] {
        assert!(some.may_speak_for(app) && all.may_speak_for(app));
    }
    for app in ["", "55", "5555", "ünal", "555,Ünal"] {
        assert!(!some.may_speak_for(app) && all.may_speak_for(app));
    }
}

#[test]
fn a_user_may_be_there_twice_but_not_three_times() {
    let twice = format!("user:{HASH}\nuser:{HASH}\nother:plain:x\n");
    let credentials = Credentials::parse(&twice).unwrap();
    assert_eq!((credentials.users(), credentials.passwords()), (2, 3));
    let error = Credentials::parse(&format!("{twice}user:plain:x")).unwrap_err();
    assert_eq!(
        error,
        CredentialsError::CredentialLine { line: 4, fault: LineFault::ThirdPassword }
    );
}

#[test]
fn a_file_without_a_user_is_refused() {
    for file in ["", "\n\r\n", "# user:plain:secret"] {
        assert_eq!(Credentials::parse(file).unwrap_err(), CredentialsError::NoUser);
    }
}

#[test]
fn every_fault_is_found_in_its_line() {
    let long = "x".repeat(MAX_USER + 1);
    for (text, expected) in [
        ("user", LineFault::Incomplete),
        ("user:", LineFault::Incomplete),
        (&format!("user: {HASH}"), LineFault::Incomplete),
        (&format!(":{HASH}"), LineFault::User),
        (&format!("user :{HASH}"), LineFault::User),
        (&format!("a user:{HASH}"), LineFault::User),
        (&format!("a\u{a0}user:{HASH}"), LineFault::User),
        (&format!("user:\"{HASH}\""), LineFault::Quoted),
        (&format!("user:'{HASH}' 555"), LineFault::Quoted),
        (&format!("\"user:{HASH}\""), LineFault::Quoted),
        (&format!("user:{}", HASH.replace('$', "$$")), LineFault::DoubledDollar),
        (&format!("user:{}", HASH.replace('$', "\\$")), LineFault::EscapedDollar),
        (&format!("user:{}", BASE64.encode(HASH)), LineFault::Base64),
        (&format!("user:{}", BASE64.encode(HASH).trim_end_matches('=')), LineFault::Base64),
        (&format!("user:{}", BASE64.encode("secret")), LineFault::Unhashed),
        (&format!("a\tb:{HASH}"), LineFault::User),
        (&format!("{long}:{HASH}"), LineFault::User),
        (&format!("a\0:{HASH}"), LineFault::ControlCharacter),
        (&format!("a\u{85}:{HASH}"), LineFault::ControlCharacter),
        ("user:plain:a\rb", LineFault::ControlCharacter),
        ("user:plain:", LineFault::PlainSecret),
        ("user:plain: 555", LineFault::PlainSecret),
        (&format!("user:plain:{}", &long[..73]), LineFault::PlainSecret),
        (&format!("user:{}", &HASH[..59]), LineFault::Bcrypt(BcryptFault::Malformed)),
        (&format!("user:{HASH},555"), LineFault::Bcrypt(BcryptFault::Malformed)),
        (&format!("user:{}", HASH.replace("04", "31")), LineFault::Bcrypt(BcryptFault::Cost(31))),
        ("user:secret", LineFault::Unhashed),
        ("user:rqXexS6ZhobKA", LineFault::Unhashed),
        ("user:PLAIN:secret", LineFault::Unhashed),
        (&format!("user:{HASH} ,"), LineFault::Apps),
        (&format!("user:{HASH} 555,"), LineFault::Apps),
        (&format!("user:{HASH} 555,,556"), LineFault::Apps),
        (&format!("user:{HASH} 555, 556"), LineFault::Apps),
        (&format!("user:{HASH} 555 # why"), LineFault::Apps),
        (&format!("user:{HASH} #why"), LineFault::Apps),
    ] {
        let file = format!("# a comment\n\n{text}\nuser:{HASH}\n");
        let expected = CredentialsError::CredentialLine { line: 3, fault: expected };
        assert_eq!(Credentials::parse(&file).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn other_hashes_are_named_with_a_remedy_and_not_shown() {
    for (hash, name) in [
        ("$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$apr1$` (MD5)"),
        ("{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "`{SHA}`"),
        ("$1$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$1$` (MD5)"),
        ("$5$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$5$` (SHA-256)"),
        ("$6$r31.....$HqJZimcKQFAMYayBlzkrA/", "`$6$` (SHA-512)"),
        ("$y$j9T$r31.....$HqJZimcKQFAMYayBlzk", "`$y$` (yescrypt)"),
        ("$argon2id$v=19$m=65536,t=2,p=1$r31.....", "`$argon2`"),
        ("$2x$04$r31.....HqJZimcKQFAMYayBlzkrA/", "other than `$2y$`"),
        ("$sha1$r31.....$HqJZimcKQFAMYayBlzkrA/", "of this kind"),
    ] {
        let error = Credentials::parse(&format!("user:{hash}")).unwrap_err().to_string();
        assert!(error.starts_with("line 1: ") && error.contains(name), "{error}");
        assert!(error.ends_with("write the line anew with `htpasswd -nBC 10 user`"), "{error}");
        assert!(!error.contains("r31") && !error.contains("2jmj7"), "{error}");
    }
}

#[test]
fn whoever_has_the_password_of_the_shipped_file_is_found() {
    let shipped = Credentials::parse(include_str!("../../../../config/credentials")).unwrap();
    assert_eq!(shipped.users_of_the_example().collect::<Vec<_>>(), ["video"]);
    let file = format!("a:plain:change-me\nb:{HASH}\nc:plain:changed");
    let credentials = Credentials::parse(&file).unwrap();
    assert_eq!(credentials.users_of_the_example().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn what_has_the_wrong_form_is_not_shown() {
    for secret in [format!("\"{HASH}\""), HASH.replace('$', "$$"), BASE64.encode(HASH)] {
        let error = Credentials::parse(&format!("user:{secret}")).unwrap_err().to_string();
        assert!(!error.contains("abcdef") && !error.contains("JDJ5"), "{error}");
    }
}
