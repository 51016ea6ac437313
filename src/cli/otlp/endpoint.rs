//! The collector that flags and variables name.
//!
//! Promise: one that cannot be meant is refused with the flag's name; it connects to nothing.

use crate::args::otlp::OtlpArgs;
use crate::cli::http_client::server::{Server, UrlFault};
use crate::cli::otlp::variables;
use crate::cli::trust::{TrustFlags, client_config};
use crate::config::ConfigError;
use http::Uri;
use std::env;

const BASE: &str = "--otlp-endpoint";
const WHOLE: &str = "--otlp-traces-endpoint";
const AUTHORITIES: &str = "--otlp-certificate";
/// What the OTLP specification adds to a base.
const PATH: &str = "/v1/traces";
const NO_URL: &str = "expected a URL such as http://127.0.0.1:4318";
const USER: &str = "leave user and password out: OTEL_EXPORTER_OTLP_HEADERS is for them";

/// See the module.
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) server: Server,
}

impl Endpoint {
    /// None where spans are not to be recorded.
    pub(super) fn of(args: &OtlpArgs) -> Result<Option<Self>, ConfigError> {
        let given = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
        let whole = given(&args.otlp_traces_endpoint).map(|url| (WHOLE, url));
        let base = || {
            let url = given(&args.otlp_endpoint)?;
            Some((BASE, format!("{}{PATH}", url.trim_end_matches('/'))))
        };
        let Some((flag, url)) = whole.or_else(base) else { return Ok(None) };
        if variables::is_off(|name| env::var(name).ok()) {
            return Ok(None);
        }
        variables::check(|name| env::var(name).ok())?;
        let wrong = |why: &str| ConfigError::new(flag, why);
        let uri: Uri = url.parse().map_err(|_| wrong(NO_URL))?;
        let authorities = args.otlp_certificate.as_deref();
        let flags = TrustFlags { url: flag, authorities: AUTHORITIES };
        let server = Server::new(&uri, || client_config(authorities, flags));
        let server = server.map_err(|fault| match fault {
            UrlFault::NotHttp => wrong(NO_URL),
            UrlFault::HasUser => wrong(USER),
            UrlFault::NoTrust(error) => error,
        })?;
        Ok(Some(Self { url, server }))
    }
}
