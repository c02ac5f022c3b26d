//! Keys that OpenSSL encrypted (`__test__/fixtures/keystores-core`), and parameters that nobody writes.

use proptest::prelude::*;

use super::Budget;
use crate::error::{ErrorCode, Problem};
use crate::keys::Passphrases;
use crate::keys::asn1::writing::{OCTETS, SEQUENCE, oid, unsigned, value};
use crate::keys::pkcs8;
use crate::keys::public_key::PublicKey;
use crate::secret::Secret;

const PASSPHRASE: &str = "correct-horse";
const SAMPLE: &[u8] = fixture!("p8-aes-256-cbc.der");
const FILES: [(&str, &[u8]); 18] = [
    ("PBES2, AES-128", fixture!("p8-aes-128-cbc.der")),
    ("PBES2, AES-192", fixture!("p8-aes-192-cbc.der")),
    ("PBES2, AES-256", SAMPLE),
    ("PBES2, HMAC-SHA-1", fixture!("p8-hmacWithSHA1.der")),
    ("PBES2, HMAC-SHA-384", fixture!("p8-hmacWithSHA384.der")),
    ("PBES2, HMAC-SHA-512", fixture!("p8-hmacWithSHA512.der")),
    ("PBES2, 3DES", fixture!("p8-des3.der")),
    ("PBES2, DES", fixture!("p8-des.der")),
    ("PBES2, RC2", fixture!("p8-rc2.der")),
    ("scrypt, N=1024", fixture!("p8-scrypt-1024.der")),
    ("PBES1, MD5, DES", fixture!("p8-PBE-MD5-DES.der")),
    ("PBES1, SHA-1, DES", fixture!("p8-PBE-SHA1-DES.der")),
    ("PBES1, MD5, RC2", fixture!("p8-PBE-MD5-RC2-64.der")),
    ("PBES1, SHA-1, RC2", fixture!("p8-PBE-SHA1-RC2-64.der")),
    ("PKCS#12, 3DES", fixture!("p8-PBE-SHA1-3DES.der")),
    ("PKCS#12, two-key 3DES", fixture!("p8-PBE-SHA1-2DES.der")),
    ("PKCS#12, RC2-128", fixture!("p8-PBE-SHA1-RC2-128.der")),
    ("PKCS#12, RC2-40", fixture!("p8-PBE-SHA1-RC2-40.der")),
];

fn open(der: &[u8], passphrase: Option<&str>) -> Result<PublicKey, Problem> {
    let passphrase = passphrase.map(|text| Secret::new(text.to_owned()));
    let passphrases = Passphrases { keystore: None, key: passphrase };
    pkcs8::parse_encrypted(der, &passphrases, &mut Budget::of_one_file())
        .map(|key| key.public_key().unwrap())
}

fn refusal(der: &[u8]) -> Problem {
    open(der, Some(PASSPHRASE)).unwrap_err()
}

fn ec_key() -> PublicKey {
    pkcs8::parse(fixture!("ec.der")).unwrap().public_key().unwrap()
}

#[test]
fn keys_that_openssl_encrypted_open_with_their_passphrase() {
    for (name, file) in FILES {
        assert_eq!(open(file, Some(PASSPHRASE)), Ok(ec_key()), "{name}");
    }
    assert_eq!(open(fixture!("p8-rsa.der"), Some(PASSPHRASE)).unwrap().kty(), "RSA");
    for file in [fixture!("p8-non-ascii.der"), fixture!("p8-non-ascii-3des.der")] {
        assert_eq!(open(file, Some("pässwörd😀")), Ok(ec_key()));
    }
}

#[test]
fn a_missing_and_a_wrong_passphrase_are_told_as_such() {
    for (name, file) in FILES {
        for wrong in ["wrong", "Correct-horse", "wröng", ""] {
            let problem = open(file, Some(wrong)).unwrap_err();
            assert_eq!(problem.code, ErrorCode::KeystorePassphrase, "{name}");
            assert!(problem.message.contains("does not open"), "{}", problem.message);
        }
        let problem = open(file, None).unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystorePassphrase, "{name}");
        assert!(problem.message.contains("no passphrase was given"), "{}", problem.message);
    }
}

