//! Files that no program here writes: of other versions, in BER, with parts that do not fit.

use super::*;
use crate::keys::asn1::writing::{EXPLICIT_0, OCTETS, SEQUENCE, oid, unsigned, value};

const SET: u8 = 0x31;
const DATA: &str = "1.2.840.113549.1.7.1";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const CERT_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";
const KEY: &[u8] = fixture!("ec.der");
const OWN_CERTIFICATE: &[u8] = fixture!("ec.crt.der");
const OTHER_CERTIFICATE: &[u8] = fixture!("rsa.crt.der");

fn content_info(kind: &str, content: &[u8]) -> Vec<u8> {
    value(SEQUENCE, &[&oid(kind), &value(EXPLICIT_0, &[content])])
}

fn pfx(version: u64, authenticated_safe: &[u8], mac: &[u8]) -> Vec<u8> {
    value(SEQUENCE, &[&unsigned(version), authenticated_safe, mac])
}

/// With these bags in the clear, and without a MAC.
fn store(bags: &[Vec<u8>]) -> Vec<u8> {
    let data = |der: &[u8]| content_info(DATA, &value(OCTETS, &[der]));
    let safe = data(&safe_contents(bags));
    pfx(3, &data(&value(SEQUENCE, &[&safe])), &[])
}

fn safe_contents(bags: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &[&bags.concat()])
}

fn bag(kind: &str, contents: &[u8], local_key_id: &[u8]) -> Vec<u8> {
    let id = value(SET, &[&value(OCTETS, &[local_key_id])]);
    let id = value(SEQUENCE, &[&oid("1.2.840.113549.1.9.21"), &id]);
    value(SEQUENCE, &[&oid(kind), &value(EXPLICIT_0, &[contents]), &value(SET, &[&id])])
}

fn certificate(der: &[u8], local_key_id: &[u8]) -> Vec<u8> {
    let der = value(EXPLICIT_0, &[&value(OCTETS, &[der])]);
    let contents = value(SEQUENCE, &[&oid("1.2.840.113549.1.9.22.1"), &der]);
    bag(CERT_BAG, &contents, local_key_id)
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(bag(KEY_BAG, KEY, b"1"), |inner, _| {
        bag(SAFE_CONTENTS_BAG, &safe_contents(&[inner]), b"1")
    })
}

#[test]
fn a_certificate_under_the_id_of_a_key_has_to_belong_to_it() {
    let key = || bag(KEY_BAG, KEY, b"1");
    let own = |id| certificate(OWN_CERTIFICATE, id);
    let other = |id| certificate(OTHER_CERTIFICATE, id);
    assert!(is_ec_key(open(&store(&[key(), own(b"1"), other(b"2")]), None)));
    assert!(is_ec_key(open(&store(&[other(b"1"), own(b"1"), key()]), None)));
    let problem = refusal(open(&store(&[key(), other(b"1"), own(b"2")]), None));
    assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey);
    assert!(problem.message.contains("does not belong"), "{}", problem.message);
    assert_eq!(
        refusal(open(&store(&[key(), other(b"2")]), None)).code,
        ErrorCode::KeystoreUnusableKey
    );
    let second = bag(KEY_BAG, KEY, b"2");
    assert!(is_ec_key(open(&store(&[key(), other(b"1"), second, own(b"2")]), None)));
}

#[test]
fn bags_of_other_kinds_are_passed_over_and_nested_ones_are_read_to_a_depth() {
    let secret = bag("1.2.840.113549.1.12.10.1.5", &value(SEQUENCE, &[]), b"1");
    assert!(is_ec_key(open(&store(&[secret.clone(), nested(2)]), None)));
    for depth in [5, 8, 100, 2000] {
        let problem = refusal(open(&store(&[nested(depth)]), None));
        assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "{depth}");
    }
    assert!(refusal(open(&store(&[secret]), None)).message.contains("no private key"));
    assert_eq!(refusal(open(&store(&[]), None)).code, ErrorCode::KeystoreUnusableKey);
}

#[test]
fn a_store_of_a_great_many_entries_is_refused() {
    let problem = refusal(open(&store(&vec![certificate(OWN_CERTIFICATE, b"1"); 1001]), None));
    assert_eq!(problem.code, ErrorCode::KeystoreUnsupported);
}

#[test]
fn other_versions_and_other_protection_are_told_apart_from_damage() {
    let data = content_info(DATA, &value(OCTETS, &[&value(SEQUENCE, &[])]));
    let signed = content_info("1.2.840.113549.1.7.2", &value(SEQUENCE, &[]));
    let unknown = content_info("1.2.840.113549.1.7.9", &value(SEQUENCE, &[]));
    let enveloped = content_info("1.2.840.113549.1.7.3", &value(SEQUENCE, &[]));
    let enveloped = content_info(DATA, &value(OCTETS, &[&value(SEQUENCE, &[&enveloped])]));
    for (file, code) in [
        (pfx(2, &data, &[]), ErrorCode::KeystoreUnsupported),
        (pfx(3, &signed, &[]), ErrorCode::KeystoreUnsupported),
        (pfx(3, &enveloped, &[]), ErrorCode::KeystoreUnsupported),
        (pfx(3, &unknown, &[]), ErrorCode::KeystoreCorrupt),
        (pfx(3, &data, &value(SEQUENCE, &[])), ErrorCode::KeystoreCorrupt),
        (pfx(3, &data, &data), ErrorCode::KeystoreCorrupt),
        (value(SEQUENCE, &[&unsigned(3)]), ErrorCode::KeystoreCorrupt),
    ] {
        let problem = refusal(open(&file, Some(PASSPHRASE)));
        assert_eq!(problem.code, code, "{}", problem.message);
    }
}

