//! A CA's certificate in the place of a server's, as `openssl req -x509` makes them.

use rustls::CertificateError;

/// A CA's certificate in the place of a server's. The verifier's own error has no name here.
pub(super) fn is_ca_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}
