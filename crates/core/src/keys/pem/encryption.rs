//! OpenSSL's traditional encryption of PEM (`Proc-Type: 4,ENCRYPTED`; RFC 1421 §4.6.1.3 has the
//! headers, OpenSSL's `PEM_read_bio` the rest).

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::asn1;
use crate::keys::cbc::CbcCipher;
use crate::keys::passphrases::{self, Passphrases};

/// The salt is the beginning of the IV (`EVP_BytesToKey` as `PEM_do_header` calls it).
const SALT_LEN: usize = 8;
const CIPHERS: [(&str, CbcCipher); 5] = [
    ("AES-128-CBC", CbcCipher::Aes128),
    ("AES-192-CBC", CbcCipher::Aes192),
    ("AES-256-CBC", CbcCipher::Aes256),
    ("DES-EDE3-CBC", CbcCipher::DesEde3),
    ("DES-CBC", CbcCipher::Des),
];

/// The DER in an encrypted block; `dek_info` is `NAME,HEXIV`.
pub(super) fn decrypt(
    content: &[u8],
    dek_info: &str,
    passphrases: &Passphrases,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let damaged = || {
        Problem::new(
            ErrorCode::KeystoreCorrupt,
            "the private key is encrypted, but its DEK-Info header is missing or damaged",
        )
    };
    let (name, iv) = dek_info.split_once(',').ok_or_else(damaged)?;
    let Some((_, cipher)) = CIPHERS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    else {
        return Err(unsupported(name));
    };
    let iv = from_hex(iv).filter(|iv| iv.len() == cipher.block_len()).ok_or_else(damaged)?;
    if !cipher.fits(content) {
        return Err(Problem::new(
            ErrorCode::KeystoreCorrupt,
            "the private key is encrypted, and cut short: it is no whole number of blocks",
        ));
    }
    let passphrase = passphrases.of_key().ok_or_else(|| passphrases::missing("the private key"))?;
    let key = bytes_to_key(passphrase, &iv[..SALT_LEN], cipher.key_len());
    // One wrong key in 256 leaves what looks like padding.
    cipher
        .decrypt(&key, &iv, content)
        .filter(|decrypted| asn1::is_sequence(decrypted))
        .ok_or_else(|| passphrases::wrong("the private key"))
}

fn unsupported(cipher: &str) -> Problem {
    let shown: String =
        cipher.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    Problem::new(
        ErrorCode::KeystoreUnsupported,
        format!(
            "the private key is encrypted with {shown}, which this version does not read; encrypt \
             it anew with `openssl pkcs8 -topk8 -in key.pem -out new.pem`"
        ),
    )
}

/// `EVP_BytesToKey` with MD5 and one round.
fn bytes_to_key(passphrase: &str, salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    const DIGEST_LEN: usize = 16;
    let mut key = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(DIGEST_LEN)));
    while key.len() < length {
        let mut digest = Md5::new();
        digest.update(&key[key.len().saturating_sub(DIGEST_LEN)..]);
        digest.update(passphrase);
        digest.update(salt);
        key.extend_from_slice(&Zeroizing::new(<[u8; DIGEST_LEN]>::from(digest.finalize()))[..]);
    }
    key.truncate(length);
    key
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_meant_is_damaged() {
        for dek_info in
            ["", "AES-128-CBC", "AES-128-CBC,", "AES-128-CBC,00", "DES-CBC,0g00000000000000"]
        {
            let problem = decrypt(&[0; 16], dek_info, &Passphrases::default());
            assert_eq!(problem.unwrap_err().code, ErrorCode::KeystoreCorrupt, "{dek_info}");
        }
    }

    #[test]
    fn an_unknown_cipher_is_named_without_anything_odd() {
        let problem = decrypt(&[], "RC2\u{1b}-CBC,00", &Passphrases::default());
        let problem = problem.unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
        assert!(problem.message.contains("with RC2-CBC,"), "{}", problem.message);
    }
}
