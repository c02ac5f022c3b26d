//! PEM private keys: PKCS#8, PKCS#1 and SEC 1 (requirements KF-2; RFC 7468, RFC 5958, RFC 8017, RFC 5915).

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::key_set::{KeyContent, KeyEntry, KeySet};
use super::public_key::Curve;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// Every private key of a PEM text, in its order; certificates beside them are counted.
pub(crate) fn parse(text: &[u8]) -> Result<KeySet, Problem> {
    let blocks = pem::parse_many(text)
        .map_err(|_| Problem::new(ErrorCode::KeystoreCorrupt, "a PEM block is damaged"))?;
    let mut certificates = 0;
    let mut entries = Vec::new();
    for block in blocks {
        let encrypted =
            block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
        let label = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        let private = match label.as_str() {
            "CERTIFICATE" => {
                certificates += 1;
                continue;
            }
            "ENCRYPTED PRIVATE KEY" => Err(is_encrypted()),
            _ if encrypted => Err(is_encrypted()),
            "PRIVATE KEY" => from_pkcs8(&der),
            "RSA PRIVATE KEY" => PrivateKey::rsa_from_pkcs1(&der),
            "EC PRIVATE KEY" => PrivateKey::ec_from_sec1(&der),
            // `openssl ecparam -genkey` writes the curve's parameters in front of the key.
            _ => continue,
        };
        entries.push(KeyEntry::new(None, None, content(private)));
    }
    if entries.is_empty() && !is_complete(text) {
        return Err(Problem::new(
            ErrorCode::KeystoreCorrupt,
            "a PEM block is cut short: -----BEGIN … without its -----END …",
        ));
    }
    if entries.is_empty() {
        return Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            "there is no private key in this PEM text (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)",
        ));
    }
    Ok(KeySet::new(entries, certificates))
}

/// The parser passes over a block that does not end.
fn is_complete(text: &[u8]) -> bool {
    let count = |boundary: &[u8]| text.windows(boundary.len()).filter(|at| *at == boundary).count();
    count(b"-----BEGIN ") == count(b"-----END ")
}

fn content(private: Result<PrivateKey, Problem>) -> Result<KeyContent, Problem> {
    private.and_then(|private| {
        let public = private.public_key().ok_or_else(|| {
            Problem::new(ErrorCode::KeystoreCorrupt, "the key has no valid public half")
        })?;
        Ok(KeyContent::Private { private: Box::new(private), public })
    })
}

fn is_encrypted() -> Problem {
    Problem::new(
        ErrorCode::KeystoreUnsupported,
        "the private key is encrypted, which this version does not read; decrypt it with \
         `openssl pkcs8 -in key.pem -out plain.pem` and protect the file instead",
    )
}

fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, Problem> {
    let info = PrivateKeyInfoRef::try_from(der)
        .map_err(|_| Problem::new(ErrorCode::KeystoreCorrupt, "not a PKCS#8 private key"))?;
    match info.algorithm.oid {
        RSA_ENCRYPTION => PrivateKey::rsa_from_pkcs8(der),
        ED25519 => PrivateKey::ed25519_from_pkcs8(der),
        EC_PUBLIC_KEY => {
            let named = info.algorithm.parameters_oid().ok();
            match CURVES.iter().find(|(oid, _)| named == Some(*oid)) {
                Some((_, curve)) => PrivateKey::ec_from_pkcs8(*curve, der),
                None => Err(Problem::new(
                    ErrorCode::KeystoreUnusableKey,
                    "an EC key on a curve other than P-256, P-384 and P-521",
                )),
            }
        }
        other => Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!(
                "a key of a type that cannot sign an assertion (OID {other}); use RSA, EC or Ed25519"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> Problem {
        parse(text.as_bytes()).and_then(|set| set.select(None)).err().unwrap()
    }

    #[test]
    fn text_without_a_private_key_says_what_is_looked_for() {
        assert!(refusal("hello").message.contains("RSA PRIVATE KEY"));
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(refusal(certificate).code, ErrorCode::KeystoreUnusableKey);
    }

    #[test]
    fn an_encrypted_key_is_told_from_a_damaged_one() {
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(refusal(encrypted).code, ErrorCode::KeystoreUnsupported);
        let traditional = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(refusal(traditional).code, ErrorCode::KeystoreUnsupported);
        let cut_short = "-----BEGIN PRIVATE KEY-----\nAAAA\n";
        assert_eq!(refusal(cut_short).code, ErrorCode::KeystoreCorrupt);
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(refusal(damaged).code, ErrorCode::KeystoreCorrupt);
    }

    proptest! {
        #[test]
        fn any_block_is_read_without_a_panic(
            label in "PRIVATE KEY|RSA PRIVATE KEY|EC PRIVATE KEY|EC PARAMETERS|CERTIFICATE",
            body in "[A-Za-z0-9+/]{0,120}={0,2}",
        ) {
            let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            let _ = parse(text.as_bytes()).and_then(|set| set.select(None));
        }
    }
}
