//! How Java keystores encrypt a private key (KF-2, KF-6): two algorithms of Sun's own, which no
//! document describes; the tests have what keytool and the JDK's `Cipher` make of them.

use ::pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use ::pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};
use ::pkcs8::spki::AlgorithmIdentifierRef;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::budget::Budget;
use crate::keys::cbc::CbcCipher;
use crate::keys::{asn1, passphrases};

/// SHA-1 as a key stream.
const JKS_KEY_PROTECTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.17.1.1");
/// `PBEWithMD5AndTripleDES`
const JCEKS_KEY_PROTECTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.42.2.19.1");
/// Compressions of a hash in one iteration: two chains of one block each.
const RUNS: u64 = 2;

/// The PKCS#8 key in an `EncryptedPrivateKeyInfo` of a Java keystore; `what` names it for a person.
pub(super) fn decrypt(
    protected: &[u8],
    passphrase: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let (algorithm, encrypted) = read(protected).ok_or_else(damaged)?;
    let key = match algorithm.oid {
        JKS_KEY_PROTECTOR => with_sha1_stream(encrypted, passphrase)?,
        JCEKS_KEY_PROTECTOR => {
            let (salt, iterations) =
                algorithm.parameters.and_then(pbe_parameters).ok_or_else(damaged)?;
            let iterations = budget.take(iterations, RUNS)?.get();
            with_md5_and_triple_des(encrypted, passphrase, salt, iterations)
        }
        other => {
            return Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                format!(
                    "a key encrypted with an algorithm of OID {other}, which this version does not \
                     read; convert the keystore with `keytool -importkeystore -deststoretype PKCS12`"
                ),
            ));
        }
    };
    key.filter(|key| asn1::is_sequence(key)).ok_or_else(|| passphrases::wrong_for_key("it"))
}

fn damaged() -> Problem {
    Problem::new(ErrorCode::KeystoreCorrupt, "a damaged private key")
}

fn read(protected: &[u8]) -> Option<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let sequence = AnyRef::from_der(protected).ok().filter(|any| any.tag() == Tag::Sequence)?;
    let mut fields = SliceReader::new(sequence.value()).ok()?;
    let algorithm = fields.decode().ok()?;
    let encrypted = fields.decode::<&OctetStringRef>().ok()?;
    Some((algorithm, encrypted.as_bytes()))
}

/// Characters as the SHA-1 of Java keystores has them; never more octets than reserved.
pub(super) fn utf16(passphrase: &str) -> Zeroizing<Vec<u8>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(2 * passphrase.len()));
    octets.extend(passphrase.encode_utf16().flat_map(u16::to_be_bytes));
    octets
}

/// `salt ‖ key ⊕ stream ‖ check`; the stream is a chain of digests that begins with the salt.
/// `Ok(None)` is the wrong passphrase.
fn with_sha1_stream(
    encrypted: &[u8],
    passphrase: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
    let (salt, rest) = encrypted.split_at_checked(SHA1_OUTPUT_LEN).ok_or_else(damaged)?;
    let length = rest.len().checked_sub(SHA1_OUTPUT_LEN).ok_or_else(damaged)?;
    let (masked, check) = rest.split_at(length);
    let passphrase = utf16(passphrase);
    let digest = |data: &[u8]| {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(&passphrase);
        context.update(data);
        context.finish()
    };
    let mut key = Zeroizing::new(masked.to_vec());
    let mut stream = Zeroizing::new(salt.to_vec());
    for block in key.chunks_mut(SHA1_OUTPUT_LEN) {
        let next = digest(&stream);
        stream.copy_from_slice(next.as_ref());
        block.iter_mut().zip(stream.iter()).for_each(|(octet, mask)| *octet ^= mask);
    }
    let is_right = digest(&key).as_ref() == check;
    Ok(is_right.then_some(key))
}

/// PKCS#5's `PBEParameter` (RFC 8018 §A.3), the salt in its two halves.
fn pbe_parameters(parameters: AnyRef<'_>) -> Option<([[u8; 4]; 2], u64)> {
    let mut fields = SliceReader::new(parameters.value()).ok()?;
    let salt = fields.decode::<&OctetStringRef>().ok()?.as_bytes();
    let iterations = fields.decode().ok()?;
    let (&[first, second], []) = salt.as_chunks::<4>() else { return None };
    Some(([first, second], iterations))
}

