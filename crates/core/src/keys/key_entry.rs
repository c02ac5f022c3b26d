//! One key of a keystore as it was found, usable or not.

use super::algorithm::SigningAlgorithm;
use super::certificate::{self, Certificate, LONGEST_CHAIN};
use super::key_type::PUBLIC_ONLY;
use super::public_key::PublicKey;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};
use crate::printable::printable;

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

    /// A key whose `alg` it cannot sign with is none to choose, and none to serve (SA-5).
    pub(crate) fn new(
        key_id: Option<String>,
        algorithm: Option<String>,
        content: Result<KeyContent, Problem>,
    ) -> Self {
        let content = content.and_then(|content| {
            let (KeyContent::Private { public, .. } | KeyContent::Public(public)) = &content else {
                return Ok(content);
            };
            public.check()?;
            if let Some(name) = &algorithm {
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
    /// `None` in its place: one that cannot be read, and then the chain is of no use.
    pub(super) fn certified(self, chain: impl IntoIterator<Item = Option<Certificate>>) -> Self {
        let mut chain = chain.into_iter();
        let Some(own) = chain.next().flatten() else { return self };
        let is_mixed_up = self.public_key().is_some_and(|key| own.is_of_another_key_than(key));
        let others = chain.flatten().take(LONGEST_CHAIN - 1);
        let certificates = std::iter::once(own).chain(others).collect();
        let content =
            if is_mixed_up { KeyContent::Unusable(certificate::mismatch()) } else { self.content };
        Self { certificates, content, ..self }
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
            _ => Problem::new(ErrorCode::KeystoreUnusableKey, PUBLIC_ONLY),
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
    const LONGEST: usize = 80;
    format!("'{}'", printable(text, LONGEST))
}

/// A key id as users give it: it travels in every assertion.
pub(crate) fn check_key_id(option: &str, key_id: &str) -> Result<(), Problem> {
    const LONGEST: usize = 1024;
    if key_id.is_empty() || key_id.len() > LONGEST || key_id.contains(char::is_control) {
        return Err(Problem::config(format!(
            "{option}: expected 1 to {LONGEST} characters without control characters"
        )));
    }
    Ok(())
}