#[test]
fn padding_that_looks_right_by_chance_is_no_key() {
    // One of 256 wrong passphrases leaves valid padding.
    for number in 0..1000 {
        let passphrase = format!("wrong{number}");
        let problem = open(fixture!("p8-PBE-SHA1-RC2-40.der"), Some(&passphrase)).unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystorePassphrase);
    }
}

#[test]
fn a_million_iterations_are_made_and_what_openssl_takes_for_scrypt_is() {
    for file in [fixture!("p8-1000000-iterations.der"), fixture!("p8-scrypt.der")] {
        assert_eq!(open(file, Some(PASSPHRASE)), Ok(ec_key()));
    }
}

#[test]
fn what_is_not_read_is_named() {
    for (file, name) in [
        (fixture!("p8-PBE-SHA1-RC4-128.der"), "pbeWithSHAAnd128BitRC4"),
        (fixture!("p8-hmacWithSHA224.der"), "hmacWithSHA224"),
        (fixture!("p8-aria.der"), "OID 1.2.410.200046.1.1.2"),
    ] {
        let problem = refusal(file);
        assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
        assert!(problem.message.contains(name), "{}", problem.message);
    }
}

/// `EncryptedPrivateKeyInfo`.
fn encrypted(scheme: &str, parameters: &[&[u8]], ciphertext: &[u8]) -> Vec<u8> {
    let algorithm = value(SEQUENCE, &[&oid(scheme), &value(SEQUENCE, parameters)]);
    value(SEQUENCE, &[&algorithm, &value(OCTETS, &[ciphertext])])
}

const PBES1: &str = "1.2.840.113549.1.5.3";
const PKCS12: &str = "1.2.840.113549.1.12.1.3";
const AES_256: &str = "2.16.840.1.101.3.4.1.42";

fn pbes1(scheme: &str, salt: &[u8], iterations: u64, ciphertext: &[u8]) -> Vec<u8> {
    encrypted(scheme, &[&value(OCTETS, &[salt]), &unsigned(iterations)], ciphertext)
}

fn pbes2(kdf: &str, parameters: &[&[u8]], cipher: &[&[u8]]) -> Vec<u8> {
    let kdf = value(SEQUENCE, &[&oid(kdf), &value(SEQUENCE, parameters)]);
    let cipher = value(SEQUENCE, cipher);
    encrypted("1.2.840.113549.1.5.13", &[&kdf, &cipher], &[7; 32])
}

fn pbkdf2(parameters: &[&[u8]]) -> Vec<u8> {
    let iv = value(OCTETS, &[&[0; 16]]);
    pbes2("1.2.840.113549.1.5.12", parameters, &[&oid(AES_256), &iv])
}

fn scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
    let parameters = [value(OCTETS, &[b"salt"]), unsigned(n), unsigned(r), unsigned(p)];
    let iv = value(OCTETS, &[&[0; 16]]);
    pbes2(
        "1.3.6.1.4.1.11591.4.11",
        &parameters.each_ref().map(Vec::as_slice),
        &[&oid(AES_256), &iv],
    )
}

#[test]
fn more_iterations_than_a_file_is_worth_are_refused_with_their_count() {
    let salt = value(OCTETS, &[b"salt"]);
    for count in [1_u64 << 24, (1 << 31) - 1, 1 << 32, u64::MAX] {
        for file in [
            pbes1(PBES1, b"salt", count, &[7; 16]),
            pbes1(PKCS12, b"salt", count, &[7; 16]),
            pbkdf2(&[&salt, &unsigned(count)]),
        ] {
            let problem = refusal(&file);
            assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
            assert!(problem.message.contains(&count.to_string()), "{}", problem.message);
        }
    }
    for (n, r, p) in
        [(1 << 20, 8, 1), (1 << 63, 1, 1), (2, u64::MAX, 1), (2, 1, u64::MAX), (2, 1, 1 << 40)]
    {
        let problem = refusal(&scrypt(n, r, p));
        assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
        assert!(problem.message.contains(&format!("N={n}")), "{}", problem.message);
    }
    assert_eq!(refusal(&scrypt(1 << 16, 7, 100)).code, ErrorCode::KeystoreUnsupported);
}

