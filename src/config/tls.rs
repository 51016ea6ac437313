//! The certificate and the key of the webhook port: `--tls-cert` and `--tls-key`.
//!
//! Promise: what is put in force is a chain and the key of its first certificate, in PEM (RFC
//! 7468). An error names the flag and the file. At the start, a certificate that is over is warned
//! about and shown, as some senders do not look; later, none that is over takes the place of one
//! that holds.

use crate::args::serve::ServeArgs;
use crate::config::ConfigError;
use crate::config::reload::{PutInForce, Reloadable, Stamp};
use crate::config::secret_file::secret_file;
use crate::metrics::Reloaded;
use crate::webhook::http::tls::{Certificate, Validity};
use rustls::InconsistentKeys;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt::Display;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

const CERT: &str = "--tls-cert";
const KEY: &str = "--tls-key";

/// What the port shows, and how it is read again.
pub(super) struct TlsFiles {
    pub(super) certificate: Arc<Certificate>,
    pub(super) reloadable: Reloadable,
}

pub(super) fn tls(args: &ServeArgs) -> Result<Option<TlsFiles>, ConfigError> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    let files = vec![cert.clone(), key.clone()];
    let first = Stamp::of(&files);
    let (certified, validity) = read(cert, key)?;
    if !validity.holds() {
        tracing::warn!(file = %cert.display(), "the certificate is over, or does not hold yet: senders refuse it");
    }
    let certificate = Certificate::new(certified, validity);
    let certificate = Arc::new(certificate.map_err(|error| ConfigError::new(CERT, error))?);
    let (shown, cert, key) = (certificate.clone(), cert.clone(), key.clone());
    let read = move || {
        let (certified, validity) = read(&cert, &key)?;
        let wrong = |why: &dyn Display| ConfigError::new(place(CERT, &cert), why);
        if shown.validity().holds() && !validity.holds() {
            return Err(wrong(&"is over, or does not hold yet"));
        }
        let put_in_force = shown.prepare(certified, validity);
        let put_in_force = put_in_force.map_err(|error| wrong(&error))?;
        Ok(Box::new(put_in_force) as PutInForce)
    };
    let reloadable = Reloadable::new(Reloaded::Certificate, files, first, read);
    Ok(Some(TlsFiles { certificate, reloadable }))
}

/// What a port would show.
pub struct Shown {
    /// When it may be shown.
    pub validity: Validity,
    /// The hosts that it is for (`subjectAltName`, RFC 5280).
    pub hosts: Vec<String>,
}

/// Reads the two files, and puts nothing in force.
pub(super) fn show(args: &ServeArgs) -> Result<Option<Shown>, ConfigError> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else { return Ok(None) };
    let (certified, validity) = read(cert, key)?;
    let first = certified.cert.first().map(|der| x509_cert::Certificate::from_der(der));
    let hosts = first.and_then(Result::ok).map(|certificate| hosts(&certificate));
    Ok(Some(Shown { validity, hosts: hosts.unwrap_or_default() }))
}

fn hosts(certificate: &x509_cert::Certificate) -> Vec<String> {
    let names = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, SubjectAltName(names)))) = names else { return Vec::new() };
    let host = |name: GeneralName| {
        if let GeneralName::DnsName(host) = &name {
            return Some(host.to_string());
        }
        let GeneralName::IpAddress(address) = name else { return None };
        let v4 = <[u8; 4]>::try_from(address.as_bytes()).map(IpAddr::from);
        let v6 = || <[u8; 16]>::try_from(address.as_bytes()).map(IpAddr::from);
        v4.or_else(|_| v6()).ok().map(|address| address.to_string())
    };
    names.into_iter().filter_map(host).collect()
}

fn read(cert: &Path, key: &Path) -> Result<(CertifiedKey, Validity), ConfigError> {
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
    let dates = parsed.tbs_certificate().validity();
    let at = |time: &x509_cert::time::Time| SystemTime::UNIX_EPOCH + time.to_unix_duration();
    let validity = Validity { not_before: at(&dates.not_before), not_after: at(&dates.not_after) };
    let secret = secret_file(KEY, key)?;
    let der = PrivateKeyDer::from_pem_slice(secret.as_bytes())
        .map_err(|_| of_key(&"has no private key in PEM that is not encrypted"))?;
    let signing = default_provider().key_provider.load_private_key(der);
    let signing = signing.map_err(|error| of_key(&format_args!("cannot be used: {error}")))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
            Ok((certified, validity))
        }
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(of_key(&format_args!("is not the key of {}", place(CERT, cert))))
        }
        Err(error) => Err(of_cert(&format_args!("cannot be used: {error}"))),
    }
}

fn place(flag: &str, file: &Path) -> String {
    format!("{flag} {}", file.display())
}
