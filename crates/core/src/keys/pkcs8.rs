//! PKCS#8 private keys (RFC 5958).

use pkcs8::PrivateKeyInfoRef;

use super::asn1::Fields;
use super::budget::Budget;
use super::key_type::{self, DSA, EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION, RSASSA_PSS};
use super::passphrases::{self, Passphrases};
use super::pbe::{self, Failure, Password};
use super::sec1;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

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
        DSA => Err(Problem::new(ErrorCode::KeystoreUnusableKey, key_type::DSA_SIGNS_NOTHING)),
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
