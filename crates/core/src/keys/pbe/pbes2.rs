//! PBES2 (RFC 8018 §6.2) with PBKDF2 (RFC 8018 §5.2) or scrypt (RFC 7914).

use aws_lc_rs::pbkdf2;
use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{Budget, Failure, KeyAndIv, Password, Scheme, Sha, check_salt, damaged, unsupported};
use crate::error::{ErrorCode, Problem};
use crate::keys::asn1::{Fields, octets};
use crate::keys::cbc::CbcCipher;

const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
const HMAC_WITH_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const RC2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.2");
const CIPHERS: [(ObjectIdentifier, CbcCipher); 5] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2"), CbcCipher::Aes128),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22"), CbcCipher::Aes192),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42"), CbcCipher::Aes256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.3.7"), CbcCipher::DesEde3),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.7"), CbcCipher::Des),
];
/// Four times what RFC 7914 §2 recommends and OpenSSL takes.
const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;

fn damaged_parameters() -> Failure {
    damaged("the parameters of its encryption are damaged")
}

/// `PBKDF2-params` (RFC 8018 appendix A.2).
pub(in crate::keys) struct Pbkdf2<'a> {
    salt: &'a [u8],
    iterations: u64,
    pub(in crate::keys) key_len: Option<u64>,
    sha: Sha,
    algorithm: pbkdf2::Algorithm,
}

impl<'a> Pbkdf2<'a> {
    pub(in crate::keys) fn parse(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<Self, Failure> {
        if algorithm.oid != PBKDF2 {
            return Err(Failure::Problem(unsupported("its key is derived with", algorithm.oid)));
        }
        let shape = damaged_parameters;
        let mut fields = Fields::of_parameters(algorithm).ok_or_else(shape)?;
        let salt = fields.octets().ok_or_else(shape)?;
        let iterations = fields.unsigned().ok_or_else(shape)?;
        let key_len = fields
            .is_next(Tag::Integer)
            .then(|| fields.unsigned().ok_or_else(shape))
            .transpose()?;
        // DEFAULT algid-hmacWithSHA1
        let mut prf = HMAC_WITH_SHA1;
        if !fields.is_at_end() {
            prf = fields.algorithm().ok_or_else(shape)?.oid;
        }
        let (sha, algorithm) =
            Sha::of_hmac(prf).and_then(|sha| Some((sha, sha.pbkdf2()?))).ok_or_else(|| {
                Failure::Problem(unsupported("its key is derived with PBKDF2 and", prf))
            })?;
        Ok(Self { salt, iterations, key_len, sha, algorithm })
    }

    pub(in crate::keys) fn derive(
        &self,
        password: &Password,
        length: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        check_salt(self.salt)?;
        let blocks = length.div_ceil(self.sha.output_len()) as u64;
        let iterations = budget.take(self.iterations, 2 * blocks * self.sha.runs())?;
        let mut derived = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(self.algorithm, iterations, self.salt, &password.octets, &mut derived);
        Ok(derived)
    }
}

/// `scrypt-params` (RFC 7914 §7).
struct Scrypt<'a> {
    salt: &'a [u8],
    n: u64,
    r: u64,
    p: u64,
    key_len: Option<u64>,
}

impl<'a> Scrypt<'a> {
    fn parse(algorithm: &AlgorithmIdentifierRef<'a>) -> Option<Self> {
        let mut fields = Fields::of_parameters(algorithm)?;
        let salt = fields.octets()?;
        let (n, r, p) = (fields.unsigned()?, fields.unsigned()?, fields.unsigned()?);
        let key_len = if fields.is_at_end() { None } else { Some(fields.unsigned()?) };
        Some(Self { salt, n, r, p, key_len })
    }

