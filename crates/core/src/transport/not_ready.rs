//! Why there is no HTTP client yet. The next request tries anew.

use std::io;

use url::Url;

use crate::error::{ErrorCode, TransportError};
use crate::server_url::display;
use crate::shortage;

/// Where the system verifies by itself, neither a package nor a variable of OpenSSL has to do with it.
#[cfg(any(windows, target_vendor = "apple"))]
const NO_TRUST_HINT: &str = "look after the system's certificate store, or set http.ca";
#[cfg(not(any(windows, target_vendor = "apple")))]
const NO_TRUST_HINT: &str = "install the system's CA certificates (package ca-certificates), point \
                             SSL_CERT_FILE at a PEM bundle, or set http.ca";

/// Found before anything was sent.
pub(super) enum NotReady {
    /// The system has no CA certificates, and nobody gave any.
    #[cfg_attr(
        any(windows, target_vendor = "apple"),
        expect(dead_code, reason = "there the system itself verifies")
    )]
    NobodyToTrust,
    /// Settings or certificates that make no client.
    Unusable(String),
    /// It would trust less than it is told to, for ever: files could not be read for want of descriptors.
    Shortage(io::Error),
}

impl NotReady {
    /// What a request to `url` fails with.
    pub(super) fn explain(self, url: &Url) -> TransportError {
        let (code, reason, hint) = match self {
            Self::NobodyToTrust | Self::Unusable(_) => (
                ErrorCode::Tls,
                match self {
                    Self::Unusable(reason) => reason,
                    _ => "this system has no trusted CA certificates".to_owned(),
                },
                NO_TRUST_HINT,
            ),
            Self::Shortage(error) => (
                ErrorCode::Network,
                format!("the trusted CA certificates cannot be read: {error}"),
                shortage::MORE_DESCRIPTORS,
            ),
        };
        let (url, hint) = (display(url), Some(hint.to_owned()));
        TransportError { code, url, reason, hint, stale_connection: false, permanent: false }
    }
}

impl From<String> for NotReady {
    fn from(reason: String) -> Self {
        Self::Unusable(reason)
    }
}