#[test]
fn parameters_that_cannot_be_are_corrupt() {
    let salt = value(OCTETS, &[b"salt"]);
    let long_salt = vec![7; 1025];
    let rc2 = "1.2.840.113549.3.2";
    let rc2 = |key_len: u64, version: u64| {
        let iv = value(OCTETS, &[&[0; 8]]);
        let parameters = value(SEQUENCE, &[&unsigned(version), &iv]);
        let kdf = [&salt, &unsigned(1), &unsigned(key_len)].map(Vec::clone);
        pbes2(
            "1.2.840.113549.1.5.12",
            &kdf.each_ref().map(Vec::as_slice),
            &[&oid(rc2), &parameters],
        )
    };
    for file in [
        pbes1(PBES1, b"salt", 0, &[7; 16]),
        pbes1(PKCS12, b"salt", 0, &[7; 16]),
        pbes1(PBES1, &long_salt, 1, &[7; 16]),
        pbes1(PKCS12, &long_salt, 1, &[7; 16]),
        pbes1(PKCS12, b"salt", 1, &[]),
        pbes1(PKCS12, b"salt", 1, &[7; 15]),
        pbkdf2(&[&salt, &unsigned(0)]),
        pbkdf2(&[&salt]),
        pbkdf2(&[&value(OCTETS, &[&long_salt]), &unsigned(1)]),
        pbkdf2(&[&salt, &unsigned(1), &unsigned(31)]),
        pbkdf2(&[&salt, &unsigned(1), &unsigned(u64::MAX)]),
        pbes2(
            "1.2.840.113549.1.5.12",
            &[&salt, &unsigned(1)],
            &[&oid(AES_256), &value(OCTETS, &[&[0; 15]])],
        ),
        pbes2("1.2.840.113549.1.5.12", &[&salt, &unsigned(1)], &[&oid(AES_256)]),
        encrypted("1.2.840.113549.1.5.13", &[], &[7; 16]),
        scrypt(0, 8, 1),
        scrypt(1, 8, 1),
        scrypt(1000, 8, 1),
        scrypt(1024, 0, 1),
        scrypt(1024, 8, 0),
        rc2(0, 58),
        rc2(129, 58),
        rc2(16, 0),
        rc2(16, 255),
        rc2(16, 1025),
    ] {
        let problem = refusal(&file);
        assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "{}", problem.message);
    }
    // The extremes that the standards allow.
    for file in
        [rc2(1, 58), rc2(128, 1024), rc2(5, 160), scrypt(2, 1, 1), pbes1(PKCS12, b"", 1, &[7; 8])]
    {
        assert_eq!(refusal(&file).code, ErrorCode::KeystorePassphrase);
    }
}

#[test]
fn a_key_cut_short_anywhere_is_corrupt() {
    for end in 0..SAMPLE.len() {
        assert_eq!(refusal(&SAMPLE[..end]).code, ErrorCode::KeystoreCorrupt, "after {end} bytes");
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes, Some(PASSPHRASE));
    }

    #[test]
    fn any_change_of_a_key_ends_without_a_panic(
        file in proptest::sample::select(FILES.to_vec()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ) {
        let mut file = file.1.to_vec();
        for (index, byte) in changes {
            // The parameters are at the start.
            let index = index.index(file.len().min(110));
            file[index] = byte;
        }
        let _ = open(&file, Some(PASSPHRASE));
    }
}
