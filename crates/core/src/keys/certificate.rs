//! Certificates beside a key: which is the key's own, and its names in a JOSE header (JW-5).

use std::sync::Arc;

use ::pkcs8::der::asn1::{AnyRef, UintRef};
use ::pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber};
use ::pkcs8::spki::SubjectPublicKeyInfoRef;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::asn1::Fields;
use super::key_type;
use super::public_key::{Curve, PublicKey};
use crate::error::{ErrorCode, Problem};

/// An X.509 certificate (RFC 5280), whose names and public key are all that matters here. Clones are
/// the same certificate: many keys may lie beside one.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(Arc<Content>);

#[derive(Debug)]
struct Content {
    der: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    key: CertifiedKey,
}

/// Whose certificate it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CertifiedKey {
    Known(PublicKey),
    /// A point without its second coordinate (SEC 1 §2.3.3): whether that is odd, and the first.
    Compressed {
        curve: Curve,
        odd: bool,
        x: Vec<u8>,
    },
    /// Of a kind that is not read here.
    Unknown,
}

impl CertifiedKey {
    /// RFC 3279 §2.3, RFC 5480, RFC 8410.
    fn from_spki(key: &SubjectPublicKeyInfoRef<'_>) -> Self {
        let known = |key: Option<PublicKey>| key.map_or(Self::Unknown, Self::Known);
        let Some(bits) = key.subject_public_key.as_bytes() else { return Self::Unknown };
        match key.algorithm.oid {
            key_type::RSA_ENCRYPTION => known(rsa(bits)),
            key_type::ED25519 => Self::Known(PublicKey::Ed25519 { x: bits.to_vec() }),
            key_type::EC_PUBLIC_KEY => {
                let curve = key.algorithm.parameters_oid().ok().and_then(key_type::curve);
                match (curve, bits) {
                    (Some(curve), [sign @ (2 | 3), x @ ..]) if x.len() == curve.width() => {
                        Self::Compressed { curve, odd: *sign == 3, x: x.to_vec() }
                    }
                    (Some(curve), point) => known(PublicKey::ec_point(curve, point)),
                    (None, _) => Self::Unknown,
                }
            }
            _ => Self::Unknown,
        }
    }
}

/// `RSAPublicKey` (RFC 8017 A.1.1).
fn rsa(der: &[u8]) -> Option<PublicKey> {
    let mut numbers = SliceReader::new(AnyRef::from_der(der).ok()?.value()).ok()?;
    let n: UintRef<'_> = numbers.decode().ok()?;
    let e: UintRef<'_> = numbers.decode().ok()?;
    Some(PublicKey::rsa(n.as_bytes(), e.as_bytes()))
}

impl Certificate {
    /// `None` for what is no certificate.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(der)?.sequence()?;
        // tbsCertificate: [0] version, serial number, signature, issuer, validity, subject, key.
        let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        if fields.is_next(version) {
            fields.any()?;
        }
        fields.any()?;
        fields.any()?;
        let issuer = fields.encoded()?.to_vec();
        fields.any()?;
        let subject = fields.encoded()?.to_vec();
        let key = fields.encoded()?;
        let key = SubjectPublicKeyInfoRef::from_der(key)
            .map_or(CertifiedKey::Unknown, |key| CertifiedKey::from_spki(&key));
        Some(Self(Arc::new(Content { der: der.to_vec(), subject, issuer, key })))
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// `x5t` (RFC 7515 §4.1.7).
    pub(crate) fn sha1_thumbprint(&self) -> String {
        let algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &self.0.der))
    }

    /// `x5t#S256` (RFC 7515 §4.1.8).
    pub(crate) fn sha256_thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.0.der))
    }

    /// A member of `x5c`: standard base64, unlike everything else in JOSE (RFC 7515 §4.1.6).
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.0.der)
    }

    pub(super) fn certifies(&self, key: &PublicKey) -> bool {
        match (&self.0.key, key) {
            (CertifiedKey::Known(certified), key) => certified == key,
            (
                CertifiedKey::Compressed { curve, odd, x },
                PublicKey::Ec { curve: other, x: other_x, y },
            ) => {
                let is_odd = y.last().is_some_and(|last| last % 2 == 1);
                curve == other && x == other_x && *odd == is_odd
            }
            _ => false,
        }
    }

    /// Another key's: not just one that is not understood.
    pub(super) fn is_of_another_key_than(&self, key: &PublicKey) -> bool {
        self.0.key != CertifiedKey::Unknown && !self.certifies(key)
    }

    fn is_issued_by(&self, other: &Self) -> bool {
        self.0.issuer == other.0.subject
    }
}

/// Longer chains are nobody's: certificates that name each other must not cost what their number cubed does.
pub(super) const LONGEST_CHAIN: usize = 10;

/// The key's own certificate among `pool`, and those that vouch for it, in that order.
pub(super) fn chain(key: &PublicKey, pool: &[Certificate]) -> Vec<Certificate> {
    let Some(leaf) = pool.iter().find(|certificate| certificate.certifies(key)) else {
        return Vec::new();
    };
    let mut chain = vec![leaf.clone()];
    while chain.len() < LONGEST_CHAIN
        && let Some(last) = chain.last()
        && !last.is_issued_by(last)
        && let Some(issuer) = pool.iter().find(|other| {
            last.is_issued_by(other) && !chain.iter().any(|one| Arc::ptr_eq(&one.0, &other.0))
        })
    {
        chain.push(issuer.clone());
    }
    chain
}

/// A certificate that belongs to another key (KF-7).
pub(super) fn mismatch() -> Problem {
    Problem::new(
        ErrorCode::KeystoreUnusableKey,
        "the certificate beside it does not belong to the private key; put the key's own \
         certificate there, or none",
    )
}
