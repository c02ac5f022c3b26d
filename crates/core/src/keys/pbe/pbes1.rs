//! Schemes of one name for derivation and cipher: PBES1 (RFC 8018 §6.1) and PKCS#12's (RFC 7292 appendix C).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use md5::{Digest as _, Md5};
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::pkcs12_kdf::{Derivation, Purpose, derive};
use super::{Budget, Failure, KeyAndIv, Password, Scheme, Sha, check_salt, damaged, unsupported};
use crate::keys::asn1::Fields;
use crate::keys::cbc::CbcCipher;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kdf {
    /// RFC 8018 §5.1, with MD5.
    Pbkdf1Md5,
    /// The same with SHA-1.
    Pbkdf1Sha1,
    Pkcs12,
}

const RC2_64: CbcCipher = CbcCipher::Rc2 { key_len: 8, effective_bits: 64 };
const RC2_128: CbcCipher = CbcCipher::Rc2 { key_len: 16, effective_bits: 128 };
const RC2_40: CbcCipher = CbcCipher::Rc2 { key_len: 5, effective_bits: 40 };

const SCHEMES: [(ObjectIdentifier, Kdf, CbcCipher); 8] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.3"), Kdf::Pbkdf1Md5, CbcCipher::Des),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.6"), Kdf::Pbkdf1Md5, RC2_64),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.10"), Kdf::Pbkdf1Sha1, CbcCipher::Des),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.11"), Kdf::Pbkdf1Sha1, RC2_64),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3"), Kdf::Pkcs12, CbcCipher::DesEde3),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4"), Kdf::Pkcs12, CbcCipher::DesEde2),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5"), Kdf::Pkcs12, RC2_128),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6"), Kdf::Pkcs12, RC2_40),
];

pub(super) struct Pbes1<'a> {
    kdf: Kdf,
    cipher: CbcCipher,
    salt: &'a [u8],
    iterations: u64,
}

impl<'a> Pbes1<'a> {
    pub(super) fn parse(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<Self, Failure> {
        let &(_, kdf, cipher) = SCHEMES
            .iter()
            .find(|(named, ..)| *named == algorithm.oid)
            .ok_or_else(|| Failure::Problem(unsupported("it is encrypted with", algorithm.oid)))?;
        Fields::of_parameters(algorithm)
            .and_then(|mut parameters| Some((parameters.octets()?, parameters.unsigned()?)))
            .map(|(salt, iterations)| Self { kdf, cipher, salt, iterations })
            .ok_or_else(|| damaged("the parameters of its encryption are damaged"))
    }

    /// The first half is the key, the second the initialization vector.
    fn pbkdf1(
        &self,
        password: &Password,
        budget: &mut Budget,
        hash: impl Fn(&[u8]) -> Zeroizing<Vec<u8>>,
    ) -> Result<KeyAndIv, Failure> {
        check_salt(self.salt)?;
        let iterations = budget.take(self.iterations, 1)?;
        let octets = &password.octets;
        let mut start = Zeroizing::new(Vec::with_capacity(octets.len() + self.salt.len()));
        start.extend_from_slice(octets);
        start.extend_from_slice(self.salt);
        let mut derived = hash(&start);
        for _ in 1..iterations.get() {
            derived = hash(&derived);
        }
        let part = |from: usize| Zeroizing::new(derived[from..from + 8].to_vec());
        Ok(KeyAndIv { key: part(0), iv: part(8) })
    }
}

impl Scheme for Pbes1<'_> {
    fn cipher(&self) -> CbcCipher {
        self.cipher
    }

    fn derive(&self, password: &Password, budget: &mut Budget) -> Result<KeyAndIv, Failure> {
        match self.kdf {
            Kdf::Pbkdf1Md5 => self.pbkdf1(password, budget, |bytes| {
                Zeroizing::new(Md5::digest(bytes).as_slice().to_vec())
            }),
            Kdf::Pbkdf1Sha1 => self.pbkdf1(password, budget, |bytes| {
                Zeroizing::new(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec())
            }),
            Kdf::Pkcs12 => {
                let Self { salt, iterations, cipher, .. } = *self;
                let derivation = Derivation { sha: Sha::Sha1, salt, iterations };
                let mut part =
                    |purpose, length| derive(derivation, purpose, password, length, budget);
                let key = part(Purpose::Key, cipher.key_len())?;
                Ok(KeyAndIv { key, iv: part(Purpose::Iv, cipher.block_len())? })
            }
        }
    }

    fn takes_bmp_string(&self) -> bool {
        self.kdf == Kdf::Pkcs12
    }
}
