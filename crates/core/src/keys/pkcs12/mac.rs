//! The MAC of a PKCS#12 file, which tells a wrong passphrase (RFC 7292 §5.1, RFC 9579).

use aws_lc_rs::hmac;
use pkcs8::der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::structures::{MacData, damaged};
use crate::keys::asn1::Fields;
use crate::keys::budget::Budget;
use crate::keys::pbe::{Derivation, Failure, Password, Pbkdf2, Purpose, Sha, derive, unsupported};

const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
/// Longer ones are hashed down to less (RFC 2104 §2).
const MAX_KEY_LEN: usize = 512;

/// The first of the passwords with which the MAC over `content` is right.
pub(super) fn verify(
    mac: &MacData<'_>,
    content: &[u8],
    passwords: Vec<Password>,
    budget: &mut Budget,
) -> Result<Password, Failure> {
    let scheme = Scheme::parse(mac)?;
    if mac.digest.len() != scheme.sha().output_len() {
        return Err(Failure::Problem(damaged("its MAC has the wrong length")));
    }
    for password in passwords {
        let key = hmac::Key::new(scheme.sha().hmac(), &scheme.key(&password, budget)?);
        if hmac::verify(&key, content, mac.digest).is_ok() {
            return Ok(password);
        }
    }
    Err(Failure::WrongPassphrase)
}

enum Scheme<'a> {
    Pkcs12(Derivation<'a>),
    Pbmac1 { kdf: Pbkdf2<'a>, key_len: usize, sha: Sha },
}

impl<'a> Scheme<'a> {
    fn parse(mac: &MacData<'a>) -> Result<Self, Failure> {
        let algorithm = mac.algorithm;
        if algorithm.oid != PBMAC1 {
            let sha = Sha::of_digest(algorithm.oid)
                .ok_or_else(|| Failure::Problem(unsupported("its MAC uses", algorithm.oid)))?;
            let derivation = Derivation { sha, salt: mac.salt, iterations: mac.iterations };
            return Ok(Self::Pkcs12(derivation));
        }
        let parameters = || Failure::Problem(damaged("the parameters of its PBMAC1 are damaged"));
        let (kdf, mac) = Fields::of_parameters(&algorithm)
            .and_then(|mut fields| Some((fields.algorithm()?, fields.algorithm()?.oid)))
            .ok_or_else(parameters)?;
        let kdf = Pbkdf2::parse(&kdf)?;
        let sha = Sha::of_hmac(mac)
            .ok_or_else(|| Failure::Problem(unsupported("its MAC is PBMAC1 with", mac)))?;
        // RFC 9579 §4: the length of the key has to be there.
        let key_len = kdf
            .key_len
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| (1..=MAX_KEY_LEN).contains(length))
            .ok_or_else(parameters)?;
        Ok(Self::Pbmac1 { kdf, key_len, sha })
    }

    fn sha(&self) -> Sha {
        match self {
            Self::Pkcs12(derivation) => derivation.sha,
            Self::Pbmac1 { sha, .. } => *sha,
        }
    }

    fn key(&self, password: &Password, budget: &mut Budget) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self {
            Self::Pkcs12(derivation) => {
                let length = derivation.sha.output_len();
                derive(*derivation, Purpose::Mac, password, length, budget)
            }
            Self::Pbmac1 { kdf, key_len, .. } => kdf.derive(password, *key_len, budget),
        }
    }
}
