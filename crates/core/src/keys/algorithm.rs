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

    /// Every one of them.
    pub const ALL: [Self; 10] = [
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

    /// What SMART prefers, then what most servers accept (KF-12, QK-4).
    const PREFERENCE: [Self; 10] = [
        Self::Rs384,
        Self::Es384,
        Self::Es256,
        Self::Es512,
        Self::Rs256,
        Self::Ps384,
        Self::Ps256,
        Self::Rs512,
        Self::Ps512,
        Self::EdDsa,
    ];

    /// For a key that does not say: what the server lists and the key can do, else the key's own (KF-12).
    pub(crate) fn preferred(key: &PublicKey, listed: Option<&[String]>) -> Self {
        let listed: Vec<_> =
            listed.into_iter().flatten().filter_map(|name| Self::parse(name)).collect();
        let usable = Self::PREFERENCE
            .into_iter()
            .find(|algorithm| algorithm.fits(key) && listed.contains(algorithm));
        usable.unwrap_or_else(|| Self::of_key(key))
    }

    /// By its name in a JOSE header.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
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
    pub(crate) fn fits(self, key: &PublicKey) -> bool {
        match key {
            PublicKey::Rsa { .. } => self.rsa_encoding().is_some(),
            PublicKey::Ec { .. } | PublicKey::Ed25519 { .. } => self == Self::of_key(key),
        }
    }

    /// The problem of a key whose `alg` belongs to another kind of key.
    pub(crate) fn check(self, key: &PublicKey) -> Result<(), Problem> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_does_not_say_signs_what_the_server_lists_smart_first() {
        let rsa = PublicKey::rsa(&[0xFF; 256], &[3]);
        let p256 = PublicKey::Ec { curve: Curve::P256, x: vec![0; 32], y: vec![0; 32] };
        let preferred = |key: &PublicKey, names: &[&str]| {
            let listed: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            SigningAlgorithm::preferred(key, Some(&listed)).as_str()
        };
        assert_eq!(preferred(&rsa, &["PS256", "RS256", "ES384", "RS384"]), "RS384");
        assert_eq!(preferred(&rsa, &["PS256"]), "PS256");
        assert_eq!(preferred(&rsa, &["ES384", "HS256"]), "RS384");
        assert_eq!(preferred(&p256, &["RS384", "ES384"]), "ES256");
        assert_eq!(SigningAlgorithm::preferred(&rsa, None), SigningAlgorithm::Rs384);
    }
}