fn mac(iterations: u64, salt: &[u8], digest: &[u8]) -> Vec<u8> {
    let sha_256 = value(SEQUENCE, &[&oid("2.16.840.1.101.3.4.2.1")]);
    let digest_info = value(SEQUENCE, &[&sha_256, &value(OCTETS, &[digest])]);
    value(SEQUENCE, &[&digest_info, &value(OCTETS, &[salt]), &unsigned(iterations)])
}

#[test]
fn a_mac_that_cannot_be_is_corrupt_and_one_that_costs_too_much_is_refused() {
    let data = content_info(DATA, &value(OCTETS, &[&value(SEQUENCE, &[])]));
    for (mac, code) in [
        (mac(1, b"salt", &[7; 32]), ErrorCode::KeystorePassphrase),
        (mac(1, b"salt", &[7; 31]), ErrorCode::KeystoreCorrupt),
        (mac(0, b"salt", &[7; 32]), ErrorCode::KeystoreCorrupt),
        (mac(1, &[7; 1025], &[7; 32]), ErrorCode::KeystoreCorrupt),
        (mac(4_000_000_000, b"salt", &[7; 32]), ErrorCode::KeystoreUnsupported),
    ] {
        let problem = refusal(open(&pfx(3, &data, &mac), Some(PASSPHRASE)));
        assert_eq!(problem.code, code, "{}", problem.message);
    }
}

#[test]
fn all_parts_of_a_file_share_what_may_be_spent_on_it() {
    let shrouded = |iterations: u64| {
        let parameters = [value(OCTETS, &[b"salt"]), unsigned(iterations)];
        let parameters = value(SEQUENCE, &parameters.each_ref().map(Vec::as_slice));
        let algorithm = value(SEQUENCE, &[&oid("1.2.840.113549.1.12.1.3"), &parameters]);
        let info = value(SEQUENCE, &[&algorithm, &value(OCTETS, &[&[7; 16]])]);
        bag("1.2.840.113549.1.12.10.1.2", &info, b"1")
    };
    let asks_too_much = |count: usize| {
        let found = open(&store(&vec![shrouded(100_000); count]), Some(PASSPHRASE));
        refusal(found).message.contains("iterations")
    };
    assert!(!asks_too_much(15));
    assert!(asks_too_much(25));
}

/// Every length indefinite, every octet string in two pieces (X.690 §8.1.3.6, §8.7.3).
fn to_ber(der: &[u8]) -> Vec<u8> {
    const CONSTRUCTED: u8 = 0x20;
    let mut rest = der;
    let mut ber = Vec::new();
    while let [tag, ..] = *rest {
        let long = usize::from(rest[1].saturating_sub(0x80));
        let length = match long {
            0 => usize::from(rest[1]),
            _ => rest[2..2 + long].iter().fold(0, |length, &byte| length << 8 | usize::from(byte)),
        };
        let contents = &rest[2 + long..2 + long + length];
        let pieces = |contents: &[u8]| {
            let (first, second) = contents.split_at(contents.len() / 2);
            [value(OCTETS, &[first]), value(OCTETS, &[second])].concat()
        };
        let inside = match tag {
            _ if tag & CONSTRUCTED != 0 => Some(to_ber(contents)),
            // [0] IMPLICIT OCTET STRING, of EncryptedContentInfo.
            OCTETS | 0x80 => Some(pieces(contents)),
            _ => None,
        };
        match inside {
            Some(inside) => {
                ber.extend([&[tag | CONSTRUCTED, 0x80], inside.as_slice(), &[0, 0]].concat());
            }
            None => ber.extend_from_slice(&rest[..2 + long + length]),
        }
        rest = &rest[2 + long + length..];
    }
    ber
}

#[test]
fn ber_is_read_like_der() {
    for file in [SAMPLE, fixture!("openssl3-legacy.p12"), fixture!("java-two-keys.p12")] {
        assert!(is_ec_key(open(&to_ber(file), Some(PASSPHRASE))));
    }
    // Where no MAC covers it, its contents too.
    for file in [fixture!("no-mac.p12"), fixture!("rc2-128-2des.p12"), fixture!("clear-mac.p12")] {
        let contents = to_ber(Pfx::parse(file).ok().unwrap().authenticated_safe);
        let file = pfx(3, &content_info(DATA, &value(OCTETS, &[&contents])), &[]);
        assert!(is_ec_key(open(&to_ber(&file), Some(PASSPHRASE))));
    }
    let ber = to_ber(SAMPLE);
    for end in 0..ber.len() {
        let problem = refusal(open(&ber[..end], Some(PASSPHRASE)));
        assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "after {end} bytes");
    }
}
