//! The hash functions of key derivations and MACs (RFC 8018 appendix B, RFC 8017 appendix B.1).

use aws_lc_rs::{digest, hmac, pbkdf2};
use pkcs8::der::asn1::ObjectIdentifier;

const DIGESTS: [(ObjectIdentifier, Sha); 5] = [
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.26"), Sha::Sha1),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"), Sha::Sha224),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), Sha::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), Sha::Sha384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), Sha::Sha512),
];
const HMACS: [(ObjectIdentifier, Sha); 5] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.7"), Sha::Sha1),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.8"), Sha::Sha224),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.9"), Sha::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.10"), Sha::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.11"), Sha::Sha512),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Sha {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Sha {
    pub(in crate::keys) fn of_digest(oid: ObjectIdentifier) -> Option<Self> {
        DIGESTS.iter().find(|(named, _)| *named == oid).map(|(_, sha)| *sha)
    }

    pub(in crate::keys) fn of_hmac(oid: ObjectIdentifier) -> Option<Self> {
        HMACS.iter().find(|(named, _)| *named == oid).map(|(_, sha)| *sha)
    }

    pub(in crate::keys) fn output_len(self) -> usize {
        self.digest().output_len()
    }

    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    pub(in crate::keys) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// `None`: aws-lc has no such PBKDF2.
    pub(super) fn pbkdf2(self) -> Option<pbkdf2::Algorithm> {
        match self {
            Self::Sha1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
            Self::Sha224 => None,
            Self::Sha256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
            Self::Sha384 => Some(pbkdf2::PBKDF2_HMAC_SHA384),
            Self::Sha512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        }
    }

    /// What a run of it takes of a budget: blocks of twice the size cost twice as much.
    pub(super) fn runs(self) -> u64 {
        match self {
            Self::Sha1 | Self::Sha224 | Self::Sha256 => 1,
            Self::Sha384 | Self::Sha512 => 2,
        }
    }
}
