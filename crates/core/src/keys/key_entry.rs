//! One key of a keystore as it was found, usable or not.

use super::algorithm::SigningAlgorithm;
use super::certificate::{self, Certificate};
use super::public_key::PublicKey;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

/// One entry as it was found, usable or not.
pub(crate) struct KeyEntry {
    pub(super) key_id: Option<String>,
    /// Its name in a PKCS#12 or Java keystore.
    pub(super) alias: Option<String>,
    /// `alg` as written; it may name an algorithm that this crate does not know.
    pub(super) algorithm: Option<String>,
    /// The key's own first.
    pub(super) certificates: Vec<Certificate>,
    pub(super) content: KeyContent,
}

pub(crate) enum KeyContent {
    /// Signs.
    Private { private: Box<PrivateKey>, public: PublicKey },
    /// Verifies only.
    Public(PublicKey),
    /// Neither; the problem says why.
    Unusable(Problem),
}

/// What a JWK says of it.
pub(super) struct DescribedPublicKey {
    pub(super) key: PublicKey,
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Option<String>,
}

impl KeyEntry {
    /// A private key as a file without names has it.
    pub(super) fn of_private_key(private: Result<PrivateKey, Problem>) -> Self {
        let content = private.and_then(|private| {
            let public = private.public_key().ok_or_else(|| {
                Problem::new(ErrorCode::KeystoreCorrupt, "the key has no valid public half")
            })?;
            Ok(KeyContent::Private { private: Box::new(private), public })
        });
        Self::new(None, None, content)
    }

    /// A private key whose `alg` it cannot sign with is no key to choose.
    pub(crate) fn new(
        key_id: Option<String>,
        algorithm: Option<String>,
        content: Result<KeyContent, Problem>,
    ) -> Self {
        let content = content.and_then(|content| {
            if let (KeyContent::Private { public, .. }, Some(name)) = (&content, &algorithm) {
                parse_algorithm(name)?.check(public)?;
            }
            Ok(content)
        });
        let content = content.unwrap_or_else(KeyContent::Unusable);
        Self { key_id, alias: None, algorithm, certificates: Vec::new(), content }
    }

    /// Under its name in the keystore.
    pub(super) fn named(self, alias: Option<String>) -> Self {
        Self { alias, ..self }
    }

    /// With the chain that the keystore has for this very key: its own certificate comes first.
    pub(super) fn certified(self, chain: Vec<Certificate>) -> Self {
        let is_mixed_up = match (&self.content, chain.first()) {
            (KeyContent::Private { public, .. } | KeyContent::Public(public), Some(own)) => {
                !own.certifies(public)
            }
            _ => false,
        };
        let content =
            if is_mixed_up { KeyContent::Unusable(certificate::mismatch()) } else { self.content };
        Self { certificates: chain, content, ..self }
    }

    pub(super) fn is_private(&self) -> bool {
        matches!(self.content, KeyContent::Private { .. })
    }

    pub(super) fn public_key(&self) -> Option<&PublicKey> {
        match &self.content {
            KeyContent::Private { public, .. } | KeyContent::Public(public) => Some(public),
            KeyContent::Unusable(_) => None,
        }
    }

    pub(super) fn described_public_key(&self) -> Option<DescribedPublicKey> {
        Some(DescribedPublicKey {
            key: self.public_key()?.clone(),
            key_id: self.key_id.clone(),
            algorithm: self.algorithm.clone(),
        })
    }

    pub(super) fn refusal(&self) -> Problem {
        let mut problem = match &self.content {
            KeyContent::Unusable(problem) => problem.clone(),
            _ => Problem::new(
                ErrorCode::KeystoreUnusableKey,
                "only the public half of the key; the private key is needed to sign",
            ),
        };
        if let Some(name) = self.key_id.as_ref().or(self.alias.as_ref()) {
            problem.message = format!("key {}: {}", quoted(name), problem.message);
        }
        problem
    }
}

/// `alg` of a JWK.
pub(super) fn parse_algorithm(name: &str) -> Result<SigningAlgorithm, Problem> {
    SigningAlgorithm::parse(name).ok_or_else(|| {
        Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!("the key's alg {} is no algorithm for signatures", quoted(name)),
        )
    })
}

/// An id from a file, short and printable, for a message.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("'{shown}'")
}
