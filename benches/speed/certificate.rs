//! The certificate of all servers that speak TLS, in files, and senders that trust it.

use rustls::version::TLS13;
use std::fs;
use std::io;
use tempfile::TempDir;
use testkit::tls::{Authority, Client};

/// Longer than a run.
const DAYS: i64 = 2;

pub(crate) struct Certificate {
    authority: Authority,
    folder: TempDir,
}

impl Certificate {
    /// One that is made for this run: ECDSA on P-256.
    pub(crate) fn new() -> io::Result<Self> {
        let (authority, folder) = (Authority::new(), tempfile::tempdir()?);
        let identity = authority.issue(DAYS);
        for (name, pem) in [("cert", identity.cert), ("key", identity.key)] {
            fs::write(folder.path().join(name), pem)?;
        }
        Ok(Self { authority, folder })
    }

    /// The certificate's and its key's.
    pub(crate) fn files(&self) -> [String; 2] {
        ["cert", "key"].map(|name| self.folder.path().join(name).display().to_string())
    }

    /// A sender with sessions of its own, over TLS 1.3.
    pub(crate) fn client(&self) -> Client {
        self.authority.client(&TLS13).http1()
    }
}
