//! `private_key_jwt`: which key signs, with which algorithm, under which names (RFC 7523 §2.2; KF-9, KF-12).

use std::sync::Arc;

use serde_json::Value;

use super::assertion::Assertion;
use super::terms::AssertionTerms;
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
    /// What the server that was named prefers.
    pub(crate) preferred_algorithms: &'static [SigningAlgorithm],
    pub(crate) terms: AssertionTerms,
}

/// A client that proves who it is with a key.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKeyJwt {
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) assertion: AssertionParams,
}

impl PrivateKeyJwt {
    /// Everything that can be said without a server.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let key = &self.keystore.content().key;
        self.check_algorithm(key)?;
        if !self.assertion.certificate_headers.is_empty() && key.certificates.is_empty() {
            return Err(Problem::config(self.no_certificate()));
        }
        Ok(())
    }

    fn check_algorithm(&self, key: &SigningKey) -> Result<(), Problem> {
        match self.assertion.algorithm {
            Some(algorithm) if !algorithm.fits(&key.public) => Err(Problem::config(format!(
                "assertion.algorithm is {}, which the key of keystore '{}' (type {}) cannot sign",
                algorithm.as_str(),
                self.keystore.name(),
                key.public.kty()
            ))),
            _ => Ok(()),
        }
    }

    /// What is worth knowing about a key that signs.
    pub(super) fn warnings(&self, content: &KeystoreContent) -> impl Iterator<Item = Warning> {
        let warnings = content.warnings.clone().into_iter();
        warnings.chain(self.overrides(&content.key)).chain(self.keystore.trouble())
    }

    /// A user's algorithm wins over the key's own; a server that compares them will not like it.
    fn overrides(&self, key: &SigningKey) -> Option<Warning> {
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

    /// The trap of KF-12: keys that say RS256 at servers that list RS384.
    pub(super) fn unlisted_algorithm(&self, listed: &[String]) -> Option<String> {
        let content = self.keystore.content();
        let algorithm = self.algorithm(&content.key, Some(listed));
        if listed.iter().any(|name| SigningAlgorithm::parse(name) == Some(algorithm)) {
            return None;
        }
        let algorithm = algorithm.as_str();
        Some(match (self.assertion.algorithm, content.key.declared) {
            (Some(_), _) => format!("assertion.algorithm is {algorithm}"),
            (None, Some(_)) => format!("the key says {algorithm} (its alg)"),
            (None, None) => format!("the key signs {algorithm}"),
        })
    }

    /// A key that does not say its algorithm is exported with the one that this client signs with by
    /// itself. Where the server's list decides otherwise, a verifier that compares them has to be told.
    pub(super) fn chosen_by_server(&self, listed: &[String]) -> Option<Warning> {
        let key = &self.keystore.content().key;
        let (own, chosen) = (self.algorithm(key, None), self.algorithm(key, Some(listed)));
        (own != chosen).then(|| {
            Warning::new(
                "ALGORITHM_BY_SERVER",
                format!(
                    "assertions are signed {}, which the server lists, while the public key is exported \
                     with alg {}; set assertion.algorithm to '{}', so that interceptor.publicJwks() says it",
                    chosen.as_str(),
                    own.as_str(),
                    chosen.as_str()
                ),
            )
        })
    }

    /// The user's word, then the key's, then that of the server as it is known, then what its metadata
    /// lists, then the key's type (KF-12).
    pub(crate) fn algorithm(
        &self,
        key: &SigningKey,
        listed: Option<&[String]>,
    ) -> SigningAlgorithm {
        let known = || {
            let mut preferred = self.assertion.preferred_algorithms.iter().copied();
            preferred.find(|algorithm| algorithm.fits(&key.public))
        };
        let said = self.assertion.algorithm.or(key.declared).or_else(known);
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
        if let KeyIdHeader::Given(key_id) = &self.assertion.key_id
            && let Some(keys) = jwks.get_mut("keys").and_then(Value::as_array_mut)
        {
            // No two keys may share an id (SA-7); the signing one comes first.
            let mut first = true;
            keys.retain(|key| std::mem::take(&mut first) || key["kid"] != key_id.as_str());
        }
        if let Some(signing) = jwks.pointer_mut("/keys/0").and_then(Value::as_object_mut) {
            let algorithm = self.algorithm(&content.key, None);
            signing.insert("alg".to_owned(), algorithm.as_str().into());
            if let KeyIdHeader::Given(key_id) = &self.assertion.key_id {
                signing.insert("kid".to_owned(), key_id.as_str().into());
            }
        }
        jwks
    }

    /// A new assertion by the keystore's key.
    pub(super) async fn sign(
        &self,
        content: &KeystoreContent,
        client_id: &str,
        audience: &str,
        listed: Option<&[String]>,
        now: Now,
    ) -> Result<Secret, Error> {
        let key = &content.key;
        // It may be of another type than the one that the settings were checked with.
        self.check_algorithm(key)?;
        let algorithm = self.algorithm(key, listed);
        let terms = &self.assertion.terms;
        let has = |header| self.assertion.certificate_headers.contains(&header);
        let certificate = self.certificate(key)?;
        let assertion = Assertion {
            algorithm: algorithm.as_str(),
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
            audience: &terms.aud(audience),
            terms,
        };
        assertion.sign(key, algorithm, now).await.map_err(|error| match error {
            Error::Signer(failure) => Error::Signer(failure.of_keystore(self.keystore.name())),
            other => other,
        })
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
        // Whoever shares a source signs with its keystore's key, also after a rotation: two keystores
        // with one key today may have two tomorrow. The source holds the keystore, and so its address.
        let keystore = Arc::as_ptr(&self.keystore) as usize;
        fields
            .field(&keystore.to_be_bytes())
            .field(key.public.thumbprint().as_bytes())
            .optional(self.key_id(key).map(str::as_bytes))
            .field(self.algorithm(key, listed).as_str().as_bytes())
            .optional(assertion.jwks_url.as_deref().map(str::as_bytes));
        assertion.terms.identify(fields);
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
