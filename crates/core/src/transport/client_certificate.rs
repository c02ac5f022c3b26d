//! What the client shows of itself in a TLS handshake (RFC 8446 §4.4.2; RFC 8705; requirements MT-4).

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{self, CertifiedKey, SingleCertAndKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::error::{ErrorCode, Problem};
use crate::fingerprint::Fingerprinter;
use crate::keys::{self, KeyChoice, Passphrases, SigningAlgorithm, SigningKey};
use crate::secret::Secret;

const OPTION: &str = "http.clientCertificate";

/// A certificate with those that vouch for it, and the key that it certifies.
#[derive(Clone, Debug)]
pub(crate) struct ClientCertificate(Arc<SigningKey>);

/// The key follows from the certificate.
impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.chain().eq(other.chain())
    }
}

impl ClientCertificate {
    /// PEM or PKCS#12, as a keystore would be read.
    pub(crate) fn parse(bytes: &[u8], passphrase: Option<&Secret>) -> Result<Self, Problem> {
        let named =
            |problem: Problem| Problem::new(problem.code, format!("{OPTION}: {}", problem.message));
        let passphrases = Passphrases { keystore: passphrase.cloned(), key: None };
        let (_, keys) = keys::parse(bytes, &passphrases).map_err(|problem| {
            let what =
                "neither PEM nor PKCS#12, or damaged; give key and certificate in one of them";
            let unknown = problem.code == ErrorCode::KeystoreCorrupt;
            named(if unknown { Problem::new(problem.code, what) } else { problem })
        })?;
        let key = keys.select(&KeyChoice::default()).map_err(named)?.key;
        if key.certificates.is_empty() {
            return Err(Problem::config(format!(
                "{OPTION}: there is a key in it, and no certificate of that key; put both in one \
                 text or keystore, with the certificates of the intermediate CAs"
            )));
        }
        Ok(Self(Arc::new(key)))
    }

    pub(super) fn identify(&self, fields: &mut Fingerprinter) {
        for certificate in self.chain() {
            fields.field(certificate);
        }
    }

    /// For a handshake.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        let chain = self.chain().map(|der| CertificateDer::from(der.to_vec())).collect();
        let key = Arc::new(HandshakeKey(self.0.clone()));
        Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)))
    }

    fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.0.certificates.iter().map(keys::Certificate::der)
    }
}

/// The key, where it signs a handshake: it stays where it was read, and no copy of it is made.
#[derive(Clone, Debug)]
struct HandshakeKey(Arc<SigningKey>);

impl HandshakeKey {
    /// In the order of preference; RFC 8446 §4.2.3 allows PKCS#1 to TLS 1.2 alone.
    const SCHEMES: [(SignatureScheme, SigningAlgorithm); 10] = [
        (SignatureScheme::ED25519, SigningAlgorithm::EdDsa),
        (SignatureScheme::ECDSA_NISTP256_SHA256, SigningAlgorithm::Es256),
        (SignatureScheme::ECDSA_NISTP384_SHA384, SigningAlgorithm::Es384),
        (SignatureScheme::ECDSA_NISTP521_SHA512, SigningAlgorithm::Es512),
        (SignatureScheme::RSA_PSS_SHA256, SigningAlgorithm::Ps256),
        (SignatureScheme::RSA_PSS_SHA384, SigningAlgorithm::Ps384),
        (SignatureScheme::RSA_PSS_SHA512, SigningAlgorithm::Ps512),
        (SignatureScheme::RSA_PKCS1_SHA256, SigningAlgorithm::Rs256),
        (SignatureScheme::RSA_PKCS1_SHA384, SigningAlgorithm::Rs384),
        (SignatureScheme::RSA_PKCS1_SHA512, SigningAlgorithm::Rs512),
    ];

    fn schemes(&self) -> impl Iterator<Item = (SignatureScheme, SigningAlgorithm)> {
        Self::SCHEMES.into_iter().filter(|(_, algorithm)| algorithm.fits(&self.0.public))
    }
}

impl sign::SigningKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn sign::Signer>> {
        let (scheme, algorithm) = self.schemes().find(|(scheme, _)| offered.contains(scheme))?;
        Some(Box::new(HandshakeSigner { key: self.clone(), scheme, algorithm }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.public.kty() {
            "RSA" => SignatureAlgorithm::RSA,
            "OKP" => SignatureAlgorithm::ED25519,
            _ => SignatureAlgorithm::ECDSA,
        }
    }
}

#[derive(Debug)]
struct HandshakeSigner {
    key: HandshakeKey,
    scheme: SignatureScheme,
    algorithm: SigningAlgorithm,
}

impl sign::Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let refused = |_| rustls::Error::General("the client's key refused to sign".to_owned());
        self.key.0.sign_for_tls(self.algorithm, message).map_err(refused)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
