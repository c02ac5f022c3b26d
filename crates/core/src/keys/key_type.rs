//! Kinds of keys by their object identifiers (RFC 5480, RFC 8017, RFC 8410), and words for those that
//! are no use here.

use pkcs8::der::asn1::ObjectIdentifier;

use super::public_key::Curve;

pub(super) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const RSASSA_PSS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

pub(super) const DSA_SIGNS_NOTHING: &str =
    "a DSA key, which signs no assertion; use RSA, EC or Ed25519";
pub(super) const PUBLIC_ONLY: &str =
    "only the public half of the key; the private key is needed to sign";

/// The curve of this name (RFC 5480 §2.1.1.1).
pub(super) fn curve(oid: ObjectIdentifier) -> Option<Curve> {
    CURVES.iter().find(|(named, _)| *named == oid).map(|(_, curve)| *curve)
}
