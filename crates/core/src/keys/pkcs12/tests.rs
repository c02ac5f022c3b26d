//! Files of OpenSSL and Java (`__test__/fixtures/keystores-core`).

mod crafted;

use proptest::prelude::*;

use super::super::public_key::PublicKey;
use super::super::{KeyChoice, pkcs8};
use super::*;
use crate::error::ErrorCode;
use crate::keys::key_set::SelectedKey;
use crate::secret::Secret;

const PASSPHRASE: &str = "correct-horse";
const NON_ASCII: &str = "pässwörd😀";
const SAMPLE: &[u8] = fixture!("openssl3.p12");

fn passphrases(store: Option<&str>, key: Option<&str>) -> Passphrases {
    let secret = |text: &str| Secret::new(text.to_owned());
    Passphrases { keystore: store.map(secret), key: key.map(secret) }
}

fn select(file: &[u8], given: &Passphrases, alias: Option<&str>) -> Result<SelectedKey, Problem> {
    let choice = KeyChoice { key_id: None, alias: alias.map(str::to_owned) };
    parse(file, given).and_then(|set| set.select(&choice))
}

fn open(file: &[u8], store: Option<&str>) -> Result<SelectedKey, Problem> {
    select(file, &passphrases(store, None), None)
}

fn ec_key() -> PublicKey {
    pkcs8::parse(fixture!("ec.der")).unwrap().public_key().unwrap()
}

fn is_ec_key(found: Result<SelectedKey, Problem>) -> bool {
    found.unwrap().key.public == ec_key()
}

fn refusal(found: Result<SelectedKey, Problem>) -> Problem {
    found.err().unwrap()
}

#[test]
fn files_of_openssl_and_java_open_with_their_passphrase() {
    for (name, file) in [
        ("OpenSSL 3", SAMPLE),
        ("OpenSSL 1: 3DES, RC2-40, SHA-1", fixture!("openssl3-legacy.p12")),
        ("RC2-128, two-key 3DES", fixture!("rc2-128-2des.p12")),
        ("SHA-1", fixture!("mac-sha1.p12")),
        ("SHA-224", fixture!("mac-sha224.p12")),
        ("SHA-384", fixture!("mac-sha384.p12")),
        ("SHA-512", fixture!("mac-sha512.p12")),
        ("PBMAC1, SHA-256", fixture!("pbmac1-sha256.p12")),
        ("PBMAC1, SHA-512", fixture!("pbmac1-sha512.p12")),
        ("PBMAC1, both", fixture!("pbmac1-sha256-sha512.p12")),
        ("without a MAC", fixture!("no-mac.p12")),
        ("in the clear, with a MAC", fixture!("clear-mac.p12")),
        ("a million iterations", fixture!("1000000-iterations.p12")),
        ("Java 17", fixture!("java-two-keys.p12")),
        ("Java 8", fixture!("java-legacy.p12")),
    ] {
        let found = open(file, Some(PASSPHRASE));
        let found = found.unwrap_or_else(|problem| panic!("{name}: {}", problem.message));
        assert_eq!(found.key.public, ec_key(), "{name}");
        assert_eq!(found.key.certificates.len(), 1, "{name}");
    }
    let rsa = open(fixture!("rsa.p12"), Some(PASSPHRASE)).unwrap();
    assert_eq!((rsa.key.public.kty(), rsa.key.certificates.len()), ("RSA", 1));
}

#[test]
fn no_passphrase_opens_what_was_written_without_one() {
    for file in [
        fixture!("empty.p12"),
        fixture!("empty-no-mac.p12"),
        fixture!("java-empty.p12"),
        fixture!("null-passphrase.p12"),
        fixture!("clear.p12"),
    ] {
        assert!(is_ec_key(open(file, Some(""))));
        assert!(is_ec_key(open(file, None)));
    }
}

#[test]
fn passphrases_outside_of_ascii_open_whatever_openssl_made_of_them() {
    assert!(is_ec_key(open(fixture!("non-ascii.p12"), Some(NON_ASCII))));
    assert!(is_ec_key(open(fixture!("non-ascii-3des-no-mac.p12"), Some(NON_ASCII))));
    assert!(is_ec_key(open(fixture!("octets-as-characters.p12"), Some("pässwörd"))));
}

