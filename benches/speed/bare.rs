//! Bare hyper: takes a post in and answers 200. The limit of what any server on hyper can do.

use crate::server::{accepted, refused, serve};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use tokio_rustls::TlsAcceptor;

/// As long as an id is.
const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The child's job.
pub(crate) fn run(tls: Option<&TlsAcceptor>) {
    serve(tls, |request| async {
        match request.into_body().collect().await {
            Ok(_) => accepted(ID),
            Err(_) => refused(StatusCode::BAD_REQUEST),
        }
    });
}