/// Key and IV are two chains of MD5, one for each half of the salt.
fn with_md5_and_triple_des(
    encrypted: &[u8],
    passphrase: &str,
    salt: [[u8; 4]; 2],
    iterations: u32,
) -> Option<Zeroizing<Vec<u8>>> {
    const MD5_LEN: usize = 16;
    // The JDK takes no other passphrase: nothing can be encrypted with one.
    if !passphrase.is_ascii() {
        return None;
    }
    let [first, second] = salt;
    // Equal halves would make equal chains: the JDK reverses the first one then.
    let first = if first == second { [first[3], first[2], first[1], first[0]] } else { first };
    let mut derived = Zeroizing::new([0; 2 * MD5_LEN]);
    for (chain, salt) in derived.chunks_exact_mut(MD5_LEN).zip([first, second]) {
        let mut digest = Md5::new().chain_update(salt);
        for iteration in 1..=iterations {
            digest.update(passphrase);
            let output = Zeroizing::new(<[u8; MD5_LEN]>::from(digest.finalize_reset()));
            if iteration == iterations {
                chain.copy_from_slice(&*output);
            } else {
                digest.update(*output);
            }
        }
    }
    let (key, iv) = derived.split_at(CbcCipher::DesEde3.key_len());
    CbcCipher::DesEde3.decrypt(key, iv, encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: u64) -> [u8; 8] {
        hex.to_be_bytes()
    }

    #[test]
    fn what_the_jdk_encrypts_is_decrypted_also_where_the_halves_of_the_salt_are_equal() {
        // Cipher.getInstance("PBEWithMD5AndTripleDES"), three iterations, over 30 03 02 01 05.
        for (second, encrypted) in
            [([5, 6, 7, 8], 0x778a_e138_dc2e_7ca5), ([1, 2, 3, 4], 0x35ad_4f82_fed8_65a5)]
        {
            let salt = [[1, 2, 3, 4], second];
            let key = with_md5_and_triple_des(&octets(encrypted), "keypass1", salt, 3);
            assert_eq!(*key.unwrap(), [0x30, 3, 2, 1, 5]);
            assert!(with_md5_and_triple_des(&octets(encrypted), "keypäss", salt, 3).is_none());
        }
    }

    fn protected(oid: &[u8], parameters: &[u8], encrypted: &[u8]) -> Vec<u8> {
        let tlv = |tag: u8, parts: &[&[u8]]| {
            let value = parts.concat();
            [&[tag, u8::try_from(value.len()).unwrap()], value.as_slice()].concat()
        };
        let algorithm = tlv(0x30, &[&tlv(6, &[oid]), parameters]);
        tlv(0x30, &[&algorithm, &tlv(4, &[encrypted])])
    }

    #[test]
    fn iterations_without_end_and_unknown_algorithms_are_refused_before_any_work() {
        let sun: [u8; 10] = [0x2B, 6, 1, 4, 1, 0x2A, 2, 19, 1, 0];
        // 5,000,001 iterations, then none.
        for (iterations, code) in [
            (&[2, 3, 0x4C, 0x4B, 0x41][..], ErrorCode::KeystoreUnsupported),
            (&[2, 1, 0], ErrorCode::KeystoreCorrupt),
        ] {
            let salt = [4, 8, 1, 2, 3, 4, 5, 6, 7, 8];
            let length = u8::try_from(salt.len() + iterations.len()).unwrap();
            let parameters = [&[0x30, length], &salt[..], iterations].concat();
            let protected = protected(&sun[..9], &parameters, &[0; 8]);
            let problem = decrypt(&protected, "keypass1", &mut Budget::of_one_file()).unwrap_err();
            assert_eq!(problem.code, code, "{}", problem.message);
        }
        let problem =
            decrypt(&protected(&[0x2A, 3], &[], &[0; 8]), "p", &mut Budget::of_one_file())
                .unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
        assert!(problem.message.contains("1.2.3"), "{}", problem.message);
    }

    #[test]
    fn a_protected_key_without_its_parts_is_damaged() {
        let jks: [u8; 10] = [0x2B, 6, 1, 4, 1, 0x2A, 2, 17, 1, 1];
        let jceks: [u8; 9] = [0x2B, 6, 1, 4, 1, 0x2A, 2, 19, 1];
        for bytes in [
            protected(&jks, &[5, 0], &[0; 39]),
            protected(&jceks, &[5, 0], &[0; 8]),
            protected(&jceks, &[0x30, 6, 4, 1, 0, 2, 1, 1], &[0; 8]),
            b"junk".to_vec(),
        ] {
            let problem = decrypt(&bytes, "keypass1", &mut Budget::of_one_file()).unwrap_err();
            assert_eq!(problem.code, ErrorCode::KeystoreCorrupt);
        }
        let wrong = decrypt(&protected(&jks, &[5, 0], &[0; 60]), "p", &mut Budget::of_one_file())
            .unwrap_err();
        assert_eq!(wrong.code, ErrorCode::KeystorePassphrase);
    }
}