    fn derive(
        &self,
        password: &Password,
        length: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let &Self { salt, n, r, p, .. } = self;
        check_salt(salt)?;
        if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
            return Err(damaged_parameters());
        }
        let memory = n.checked_add(p).and_then(|rows| rows.checked_mul(r)?.checked_mul(128));
        if memory.is_none_or(|memory| memory > MAX_SCRYPT_MEMORY) {
            return Err(Failure::Problem(Problem::new(
                ErrorCode::KeystoreUnsupported,
                format!(
                    "its key derivation, scrypt with N={n}, r={r} and p={p}, needs more than \
                     64 MiB; encrypt it again with a smaller N (OpenSSL: -scrypt_N 16384)"
                ),
            )));
        }
        // 2 N calls of BlockMix, each of 2 r runs of Salsa20/8, for each p: no more than fit in `memory`.
        budget.take(n * p, 4 * r)?;
        let small = |number: u64| u32::try_from(number).map_err(|_| damaged_parameters());
        let log_n = u8::try_from(n.ilog2()).map_err(|_| damaged_parameters())?;
        let parameters =
            scrypt::Params::new(log_n, small(r)?, small(p)?).map_err(|_| damaged_parameters())?;
        let mut derived = Zeroizing::new(vec![0; length]);
        scrypt::scrypt(&password.octets, salt, &parameters, &mut derived)
            .map_err(|_| damaged_parameters())?;
        Ok(derived)
    }
}

enum Kdf<'a> {
    Pbkdf2(Pbkdf2<'a>),
    Scrypt(Scrypt<'a>),
}

pub(super) struct Pbes2<'a> {
    kdf: Kdf<'a>,
    cipher: CbcCipher,
    iv: &'a [u8],
}

impl<'a> Pbes2<'a> {
    pub(super) fn parse(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<Self, Failure> {
        let (kdf, encryption) = Fields::of_parameters(algorithm)
            .and_then(|mut fields| Some((fields.algorithm()?, fields.algorithm()?)))
            .ok_or_else(damaged_parameters)?;
        let kdf = match kdf.oid {
            SCRYPT => Kdf::Scrypt(Scrypt::parse(&kdf).ok_or_else(damaged_parameters)?),
            _ => Kdf::Pbkdf2(Pbkdf2::parse(&kdf)?),
        };
        let key_len = match &kdf {
            Kdf::Pbkdf2(kdf) => kdf.key_len,
            Kdf::Scrypt(kdf) => kdf.key_len,
        };
        let (cipher, iv) = match encryption.oid {
            RC2 => rc2(&encryption, key_len).ok_or_else(damaged_parameters)?,
            oid => {
                let (_, cipher) = CIPHERS
                    .iter()
                    .find(|(named, _)| *named == oid)
                    .ok_or_else(|| Failure::Problem(unsupported("it is encrypted with", oid)))?;
                let iv = encryption.parameters.and_then(octets).ok_or_else(damaged_parameters)?;
                (*cipher, iv)
            }
        };
        if iv.len() != cipher.block_len()
            || key_len.is_some_and(|length| length != cipher.key_len() as u64)
        {
            return Err(damaged_parameters());
        }
        Ok(Self { kdf, cipher, iv })
    }
}

/// `RC2-CBC-Parameter` (RFC 8018 appendix B.2.3): a version stands for bits that count.
fn rc2<'a>(
    encryption: &AlgorithmIdentifierRef<'a>,
    key_len: Option<u64>,
) -> Option<(CbcCipher, &'a [u8])> {
    let mut fields = Fields::of_parameters(encryption)?;
    let version = if fields.is_next(Tag::Integer) { Some(fields.unsigned()?) } else { None };
    let effective_bits = match version {
        None => 32,
        Some(160) => 40,
        Some(120) => 64,
        Some(58) => 128,
        Some(bits @ 256..=1024) => usize::try_from(bits).ok()?,
        Some(_) => return None,
    };
    let key_len = usize::try_from(key_len.unwrap_or(16)).ok()?;
    let cipher = CbcCipher::Rc2 { key_len, effective_bits };
    (1..=128).contains(&key_len).then_some((cipher, fields.octets()?))
}

impl Scheme for Pbes2<'_> {
    fn cipher(&self) -> CbcCipher {
        self.cipher
    }

    fn derive(&self, password: &Password, budget: &mut Budget) -> Result<KeyAndIv, Failure> {
        let length = self.cipher.key_len();
        let key = match &self.kdf {
            Kdf::Pbkdf2(kdf) => kdf.derive(password, length, budget)?,
            Kdf::Scrypt(kdf) => kdf.derive(password, length, budget)?,
        };
        Ok(KeyAndIv { key, iv: Zeroizing::new(self.iv.to_vec()) })
    }

    fn takes_bmp_string(&self) -> bool {
        false
    }
}
