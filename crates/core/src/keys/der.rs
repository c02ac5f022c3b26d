//! Binary DER, told apart by its structure (KF-2, KF-5).

use ::pkcs8::der::asn1::AnyRef;
use ::pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, Tagged};

use super::budget::Budget;
use super::key_entry::KeyEntry;
use super::key_set::KeySet;
use super::key_type::{DSA_SIGNS_NOTHING, PUBLIC_ONLY};
use super::passphrases::Passphrases;
use super::signer::PrivateKey;
use super::{pkcs8, sec1};
use crate::error::{ErrorCode, Problem};

/// What a SEQUENCE is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Structure {
    /// PKCS#8 (RFC 5958 §2).
    PrivateKeyInfo,
    /// PKCS#8 (RFC 5958 §3).
    EncryptedPrivateKeyInfo,
    /// PKCS#1 (RFC 8017 §A.1.2).
    RsaPrivateKey,
    /// SEC 1 (RFC 5915 §3).
    EcPrivateKey,
    /// OpenSSL's own.
    DsaPrivateKey,
    /// RFC 5280 §4.1.
    Certificate,
    /// PKCS#10 (RFC 2986).
    CertificationRequest,
    /// PKCS#7 (RFC 5652), which certificates travel in.
    ContentInfo,
    /// RFC 5280 §4.1, or PKCS#1's own (RFC 8017 §A.1.1).
    PublicKey,
}

/// The one key of a DER file.
pub(super) fn parse(bytes: &[u8], passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let key = private_key(bytes, None, passphrases, &mut Budget::of_one_file())?;
    Ok(KeySet::new(vec![KeyEntry::of_private_key(Ok(key))]))
}

/// A SEQUENCE whose length and numbers make it binary, unlike a text that begins with `0`.
pub(super) fn is_der(bytes: &[u8]) -> bool {
    let is_binary = |&byte: &u8| !byte.is_ascii() || matches!(byte, 0..=8);
    bytes.first() == Some(&0x30) && bytes.iter().any(is_binary)
}

/// The private key, in whichever structure it is: labels of PEM are not always right either.
/// `parameters` name the curve of an EC key that does not.
pub(super) fn private_key(
    bytes: &[u8],
    parameters: Option<AnyRef<'_>>,
    passphrases: &Passphrases,
    budget: &mut Budget,
) -> Result<PrivateKey, Problem> {
    let unusable = |what: &str| Err(Problem::new(ErrorCode::KeystoreUnusableKey, what));
    match structure(bytes)? {
        Structure::PrivateKeyInfo => pkcs8::parse(bytes),
        Structure::EncryptedPrivateKeyInfo => pkcs8::parse_encrypted(bytes, passphrases, budget),
        Structure::RsaPrivateKey => PrivateKey::rsa_from_pkcs1(bytes),
        Structure::EcPrivateKey => sec1::parse(bytes, parameters),
        Structure::DsaPrivateKey => unusable(DSA_SIGNS_NOTHING),
        Structure::Certificate => {
            unusable("a certificate, not a key; the private key is needed to sign")
        }
        Structure::CertificationRequest => {
            unusable("a certificate signing request, not a key; the private key is needed to sign")
        }
        Structure::ContentInfo => {
            unusable("certificates only (PKCS#7); the private key is needed to sign")
        }
        Structure::PublicKey => unusable(PUBLIC_ONLY),
    }
}

fn structure(bytes: &[u8]) -> Result<Structure, Problem> {
    let corrupt = |what: &str| Problem::new(ErrorCode::KeystoreCorrupt, what);
    let sequence =
        AnyRef::from_der(bytes).map_err(|_| corrupt("DER that is damaged or cut short"))?;
    let unknown = || {
        corrupt(
            "DER of no known structure: expected a PKCS#8, PKCS#1 or SEC 1 private key, or PKCS#12",
        )
    };
    if sequence.tag() != Tag::Sequence {
        return Err(unknown());
    }
    let fields = Fields::read(sequence.value()).ok_or_else(unknown)?;
    fields.structure().ok_or_else(unknown)
}

/// The first fields of a SEQUENCE, as many as tell structures apart.
struct Fields<'a>(Vec<AnyRef<'a>>);

impl<'a> Fields<'a> {
    /// DSA has six numbers, RSA nine.
    const MOST: usize = 9;

    fn read(sequence: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(sequence).ok()?;
        let mut fields = Vec::with_capacity(Self::MOST);
        while !reader.is_finished() && fields.len() < Self::MOST {
            fields.push(reader.decode().ok()?);
        }
        Some(Self(fields))
    }

