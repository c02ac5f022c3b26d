//! What a keystore held when it was last read.

use std::sync::Arc;

use serde_json::Value;

use super::source::{ExternalOrigin, KeystoreOrigin, KeystoreSource};
use crate::error::Problem;
use crate::events::Warning;
use crate::keys::{self, KeystoreFormat, SigningAlgorithm, SigningKey};

/// A keystore that was read and can sign.
#[derive(Debug)]
pub struct KeystoreContent {
    /// What the bytes were.
    pub format: KeystoreFormat,
    /// Certificates found beside the key.
    pub certificates: usize,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) public_jwks: Value,
    pub(crate) warnings: Vec<Warning>,
}

impl KeystoreContent {
    /// `kid` of the assertions that it signs, unless the client sets another.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key.key_id
    }

    /// `alg` of the assertions that it signs where neither client nor server says otherwise.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.key.algorithm()
    }

    /// Every public key of it, as a JWKS to serve or to register (SA-5).
    #[must_use]
    pub fn public_jwks(&self) -> &Value {
        &self.public_jwks
    }

    /// `bytes`: of its file, where it is one.
    pub(super) fn parse(source: &KeystoreSource, bytes: &[u8]) -> Result<Self, Problem> {
        let (format, keys) = match &source.origin {
            KeystoreOrigin::Path(_) => keys::parse(bytes, &source.passphrases)?,
            KeystoreOrigin::Data(data) => keys::parse(data, &source.passphrases)?,
            KeystoreOrigin::External(ExternalOrigin { signer, public_jwk, time_limit }) => {
                let keys = keys::external(signer.clone(), public_jwk, *time_limit)?;
                (KeystoreFormat::External, keys)
            }
        };
        let selected = keys.select(&source.choice)?;
        Ok(Self {
            format,
            certificates: selected.certificates,
            key: Arc::new(selected.key),
            public_jwks: selected.public_jwks,
            warnings: selected.warnings,
        })
    }
}
