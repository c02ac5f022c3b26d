//! Certificates beside a key: which is the key's own, and its names in a JOSE header (JW-5).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use pkcs8::spki::SubjectPublicKeyInfoRef;

use super::public_key::PublicKey;
use crate::error::{ErrorCode, Problem};

/// An X.509 certificate (RFC 5280), whose names and public key are all that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    public: Option<PublicKey>,
}

impl Certificate {
    /// `None` for what is no certificate.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let certificate = AnyRef::from_der(der).ok().filter(|any| any.tag() == Tag::Sequence)?;
        let mut certificate = SliceReader::new(certificate.value()).ok()?;
        let signed: AnyRef<'_> = certificate.decode().ok()?;
        let mut fields = SliceReader::new(signed.value()).ok()?;
        let mut next = || fields.decode::<AnyRef<'_>>().ok();
        // tbsCertificate: [0] version, serial number, signature, issuer, validity, subject, key.
        let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        if next()?.tag() == version {
            next()?;
        }
        next()?;
        let issuer = next()?.to_der().ok()?;
        next()?;
        let subject = next()?.to_der().ok()?;
        let key = next()?.to_der().ok()?;
        let public =
            SubjectPublicKeyInfoRef::from_der(&key).ok().and_then(|key| PublicKey::from_spki(&key));
        Some(Self { der: der.to_vec(), subject, issuer, public })
    }

    /// `x5t` (RFC 7515 §4.1.7).
    pub(crate) fn sha1_thumbprint(&self) -> String {
        let algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &self.der))
    }

    /// `x5t#S256` (RFC 7515 §4.1.8).
    pub(crate) fn sha256_thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &self.der))
    }

    /// A member of `x5c`: standard base64, unlike everything else in JOSE (RFC 7515 §4.1.6).
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    pub(super) fn certifies(&self, key: &PublicKey) -> bool {
        self.public.as_ref() == Some(key)
    }
}

/// Longer chains are nobody's: certificates that name each other must not cost what their number cubed does.
const LONGEST_CHAIN: usize = 10;

/// The key's own certificate among `pool`, and those that vouch for it, in that order.
pub(super) fn chain(key: &PublicKey, pool: &[Certificate]) -> Vec<Certificate> {
    let Some(leaf) = pool.iter().find(|certificate| certificate.certifies(key)) else {
        return Vec::new();
    };
    let mut chain = vec![leaf.clone()];
    while chain.len() < LONGEST_CHAIN
        && let Some(last) = chain.last()
        && last.subject != last.issuer
        && let Some(issuer) = pool
            .iter()
            .find(|certificate| certificate.subject == last.issuer && !chain.contains(certificate))
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
