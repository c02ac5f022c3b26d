//! PKCS#8 private keys (RFC 5958).

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::ObjectIdentifier;

use super::asn1::Fields;
use super::budget::Budget;
use super::passphrases::{self, Passphrases};
use super::pbe::{self, Failure, Password};
use super::public_key::Curve;
use super::signer::PrivateKey;
use super::{der, sec1};
use crate::error::{ErrorCode, Problem};

pub(super) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
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
        RSA_ENCRYPTION => PrivateKey::rsa_from_pkcs1(info.private_key.as_bytes()),
        ED25519 => PrivateKey::ed25519_from_pkcs8(der),
        // SEC 1 inside: unlike the whole, that may name or spell out its curve itself.
        EC_PUBLIC_KEY => sec1::parse(info.private_key.as_bytes(), info.algorithm.parameters),
        RSASSA_PSS => Err(Problem::new(
            ErrorCode::KeystoreUnsupported,
            "an RSA key that is bound to RSASSA-PSS, which this version does not read; make an RSA \
             key without that, which signs PS256 to PS512 as well",
        )),
        DSA => Err(Problem::new(ErrorCode::KeystoreUnusableKey, der::DSA)),
        other => Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!(
                "a key of a type that cannot sign an assertion (OID {other}); use RSA, EC or Ed25519"
            ),
        )),
    }
}

/// The key in an `EncryptedPrivateKeyInfo` (RFC 5958 §3), at the cost of its file's budget.
pub(super) fn parse_encrypted(
    der: &[u8],
    passphrases: &Passphrases,
    budget: &mut Budget,
) -> Result<PrivateKey, Problem> {
    const WHAT: &str = "the private key";
    let (algorithm, ciphertext) =
        Fields::of(der).and_then(|mut info| Some((info.algorithm()?, info.octets()?))).ok_or_else(
            || Problem::new(ErrorCode::KeystoreCorrupt, "not an encrypted PKCS#8 private key"),
        )?;
    let Some(passphrase) = passphrases.of_key() else {
        return Err(passphrases::missing(WHAT));
    };
    let passwords = Password::readings(Some(passphrase));
    match pbe::decrypt(&algorithm, ciphertext, &passwords, budget) {
        Ok(key) => parse(&key),
        Err(Failure::WrongPassphrase) => Err(passphrases::wrong(WHAT)),
        Err(Failure::Problem(problem)) => Err(problem),
    }
}

/// The curve of this name (RFC 5480 §2.1.1.1).
pub(super) fn curve(oid: ObjectIdentifier) -> Option<Curve> {
    CURVES.iter().find(|(named, _)| *named == oid).map(|(_, curve)| *curve)
}
