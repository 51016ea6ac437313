//! The certificate and the key of the webhook port: `--tls-cert` and `--tls-key`.
//!
//! Promise: what is put in force is a chain and the key of its first certificate, in PEM (RFC 7468). An
//! error names the flag and the file. A certificate that is over is warned about and shown: some senders
//! do not look.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::config::reload::{PutInForce, Reloadable, Stamp};
use crate::config::secret_file::secret_file;
use crate::metrics::Reloaded;
use crate::webhook::http::tls::{Certificate, InForce, Tls};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use x509_cert::der::Decode as _;

const CERT: &str = "--tls-cert";
const KEY: &str = "--tls-key";

/// What the port needs, and how it is read again.
pub(super) struct TlsFiles {
    pub(super) tls: Tls,
    pub(super) reloadable: Reloadable,
}

pub(super) fn tls(args: &ServeArgs) -> Result<Option<TlsFiles>, ConfigError> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    let files = vec![cert.clone(), key.clone()];
    let first = Stamp::of(&files);
    let certificate = Arc::new(Certificate::new(read(cert, key)?));
    let tls = Tls::new(certificate.clone()).map_err(|error| ConfigError::new(CERT, error))?;
    let (cert, key) = (cert.clone(), key.clone());
    let read = move || {
        let (other, certificate) = (read(&cert, &key)?, certificate.clone());
        Ok(Box::new(move || certificate.replace(other)) as PutInForce)
    };
    let reloadable = Reloadable::new(Reloaded::Certificate, files, first, read);
    Ok(Some(TlsFiles { tls, reloadable }))
}

fn read(cert: &Path, key: &Path) -> Result<InForce, ConfigError> {
    let of_cert = |why: &dyn Display| ConfigError::new(place(CERT, cert), why);
    let of_key = |why: &dyn Display| ConfigError::new(place(KEY, key), why);
    let text = fs::read(cert).map_err(|error| of_cert(&error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| of_cert(&error))?;
    let Some(first) = chain.first() else {
        return Err(of_cert(&"has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)"));
    };
    let parsed = x509_cert::Certificate::from_der(first);
    let parsed = parsed.map_err(|error| of_cert(&format_args!("is no certificate: {error}")))?;
    let validity = parsed.tbs_certificate().validity();
    let not_after = SystemTime::UNIX_EPOCH + validity.not_after.to_unix_duration();
    let secret = secret_file(KEY, key)?;
    let der = PrivateKeyDer::from_pem_slice(secret.as_bytes())
        .map_err(|_| of_key(&"has no private key in PEM that is not encrypted"))?;
    let key = CertifiedKey::from_der(chain, der, &default_provider());
    let key = key.map_err(|error| of_key(&format_args!("does not fit {CERT}: {error}")))?;
    if not_after < SystemTime::now() {
        tracing::warn!(file = %cert.display(), "the certificate is over, senders refuse it");
    }
    Ok(InForce { key: Arc::new(key), not_after })
}

fn place(flag: &str, file: &Path) -> String {
    format!("{flag} {}", file.display())
}
