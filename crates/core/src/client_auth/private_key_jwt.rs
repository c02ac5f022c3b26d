//! `private_key_jwt`: which key signs, with which algorithm, under which names (RFC 7523 §2.2; KF-9, KF-12).

use std::sync::Arc;

use serde_json::Value;

use super::assertion::{self, Assertion};
use crate::clock::Now;
use crate::error::{Error, ErrorCode, Problem};
use crate::events::Warning;
use crate::fingerprint::Fingerprinter;
use crate::keys::{Certificate, SigningAlgorithm, SigningKey};
use crate::keystore::{Keystore, KeystoreContent};
use crate::secret::Secret;

/// A header parameter that names the key's certificate (RFC 7515 §4.1.6 to §4.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateHeader {
    /// `x5t`: the SHA-1 thumbprint.
    Sha1Thumbprint,
    /// `x5t#S256`: the SHA-256 thumbprint.
    Sha256Thumbprint,
    /// `x5c`: the chain itself.
    Chain,
}

impl CertificateHeader {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Sha1Thumbprint, Self::Sha256Thumbprint, Self::Chain];

    /// The parameter's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1Thumbprint => "x5t",
            Self::Sha256Thumbprint => "x5t#S256",
            Self::Chain => "x5c",
        }
    }
}

/// `kid` of the assertions (KF-9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyIdHeader {
    /// The key's own.
    #[default]
    OfKey,
    /// What the server calls the key.
    Given(String),
    /// None, for servers that find the key by its certificate.
    Omitted,
}

/// What a client says about its assertions.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssertionParams {
    pub(crate) algorithm: Option<SigningAlgorithm>,
    pub(crate) key_id: KeyIdHeader,
    /// `jku`
    pub(crate) jwks_url: Option<String>,
    pub(crate) certificate_headers: Vec<CertificateHeader>,
    /// For servers behind a proxy that ends TLS: `aud` says `http:` where the URL says `https:`.
    pub(crate) force_http_in_audience: bool,
}

/// A client that proves who it is with a key.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKeyJwt {
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) assertion: AssertionParams,
}

/// An assertion, with what it was made of.
pub(crate) struct SignedAssertion {
    pub(super) assertion: Secret,
    pub(super) used: Arc<KeystoreContent>,
    pub(super) trouble: Option<Warning>,
}

