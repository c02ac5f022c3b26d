//! The half of a key that may be seen: members of a public JWK (RFC 7518 §6, RFC 8037 §2).

use std::ops::RangeInclusive;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::{ErrorCode, Problem};

/// NIST curves of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    pub(super) const fn verification_algorithm(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }

    /// Octets of a coordinate; never fewer (RFC 7518 §6.2.1.2).
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// Big-endian numbers: RSA's without leading zeros, coordinates at full width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Self {
        Self::Rsa { n: without_leading_zeros(n).to_vec(), e: without_leading_zeros(e).to_vec() }
    }

    /// What no assertion may be checked with: too short a modulus (RFC 7518 §3.3), a point off its curve.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        const SIZES: RangeInclusive<usize> = 2048..=8192;
        let unusable = |why: &str| {
            Err(Problem::new(ErrorCode::KeystoreUnusableKey, format!("{} key: {why}", self.kty())))
        };
        match self {
            Self::Rsa { n, e } => {
                let bits =
                    8 * n.len() - n.first().map_or(0, |first| first.leading_zeros() as usize);
                if !SIZES.contains(&bits) {
                    return unusable(&format!(
                        "its modulus has {bits} bits; 2048 to 8192 are allowed (RFC 7518 §3.3)"
                    ));
                }
                // Even or 1: no exponent of any key.
                if e.last().is_none_or(|last| last % 2 == 0) || e.as_slice() == [1] {
                    return unusable("its exponent (e) is none");
                }
            }
            Self::Ec { curve, x, y } => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                if ParsedPublicKey::new(curve.verification_algorithm(), point).is_err() {
                    return unusable("its point (x, y) does not lie on the curve");
                }
            }
            Self::Ed25519 { x } if x.len() != 32 => return unusable("x is not of 32 octets"),
            Self::Ed25519 { .. } => {}
        }
        Ok(())
    }

    /// From an uncompressed point `04 ‖ x ‖ y` (SEC 1 §2.3.3).
    pub(crate) fn ec_point(curve: Curve, point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?;
        if coordinates.len() != 2 * curve.width() {
            return None;
        }
        let (x, y) = coordinates.split_at(curve.width());
        Some(Self::Ec { curve, x: x.to_vec(), y: y.to_vec() })
    }

    pub(crate) const fn kty(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::Ec { .. } => "EC",
            Self::Ed25519 { .. } => "OKP",
        }
    }

    /// The members that make the key what it is, base64url without padding, in RFC 7638's order.
    pub(crate) fn required_members(&self) -> Vec<(&'static str, String)> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let kty = ("kty", self.kty().to_owned());
        match self {
            Self::Rsa { n, e } => vec![("e", encode(e)), kty, ("n", encode(n))],
            Self::Ec { curve, x, y } => {
                vec![("crv", curve.name().to_owned()), kty, ("x", encode(x)), ("y", encode(y))]
            }
            Self::Ed25519 { x } => vec![("crv", "Ed25519".to_owned()), kty, ("x", encode(x))],
        }
    }

    /// A JWK to register with a server: nothing private, ready to verify with (SA-5).
    pub(crate) fn to_jwk(&self, kid: &str, alg: Option<&str>) -> Value {
        let mut jwk: Map<String, Value> = self
            .required_members()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        jwk.insert("kid".to_owned(), kid.into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.insert("key_ops".to_owned(), vec!["verify"].into());
        if let Some(alg) = alg {
            jwk.insert("alg".to_owned(), alg.into());
        }
        Value::Object(jwk)
    }
}

pub(crate) fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
    &bytes[first..]
}
