//! Whose word on a server is taken: certificate authorities of a file, or of the system.
//!
//! Promise: TLS 1.2 and 1.3 by rustls' defaults, and no way around the check of a certificate.

use crate::config::ConfigError;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// What an error names.
#[derive(Clone, Copy)]
pub(super) struct TrustFlags {
    /// The one with the server's URL.
    pub(super) url: &'static str,
    /// The one with the file of authorities.
    pub(super) authorities: &'static str,
}

/// How a TLS connection is begun.
pub(super) fn client_config(
    authorities: Option<&Path>,
    flags: TrustFlags,
) -> Result<ClientConfig, ConfigError> {
    let roots = match authorities {
        Some(file) => of_file(file, flags)?,
        None => of_the_system(flags)?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ConfigError::new("TLS", error))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn of_file(file: &Path, flags: TrustFlags) -> Result<RootCertStore, ConfigError> {
    let place = format!("{} {}", flags.authorities, file.display());
    let fail = |why: &dyn Display| ConfigError::new(&place, why);
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| fail(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| fail(&error))?;
        roots.add(certificate).map_err(|error| fail(&error))?;
    }
    if roots.is_empty() {
        return Err(fail(&"has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"));
    }
    Ok(roots)
}

fn of_the_system(flags: TrustFlags) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    // Of some hundred, a few may be of a kind that is not known here.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let why = format_args!(
            "the system trusts no certificate authority: install ca-certificates, or name one by {}",
            flags.authorities
        );
        return Err(ConfigError::new(flags.url, why));
    }
    Ok(roots)
}
