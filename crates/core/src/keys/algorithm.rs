//! JWS algorithms that a client may sign with (RFC 7518 §3.1, RFC 8037 §3.1).

use aws_lc_rs::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding,
};

use super::public_key::{Curve, PublicKey};
use crate::error::{ErrorCode, Problem};

/// `alg` of an assertion. Never `none`, never symmetric (JW-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 7518")]
pub enum SigningAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl SigningAlgorithm {
    /// The name in a JOSE header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        // RFC 9864 renames EdDSA with this curve; what goes out stays the name that servers know.
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// What a key signs with when nobody says otherwise (KF-12): SMART's RS384 for RSA, the curve's own for EC.
    pub(crate) fn of_key(key: &PublicKey) -> Self {
        match key {
            PublicKey::Rsa { .. } => Self::Rs384,
            PublicKey::Ec { curve: Curve::P256, .. } => Self::Es256,
            PublicKey::Ec { curve: Curve::P384, .. } => Self::Es384,
            PublicKey::Ec { curve: Curve::P521, .. } => Self::Es512,
            PublicKey::Ed25519 { .. } => Self::EdDsa,
        }
    }

    /// The curve is fixed by the algorithm and the other way round (JW-3).
    fn fits(self, key: &PublicKey) -> bool {
        match key {
            PublicKey::Rsa { .. } => self.rsa_encoding().is_some(),
            PublicKey::Ec { .. } | PublicKey::Ed25519 { .. } => self == Self::of_key(key),
        }
    }

    /// The problem of a key whose `alg` belongs to another kind of key.
    pub(super) fn check(self, key: &PublicKey) -> Result<(), Problem> {
        if self.fits(key) {
            return Ok(());
        }
        Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!(
                "the key's alg is {}, which a key of type {} cannot sign; correct or remove alg",
                self.as_str(),
                key.kty()
            ),
        ))
    }

    /// PKCS#1 v1.5, or PSS with MGF1 of the same hash and a salt of its length (JW-4).
    pub(super) fn rsa_encoding(self) -> Option<&'static dyn RsaEncoding> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_SHA256,
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
            Self::Ps256 => &RSA_PSS_SHA256,
            Self::Ps384 => &RSA_PSS_SHA384,
            Self::Ps512 => &RSA_PSS_SHA512,
            Self::Es256 | Self::Es384 | Self::Es512 | Self::EdDsa => return None,
        })
    }
}
