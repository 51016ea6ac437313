//! What the head alone decides, and the credential of a project.

use crate::refusals::row::{MARKER, Row, authorization_of_bound, marked, with};
use crate::support::rig::{PASSWORD, USER, authorization};
use hookbridge::metrics::Outcome::{
    ForbiddenApp, InvalidHead, MethodNotAllowed, NotFound, TooLarge, Unauthorized,
    UnsupportedEncoding,
};
use testkit::http::{basic, request};
use testkit::notification::{PATH, ROOMDROP, of_length};

/// The default of `--max-body`.
pub(in crate::refusals) const MAX_BODY: usize = 1024 * 1024;

/// Rows about heads.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![Row::new(
        "no host",
        format!("POST {PATH} HTTP/1.1\r\nX-{MARKER}: y\r\nContent-Length: 0\r\n\r\n"),
        400,
        InvalidHead,
    )];
    rows.extend(paths_and_methods());
    rows.extend(credentials());
    rows.extend(codings_and_sizes());
    let bound = authorization_of_bound();
    rows.extend(["5f3a9c1e7d2b4a0012c4e8f2", "5F3A9C1E7D2B4A0012C4E8F1", "*", MARKER].map(
        |app_id| {
            let body = with(ROOMDROP, "/app_id", app_id.into());
            let request = request("POST", PATH, &[("Authorization", &bound)], body);
            Row::new(format!("bound to another app_id than {app_id}"), request, 403, ForbiddenApp)
        },
    ));
    rows
}

fn paths_and_methods() -> Vec<Row> {
    let authorization = authorization();
    let headers = [("Authorization", &*authorization)];
    let path = |path: &str| {
        let request = request("POST", path, &headers, marked(ROOMDROP));
        Row::new(format!("path {path}"), request, 404, NotFound)
    };
    let method = |method: &str| {
        let request = request(method, PATH, &headers, marked(ROOMDROP));
        Row::new(format!("method {method}"), request, 405, MethodNotAllowed)
    };
    let marked_path = format!("/{MARKER}?{MARKER}");
    let paths = ["/", "/webhook/", "/webhook/x", "/metrics", &marked_path];
    let mut rows = Vec::from(paths.map(path));
    rows.extend(["GET", "PUT", "DELETE", "PATCH", "OPTIONS"].map(method));
    rows
}

fn credentials() -> Vec<Row> {
    let good = authorization();
    let token = &good["Basic ".len()..];
    [
        ("no credentials", vec![]),
        ("an empty header", vec![String::new()]),
        ("the scheme alone", vec!["Basic".to_owned()]),
        ("the token alone", vec![token.to_owned()]),
        ("another scheme", vec![format!("Bearer {token}")]),
        ("a token that is not base64", vec![format!("Basic {MARKER}!")]),
        ("a token without a colon", vec!["Basic dmlkZW8=".to_owned()]),
        ("a wrong password", vec![basic(USER, MARKER)]),
        ("an empty password", vec![basic(USER, "")]),
        ("the beginning of the password", vec![basic(USER, &PASSWORD[..PASSWORD.len() - 1])]),
        ("an unknown user", vec![basic(MARKER, PASSWORD)]),
        ("the user in other case", vec![basic("Video", PASSWORD)]),
        ("the same header twice", vec![good.clone(), good.clone()]),
        ("a good header and another", vec![good.clone(), basic(USER, "wrong")]),
    ]
    .map(|(why, values)| {
        let headers: Vec<_> = values.iter().map(|value| ("Authorization", &**value)).collect();
        Row::new(why, request("POST", PATH, &headers, marked(ROOMDROP)), 401, Unauthorized)
    })
    .into()
}

fn codings_and_sizes() -> Vec<Row> {
    let authorization = authorization();
    let coding = |coding: &str| {
        let headers = [("Authorization", &*authorization), ("Content-Encoding", coding)];
        let request = request("POST", PATH, &headers, marked(ROOMDROP));
        Row::new(format!("coding {coding}"), request, 415, UnsupportedEncoding)
    };
    let head = |lines: String| {
        format!("POST {PATH} HTTP/1.1\r\nHost: test\r\nAuthorization: {authorization}\r\n{lines}")
    };
    let too_large = of_length(MAX_BODY + 1).replacen(&"x".repeat(MARKER.len()), MARKER, 1);
    let codings = ["gzip", "br", "deflate", MARKER, "identity, gzip", "gzip, identity"];
    let mut rows = Vec::from(codings.map(coding));
    rows.push(Row::new(
        "declared too large, nothing sent",
        head(format!("Content-Length: {}\r\n\r\n", MAX_BODY + 1)),
        413,
        TooLarge,
    ));
    rows.push(Row::new(
        "declared beyond all numbers of bytes",
        head(format!("Content-Length: {}\r\n\r\n", u64::MAX - 3)),
        413,
        TooLarge,
    ));
    rows.push(Row::post("one byte too large", &too_large, 413, TooLarge));
    rows.push(Row::new(
        "too large in chunks",
        head(format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{too_large}", too_large.len())),
        413,
        TooLarge,
    ));
    rows
}
