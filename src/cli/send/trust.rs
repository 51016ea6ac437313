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

const CACERT: &str = "--cacert";
const OF_THE_SYSTEM: &str =
    "the system trusts no certificate authority: install ca-certificates, or name one by --cacert";

/// How a TLS connection is begun.
pub(super) fn client_config(cacert: Option<&Path>) -> Result<ClientConfig, ConfigError> {
    let roots = match cacert {
        Some(file) => of_file(file)?,
        None => of_the_system()?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ConfigError::new("TLS", error))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn of_file(file: &Path) -> Result<RootCertStore, ConfigError> {
    let fail =
        |why: &dyn Display| ConfigError::new(format_args!("{CACERT} {}", file.display()), why);
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

fn of_the_system() -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    // Of some hundred, a few may be of a kind that is not known here.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(ConfigError::new("--url", OF_THE_SYSTEM)) } else { Ok(roots) }
}