impl PrivateKeyJwt {
    /// Everything that can be said without a server.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let key = &self.keystore.content().key;
        if let Some(algorithm) = self.assertion.algorithm
            && !algorithm.fits(&key.public)
        {
            return Err(Problem::config(format!(
                "assertion.algorithm is {}, which the key of keystore '{}' (type {}) cannot sign",
                algorithm.as_str(),
                self.keystore.name(),
                key.public.kty()
            )));
        }
        if !self.assertion.certificate_headers.is_empty() && key.certificates.is_empty() {
            return Err(Problem::config(self.no_certificate()));
        }
        Ok(())
    }

    /// A user's algorithm wins over the key's own; a server that compares them will not like it.
    pub(crate) fn overrides_key(&self) -> Option<Warning> {
        let key = &self.keystore.content().key;
        let (wanted, declared) = (self.assertion.algorithm?, key.declared?);
        (wanted != declared).then(|| {
            Warning::new(
                "ALGORITHM_OVERRIDES_KEY",
                format!(
                    "assertion.algorithm is {}, while the key's own alg is {}: servers that hold \
                     the key with that alg refuse it; correct or remove one of them",
                    wanted.as_str(),
                    declared.as_str()
                ),
            )
        })
    }

    /// The user's word, then the key's, then what the server lists, then the key's type (KF-12).
    pub(crate) fn algorithm(
        &self,
        key: &SigningKey,
        listed: Option<&[String]>,
    ) -> SigningAlgorithm {
        let said = self.assertion.algorithm.or(key.declared);
        said.unwrap_or_else(|| SigningAlgorithm::preferred(&key.public, listed))
    }

    fn key_id<'a>(&'a self, key: &'a SigningKey) -> Option<&'a str> {
        match &self.assertion.key_id {
            KeyIdHeader::OfKey => Some(&key.key_id),
            KeyIdHeader::Given(key_id) => Some(key_id),
            KeyIdHeader::Omitted => None,
        }
    }

    /// As the keystore has them; the one that signs under the names that this client gives it, so that
    /// what is registered is what is sent.
    pub(super) fn public_jwks(&self) -> Value {
        let content = self.keystore.content();
        let mut jwks = content.public_jwks.clone();
        if let Some(signing) = jwks.pointer_mut("/keys/0").and_then(Value::as_object_mut) {
            if let Some(algorithm) = self.assertion.algorithm {
                signing.insert("alg".to_owned(), algorithm.as_str().into());
            }
            if let KeyIdHeader::Given(key_id) = &self.assertion.key_id {
                signing.insert("kid".to_owned(), key_id.as_str().into());
            }
        }
        jwks
    }

    /// A new assertion with the key as it is now; its file is looked at before, now and then.
    pub(super) async fn sign(
        &self,
        client_id: &str,
        token_endpoint: &str,
        listed: Option<&[String]>,
        now: Now,
    ) -> Result<SignedAssertion, Error> {
        self.keystore.look_if_due().await;
        let used = self.keystore.content();
        let key = &used.key;
        let algorithm = self.algorithm(key, listed);
        // The key may be of another type than the one that the settings were checked with.
        algorithm.check(&key.public)?;
        let has = |header| self.assertion.certificate_headers.contains(&header);
        let certificate = self.certificate(key)?;
        let assertion = Assertion {
            algorithm,
            key_id: self.key_id(key),
            jwks_url: self.assertion.jwks_url.as_deref(),
            sha1_thumbprint: certificate
                .filter(|_| has(CertificateHeader::Sha1Thumbprint))
                .map(Certificate::sha1_thumbprint),
            sha256_thumbprint: certificate
                .filter(|_| has(CertificateHeader::Sha256Thumbprint))
                .map(Certificate::sha256_thumbprint),
            chain: has(CertificateHeader::Chain)
                .then(|| key.certificates.iter().map(Certificate::base64).collect()),
            client_id,
            audience: &assertion::audience(token_endpoint, self.assertion.force_http_in_audience),
        };
        let assertion = assertion.sign(key, now).await?;
        Ok(SignedAssertion { assertion, used, trouble: self.keystore.trouble() })
    }

    fn certificate<'a>(&self, key: &'a SigningKey) -> Result<Option<&'a Certificate>, Problem> {
        if self.assertion.certificate_headers.is_empty() {
            return Ok(None);
        }
        let certificate = key
            .certificates
            .first()
            .ok_or_else(|| Problem::new(ErrorCode::KeystoreUnusableKey, self.no_certificate()))?;
        Ok(Some(certificate))
    }

    fn no_certificate(&self) -> String {
        format!(
            "assertion.certificateHeaders needs the key's certificate, and keystore '{}' has none",
            self.keystore.name()
        )
    }

    pub(super) fn identify(&self, listed: Option<&[String]>, fields: &mut Fingerprinter) {
        let content = self.keystore.content();
        let key = &content.key;
        let assertion = &self.assertion;
        fields
            .field(key.public.thumbprint().as_bytes())
            .field(&key.external_address().unwrap_or_default().to_be_bytes())
            .optional(self.key_id(key).map(str::as_bytes))
            .field(self.algorithm(key, listed).as_str().as_bytes())
            .optional(assertion.jwks_url.as_deref().map(str::as_bytes))
            .field(&[u8::from(assertion.force_http_in_audience)]);
        for header in &assertion.certificate_headers {
            fields.field(header.as_str().as_bytes());
        }
        if !assertion.certificate_headers.is_empty() {
            for certificate in &key.certificates {
                fields.field(certificate.base64().as_bytes());
            }
        }
    }
}
