//! Why TLS with a broker fails, by the certificate that is at fault.
//!
//! Promise: what OpenSSL found wrong with a broker's certificate is said, with its number; no
//! certificate is taken that OpenSSL does not take. librdkafka itself has one text for all such
//! faults, and tells the reason to a callback alone, which it offers through C alone.
#![allow(unsafe_code, reason = "librdkafka says what OpenSSL found to a callback of C alone")]

use crate::delivery::kafka::client_log::gist;
use rdkafka::bindings as c;
use rdkafka::config::NativeClientConfig;
use std::borrow::Cow;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// What the line of a certificate that was refused is logged as.
pub(super) const REFUSED: &str = "SSLCERTVRFY";
/// What precedes its reason there.
const CALLBACK: &str = " verification callback failed: ";
/// What precedes the reason in our words.
const VERDICT: &str = "the broker's certificate is refused: ";
/// What librdkafka says behind such a line.
const FAILED: &str = "certificate verify failed";

/// What `X509_verify_cert(3)` says of those faults that certificates have.
const FAULTS: &[(c_int, &str)] = &[
    (9, "certificate is not yet valid"),
    (10, "certificate has expired"),
    (18, "self-signed certificate"),
    (19, "self-signed certificate in certificate chain"),
    (20, "unable to get local issuer certificate"),
    (21, "unable to verify the first certificate"),
    (23, "certificate revoked"),
    (62, "hostname mismatch"),
    (64, "IP address mismatch"),
];

/// Alerts of TLS that are about the certificate of a client (RFC 8446, 6.2; RFC 5246, 7.2.2).
const ALERTS: [&str; 6] = [
    "alert bad certificate",
    "alert unsupported certificate",
    "alert certificate revoked",
    "alert certificate expired",
    "alert certificate unknown",
    "alert unknown ca",
];
const REQUIRED: &str = "alert certificate required";

/// From its first connection on, a client with this configuration says why it refuses a certificate.
pub(super) fn ask_why(config: &NativeClientConfig) {
    // SAFETY: the configuration is live, and keeps a function, which outlives everything. That this
    // build has TLS is a feature of the dependency.
    unsafe { c::rd_kafka_conf_set_ssl_cert_verify_cb(config.ptr(), Some(judged)) };
}

/// Takes what OpenSSL takes, and says why it does not.
///
/// # Safety
///
/// As librdkafka calls it: `x509_error` is live, and `errstr` has room for `errstr_size` bytes.
unsafe extern "C" fn judged(
    _client: *mut c::rd_kafka_t,
    _broker: *const c_char,
    _broker_id: i32,
    x509_error: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    errstr: *mut c_char,
    errstr_size: usize,
    _opaque: *mut c_void,
) -> c_int {
    // SAFETY: see above.
    let code = unsafe { *x509_error };
    if code == 0 {
        return 1;
    }
    let text = verdict(code);
    let length = text.len().min(errstr_size.saturating_sub(1));
    if errstr_size > 0 {
        // SAFETY: the text and a NUL are within `errstr_size`, and the two do not overlap.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr().cast(), errstr, length);
            *errstr.add(length) = 0;
        }
    }
    0
}

/// The number, and the words where there are some.
fn verdict(code: c_int) -> String {
    match FAULTS.iter().find(|(known, _)| *known == code) {
        Some((_, words)) => format!("{code} ({words})"),
        None => format!("{code} (see X509_STORE_CTX_get_error(3))"),
    }
}

/// A line or an error of a client, with what is known of the certificate at fault.
pub(super) fn explained(message: &str) -> Cow<'_, str> {
    let gist = gist(message);
    if let Some((before, why)) = gist.split_once(CALLBACK)
        && let Some((broker, certificate)) = before.split_once(": Certificate ")
    {
        return Cow::Owned(format!("{broker}: {VERDICT}{why} {certificate}"));
    }
    if ALERTS.iter().any(|alert| gist.contains(alert)) {
        return Cow::Owned(format!(
            "{gist}: the broker refuses this client's certificate, or misses one \
             (ssl.certificate.location)"
        ));
    }
    if gist.contains(REQUIRED) {
        return Cow::Owned(format!("{gist}: the broker misses a certificate of this client"));
    }
    Cow::Borrowed(message)
}

/// Whether this says less than `before`, of the same address.
pub(super) fn says_less(message: &str, before: &str) -> bool {
    before.starts_with(VERDICT) && message.contains(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn a_refused_certificate_is_told_with_openssls_reason_and_its_names() {
        let said = "[thrd:ssl://a:9/bootstrap]: ssl://a:9/bootstrap: Certificate (subject=/CN=b, \
                    issuer=/CN=c) verification callback failed: 10 (certificate has expired)";
        assert_eq!(
            explained(said),
            "ssl://a:9/bootstrap: the broker's certificate is refused: 10 (certificate has expired) \
             (subject=/CN=b, issuer=/CN=c)"
        );
        assert!(says_less("ssl://a:9/1: error:0A000086:certificate verify failed", VERDICT));
        assert!(!says_less("ssl://a:9/1: Connect to a:9 failed: refused", VERDICT));
        assert_eq!(verdict(62), "62 (hostname mismatch)");
    }

    #[test]
    fn a_callback_takes_what_openssl_takes_and_keeps_to_its_room() {
        let call = |code: c_int, room: &mut [c_char]| {
            let mut code = code;
            let (error, text, size) = (&raw mut code, room.as_mut_ptr(), room.len());
            let nothing = ptr::null();
            // SAFETY: as the function asks for.
            unsafe {
                judged(
                    ptr::null_mut(),
                    nothing,
                    0,
                    error,
                    0,
                    nothing,
                    0,
                    text,
                    size,
                    ptr::null_mut(),
                )
            }
        };
        assert_eq!(call(0, &mut [1; 4]), 1);
        let mut room = [1; 4];
        assert_eq!(call(10, &mut room), 0);
        // SAFETY: a NUL was written at its end.
        assert_eq!(unsafe { CStr::from_ptr(room.as_ptr()) }, c"10 ");
        assert_eq!(call(10, &mut []), 0);
    }

    #[test]
    fn an_alert_about_the_clients_certificate_is_told_as_such() {
        let said = "ssl://a:9/1: Receive failed: error:0A000412:SSL routines::ssl/tls alert bad \
                    certificate: SSL alert number 42 (after 2ms in state APIVERSION_QUERY)";
        assert!(explained(said).ends_with(
            "number 42: the broker refuses this client's certificate, \
                                           or misses one (ssl.certificate.location)"
        ));
        assert_eq!(explained("ssl://a:9/1: Disconnected"), "ssl://a:9/1: Disconnected");
    }
}