    fn structure(&self) -> Option<Structure> {
        let tags: Vec<_> = self.0.iter().map(Tagged::tag).collect();
        Some(match tags.as_slice() {
            [Tag::Integer, Tag::Sequence, Tag::OctetString, ..] => Structure::PrivateKeyInfo,
            [Tag::Integer, Tag::OctetString, ..] => Structure::EcPrivateKey,
            [Tag::Integer, Tag::Integer] => Structure::PublicKey,
            numbers if all_integers(numbers) && numbers.len() == 9 => Structure::RsaPrivateKey,
            numbers if all_integers(numbers) && numbers.len() == 6 => Structure::DsaPrivateKey,
            [Tag::Sequence, Tag::OctetString] => Structure::EncryptedPrivateKeyInfo,
            [Tag::Sequence, Tag::BitString] => Structure::PublicKey,
            [Tag::Sequence, Tag::Sequence, Tag::BitString] if self.is_request() => {
                Structure::CertificationRequest
            }
            [Tag::Sequence, Tag::Sequence, Tag::BitString] => Structure::Certificate,
            [Tag::ObjectIdentifier, ..] => Structure::ContentInfo,
            _ => return None,
        })
    }

    /// A certificate has its issuer and its validity where a request has its key.
    fn is_request(&self) -> bool {
        let last = self.0.first().and_then(|signed| Self::read(signed.value()));
        let last = last.and_then(|fields| fields.0.last().map(Tagged::tag));
        last.is_some_and(
            |tag| matches!(tag, Tag::ContextSpecific { number, .. } if number.value() == 0),
        )
    }
}

fn all_integers(tags: &[Tag]) -> bool {
    tags.iter().all(|tag| *tag == Tag::Integer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::KeyChoice;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../__test__/fixtures/keystores-core/der-", $name))
        };
    }

    const PKCS8: &[u8] = fixture!("ec-p256-pkcs8.der");
    const SEC1: &[u8] = fixture!("ec-p256-sec1.der");
    const PKCS1: &[u8] = fixture!("rsa-2048-pkcs1.der");
    const ENCRYPTED: &[u8] = fixture!("ec-p256-pkcs8-encrypted.der");

    fn read(bytes: &[u8]) -> Result<&'static str, Problem> {
        let keys = parse(bytes, &Passphrases::default())?;
        Ok(keys.select(&KeyChoice::default())?.key.algorithm().as_str())
    }

    #[test]
    fn private_keys_are_told_apart_by_their_structure() {
        for (bytes, alg) in [(PKCS8, "ES256"), (SEC1, "ES256"), (PKCS1, "RS384")] {
            assert!(is_der(bytes));
            assert_eq!(read(bytes), Ok(alg));
        }
        assert_eq!(structure(ENCRYPTED), Ok(Structure::EncryptedPrivateKeyInfo));
    }

    #[test]
    fn what_is_no_private_key_says_what_it_is() {
        for (bytes, word) in [
            (&fixture!("certificate.der")[..], "a certificate, not"),
            (fixture!("certificates.p7b"), "PKCS#7"),
            (fixture!("request.der"), "signing request"),
            (fixture!("ec-p256-public.der"), "public half"),
            (fixture!("rsa-public.der"), "public half"),
            (fixture!("dsa.der"), "DSA"),
        ] {
            let problem = read(bytes).unwrap_err();
            assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey, "{}", problem.message);
            assert!(problem.message.contains(word), "{}", problem.message);
        }
    }

    #[test]
    fn other_structures_and_damage_are_corrupt() {
        for bytes in
            [&[0x30, 0x82, 0x0A, 0xF0][..], &[0x30, 0], &[0x30, 3, 2, 1, 5], &[0x30, 0x80, 0, 0]]
        {
            assert_eq!(read(bytes).unwrap_err().code, ErrorCode::KeystoreCorrupt, "{bytes:?}");
        }
        for whole in [PKCS8, SEC1, PKCS1] {
            for length in 1..whole.len() {
                let problem = read(&whole[..length]).unwrap_err();
                assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "{length}");
            }
            let mut mutated = whole.to_vec();
            *mutated.last_mut().unwrap() ^= 1;
            assert_eq!(read(&mutated).unwrap_err().code, ErrorCode::KeystoreCorrupt);
            assert!(read(&[whole, &[0]].concat()).is_err());
        }
    }

    #[test]
    fn text_that_begins_with_a_zero_is_not_der() {
        assert!(!is_der(b"0123456789\r\n\t"));
        assert!(!is_der(b""));
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_mutation_end_without_a_panic(
            rest in prop::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(), to: u8,
        ) {
            let _ = read(&[&[0x30], rest.as_slice()].concat());
            for whole in [PKCS8, SEC1, ENCRYPTED] {
                let mut bytes = whole.to_vec();
                let at = at.index(bytes.len());
                bytes[at] = to;
                let _ = read(&bytes);
            }
        }
    }
}
