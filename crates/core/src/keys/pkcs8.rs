//! PKCS#8 private keys (RFC 5958).

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::ObjectIdentifier;

use super::public_key::Curve;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

pub(super) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// The key in a `PrivateKeyInfo`.
pub(super) fn parse(der: &[u8]) -> Result<PrivateKey, Problem> {
    let info = PrivateKeyInfoRef::try_from(der)
        .map_err(|_| Problem::new(ErrorCode::KeystoreCorrupt, "not a PKCS#8 private key"))?;
    match info.algorithm.oid {
        RSA_ENCRYPTION => PrivateKey::rsa_from_pkcs8(der),
        ED25519 => PrivateKey::ed25519_from_pkcs8(der),
        EC_PUBLIC_KEY => match info.algorithm.parameters_oid().ok().and_then(curve) {
            Some(curve) => PrivateKey::ec_from_pkcs8(curve, der),
            None => Err(Problem::new(
                ErrorCode::KeystoreUnusableKey,
                "an EC key on a curve other than P-256, P-384 and P-521",
            )),
        },
        other => Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!(
                "a key of a type that cannot sign an assertion (OID {other}); use RSA, EC or Ed25519"
            ),
        )),
    }
}

/// The curve of this name (RFC 5480 §2.1.1.1).
pub(super) fn curve(oid: ObjectIdentifier) -> Option<Curve> {
    CURVES.iter().find(|(named, _)| *named == oid).map(|(_, curve)| *curve)
}