#[test]
fn a_key_may_have_a_passphrase_of_its_own() {
    let file = fixture!("java-key-passphrase.p12");
    let with_key = |key| select(file, &passphrases(Some(PASSPHRASE), key), None);
    assert!(is_ec_key(with_key(Some("battery-staple"))));
    assert_eq!(refusal(with_key(None)).code, ErrorCode::KeystorePassphrase);
    assert_eq!(refusal(with_key(Some("wrong"))).code, ErrorCode::KeystorePassphrase);
    // A passphrase for keys that none of them needs does no harm.
    let given = passphrases(Some(PASSPHRASE), Some("battery-staple"));
    assert!(is_ec_key(select(SAMPLE, &given, None)));
}

#[test]
fn a_missing_and_a_wrong_passphrase_are_told_as_such() {
    for file in [
        SAMPLE,
        fixture!("openssl3-legacy.p12"),
        fixture!("rc2-128-2des.p12"),
        fixture!("mac-sha512.p12"),
        fixture!("pbmac1-sha256.p12"),
        fixture!("no-mac.p12"),
        fixture!("clear-mac.p12"),
        fixture!("empty.p12"),
        fixture!("empty-no-mac.p12"),
        fixture!("non-ascii-3des-no-mac.p12"),
        fixture!("java-two-keys.p12"),
    ] {
        for wrong in ["wrong", "Correct-horse", "wröng"] {
            let problem = refusal(open(file, Some(wrong)));
            assert_eq!(problem.code, ErrorCode::KeystorePassphrase);
            assert!(problem.message.contains("does not open"), "{}", problem.message);
            assert!(!problem.message.contains(wrong));
        }
    }
    for file in [SAMPLE, fixture!("openssl3-legacy.p12"), fixture!("no-mac.p12")] {
        let problem = refusal(open(file, None));
        assert_eq!(problem.code, ErrorCode::KeystorePassphrase);
        assert!(problem.message.contains("no passphrase was given"), "{}", problem.message);
        assert!(refusal(open(file, Some(""))).message.contains("does not open"));
    }
}

#[test]
fn keys_are_chosen_by_their_alias() {
    let given = passphrases(Some(PASSPHRASE), None);
    let file = fixture!("java-two-keys.p12");
    assert!(is_ec_key(select(file, &given, Some("signing"))));
    let second = select(file, &given, Some("SECOND")).unwrap();
    assert!(second.key.public != ec_key());
    let problem = refusal(select(file, &given, Some("third")));
    assert!(problem.message.contains("'signing', 'second'"), "{}", problem.message);
}

#[test]
fn what_is_not_read_is_named() {
    let rc4 = refusal(open(fixture!("rc4.p12"), Some(PASSPHRASE)));
    assert_eq!(rc4.code, ErrorCode::KeystoreUnsupported);
    assert!(rc4.message.contains("pbeWithSHAAnd40BitRC4"), "{}", rc4.message);
    let md5 = refusal(open(fixture!("mac-md5.p12"), Some(PASSPHRASE)));
    assert_eq!(md5.code, ErrorCode::KeystoreUnsupported);
    assert!(md5.message.contains("MD5"), "{}", md5.message);
}

#[test]
fn certificates_without_a_key_are_told_as_such() {
    let problem = refusal(open(fixture!("certificates-only.p12"), Some(PASSPHRASE)));
    assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey);
    assert!(problem.message.contains("certificates only"), "{}", problem.message);
}

#[test]
fn a_file_cut_short_anywhere_is_corrupt() {
    for end in 0..SAMPLE.len() {
        let problem = refusal(open(&SAMPLE[..end], Some(PASSPHRASE)));
        assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "after {end} bytes");
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&bytes, Some(PASSPHRASE));
    }

    #[test]
    fn any_change_of_a_file_ends_without_a_panic(
        file in proptest::sample::select(vec![
            fixture!("clear.p12"),
            fixture!("mac-sha1.p12"),
            fixture!("empty-no-mac.p12"),
            fixture!("pbmac1-sha256.p12"),
        ]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut file = file.to_vec();
        for (index, byte) in changes {
            let index = index.index(file.len());
            file[index] = byte;
        }
        let _ = open(&file, Some(PASSPHRASE));
        let _ = open(&file, None);
    }
}
