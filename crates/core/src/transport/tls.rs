//! Whom the transport trusts: the system's store, `http.ca`, and `NODE_EXTRA_CA_CERTS` as Node does.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use rustls::client::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::{ConfigBuilder, RootCertStore, WantsVerifier};

use super::client_certificate::ClientCertificate;
use super::not_ready::NotReady;
use crate::error::Problem;
use crate::shortage;

/// DER certificates of a PEM text, or of one DER certificate, each usable as a trust anchor.
pub(crate) fn certificates_from_pem(what: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let certificates =
        parse_certificates(bytes).map_err(|why| Problem::config(format!("{what}: {why}")))?;
    if certificates.iter().all(|certificate| is_trust_anchor(certificate)) {
        return Ok(certificates);
    }
    Err(Problem::config(format!("{what}: a certificate in it is damaged")))
}

fn parse_certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes.to_vec()]);
    }
    let blocks = pem::parse_many(bytes).map_err(|_| "not a PEM certificate: a block is damaged")?;
    let certificates: Vec<_> = blocks
        .into_iter()
        .filter(|block| {
            matches!(block.tag(), "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE")
        })
        .map(pem::Pem::into_contents)
        .collect();
    if certificates.is_empty() {
        return Err(
            "no certificate in it; expected PEM text with -----BEGIN CERTIFICATE-----, or DER bytes",
        );
    }
    Ok(certificates)
}

/// One that is not would spoil the whole trust store.
fn is_trust_anchor(der: &[u8]) -> bool {
    RootCertStore::empty().add(CertificateDer::from(der)).is_ok()
}

/// What `NODE_EXTRA_CA_CERTS` adds. Like Node, a file that cannot be read does not stop the
/// process; unlike Node, the error that then follows says so.
#[derive(Debug, Default)]
pub(crate) struct ExtraTrust {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) complaint: Option<String>,
}

impl ExtraTrust {
    /// An error: for want of descriptors. What was then left out would be missed for ever.
    pub(crate) fn from_environment() -> io::Result<Self> {
        let Some(path) = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty())
        else {
            return Ok(Self::default());
        };
        let path = PathBuf::from(path);
        let complain = |why: String| Self {
            certificates: Vec::new(),
            complaint: Some(format!("NODE_EXTRA_CA_CERTS={} was not used: {why}", path.display())),
        };
        Ok(match std::fs::read(&path) {
            Err(error) if shortage::is_of_descriptors(&error) => return Err(error),
            Err(error) => complain(error.to_string()),
            Ok(bytes) => match parse_certificates(&bytes) {
                Err(why) => complain(why.to_owned()),
                Ok(all) => {
                    let count = all.len();
                    let certificates: Vec<_> = all
                        .into_iter()
                        .filter(|certificate| is_trust_anchor(certificate))
                        .collect();
                    let damaged = count - certificates.len();
                    let complaint = (damaged > 0).then(|| {
                        format!(
                            "NODE_EXTRA_CA_CERTS={}: {damaged} of {count} certificates are damaged and were not used",
                            path.display()
                        )
                    });
                    Self { certificates, complaint }
                }
            },
        })
    }
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

/// TLS 1.2 and 1.3 towards servers whose certificate the system trusts, or one of these.
pub(super) fn client_config<'a>(
    extra: impl Iterator<Item = &'a [u8]>,
    own: Option<&ClientCertificate>,
) -> Result<ClientConfig, NotReady> {
    let extra = extra.map(|der| CertificateDer::from(der.to_vec())).collect();
    let verifier = trust(extra, PROVIDER.clone())?;
    let builder = builder()?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match own {
        Some(own) => builder.with_client_cert_resolver(own.resolver()),
        None => builder.with_no_client_auth(),
    };
    // The HTTP client goes by what the server chooses of these (RFC 9113 §3.2).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For a client that speaks in clear text alone.
pub(super) fn trusting_nobody() -> Result<ClientConfig, NotReady> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, NotReady> {
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone());
    Ok(builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?)
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn trust(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, NotReady> {
    Ok(Arc::new(super::system_trust::SystemTrust::new(extra, provider)?))
}

/// There the operating system itself verifies, with what its administrators have set up.
#[cfg(any(windows, target_vendor = "apple"))]
fn trust(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, NotReady> {
    use rustls_platform_verifier::Verifier;
    // On Windows extra roots mean a chain engine of their own, which not each system can make: not for none.
    let verifier = match extra.as_slice() {
        [] => Verifier::new(provider),
        _ => Verifier::new_with_extra_roots(extra, provider),
    };
    Ok(Arc::new(verifier.map_err(|error| error.to_string())?))
}

/// The TLS error somewhere below a transport error. `io::Error` hides what it wraps from
/// `source()`, hence the second look.
pub(crate) fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| tls_error(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The alert that a text is of. HTTP/2 keeps no more of one that comes after the handshake, as the answer to
/// a client certificate does in TLS 1.3.
pub(super) fn alert_in_words(text: &str) -> Option<rustls::Error> {
    (0..=u8::MAX)
        .map(|number| rustls::Error::AlertReceived(number.into()))
        .find(|alert| alert.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_certificate_is_refused_with_the_options_name() {
        let key = include_bytes!("../../../../__test__/fixtures/keystores/pkcs8-ed25519.pem");
        for bytes in [&b""[..], b"hello", key] {
            let problem = certificates_from_pem("http.ca[1]", bytes).unwrap_err();
            assert!(problem.message.starts_with("http.ca[1]: "), "{}", problem.message);
        }
    }

    #[test]
    fn an_alert_is_known_by_its_text() {
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        assert_eq!(alert_in_words(&alert.to_string()), Some(alert));
        assert_eq!(alert_in_words("received no alert"), None);
    }

    #[test]
    fn a_tls_error_is_found_behind_an_io_error() {
        let hidden = std::io::Error::other(rustls::Error::EncryptError);
        assert!(matches!(tls_error(&hidden), Some(rustls::Error::EncryptError)));
        assert!(tls_error(&std::io::Error::other("x")).is_none());
    }
}
