//! Password-based encryption: PBES1, PBES2 (RFC 8018 §6) and the schemes of PKCS#12 (RFC 7292 appendix C).

mod password;
mod pbes1;
mod pbes2;
mod pkcs12_kdf;
mod sha;

pub(super) use password::Password;
pub(super) use pbes2::Pbkdf2;
pub(super) use pkcs12_kdf::{Derivation, Purpose, derive};
pub(super) use sha::Sha;

use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::ber;
use super::budget::Budget;
use super::cbc::CbcCipher;
use crate::error::{ErrorCode, Problem};

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// More than any writer takes; none may make a hash go over the whole file again and again.
const MAX_SALT: usize = 1024;

/// Names for messages, where a scheme is met but not read.
const NAMES: [(&str, &str); 11] = [
    ("1.2.840.113549.1.5.1", "pbeWithMD2AndDES-CBC"),
    ("1.2.840.113549.1.5.4", "pbeWithMD2AndRC2-CBC"),
    ("1.2.840.113549.1.5.14", "PBMAC1"),
    ("1.2.840.113549.1.12.1.1", "pbeWithSHAAnd128BitRC4"),
    ("1.2.840.113549.1.12.1.2", "pbeWithSHAAnd40BitRC4"),
    ("1.2.840.113549.2.5", "MD5"),
    ("1.2.840.113549.2.8", "hmacWithSHA224"),
    ("1.2.840.113549.2.13", "hmacWithSHA512-256"),
    ("2.16.840.1.101.3.4.1.6", "aes128-GCM"),
    ("2.16.840.1.101.3.4.1.26", "aes192-GCM"),
    ("2.16.840.1.101.3.4.1.46", "aes256-GCM"),
];

/// Why something encrypted was not opened.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another passphrase may open it.
    WrongPassphrase,
    /// No passphrase does.
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What encrypts, with its key still to be derived.
trait Scheme {
    fn cipher(&self) -> CbcCipher;

    /// Key and initialization vector.
    fn derive(&self, password: &Password, budget: &mut Budget) -> Result<KeyAndIv, Failure>;

    /// Whether it takes a passphrase as a `BMPString`, not as octets.
    fn takes_bmp_string(&self) -> bool;
}

struct KeyAndIv {
    key: Zeroizing<Vec<u8>>,
    iv: Zeroizing<Vec<u8>>,
}

/// The SEQUENCE that was encrypted, with the first of the passwords that opens it.
pub(super) fn decrypt<'a>(
    algorithm: &AlgorithmIdentifierRef<'_>,
    ciphertext: &[u8],
    passwords: impl IntoIterator<Item = &'a Password>,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let scheme = scheme(algorithm)?;
    if !scheme.cipher().fits(ciphertext) {
        return Err(damaged("its encrypted part is cut short or damaged"));
    }
    let mut tried: Vec<&[u8]> = Vec::new();
    for password in passwords {
        let taken = if scheme.takes_bmp_string() { &password.bmp_string } else { &password.octets };
        if tried.contains(&taken.as_slice()) {
            continue;
        }
        tried.push(taken);
        let KeyAndIv { key, iv } = scheme.derive(password, budget)?;
        match scheme.cipher().decrypt(&key, &iv, ciphertext) {
            // A wrong key leaves padding that looks right once in 256 times.
            Some(text) if text.first() == Some(&0x30) && ber::to_der(&text).is_some() => {
                return Ok(text);
            }
            _ => {}
        }
    }
    Err(Failure::WrongPassphrase)
}

fn scheme<'a>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<Box<dyn Scheme + 'a>, Failure> {
    match algorithm.oid {
        PBES2 => Ok(Box::new(pbes2::Pbes2::parse(algorithm)?)),
        _ => Ok(Box::new(pbes1::Pbes1::parse(algorithm)?)),
    }
}

fn check_salt(salt: &[u8]) -> Result<(), Failure> {
    match salt.len() {
        ..=MAX_SALT => Ok(()),
        _ => Err(damaged("its key derivation has a salt of more than 1024 octets")),
    }
}

/// Not what the standard says it has to be.
fn damaged(what: &str) -> Failure {
    Failure::Problem(Problem::new(ErrorCode::KeystoreCorrupt, what))
}

/// By its name, or where it has none here, its number.
pub(super) fn unsupported(what: &str, oid: ObjectIdentifier) -> Problem {
    let number = oid.to_string();
    let name = match NAMES.iter().find(|(named, _)| *named == number) {
        Some((_, name)) => format!("{name} (OID {number})"),
        None => format!("OID {number}"),
    };
    Problem::new(
        ErrorCode::KeystoreUnsupported,
        format!(
            "{what} {name}, which this version does not read; convert it with openssl \
             (openssl pkcs12 or openssl pkey, then openssl pkcs8 -topk8 -v2 aes-256-cbc)"
        ),
    )
}

#[cfg(test)]
mod tests;
