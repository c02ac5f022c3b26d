//! PEM private keys: PKCS#8, PKCS#1 and SEC 1 (requirements KF-2; RFC 7468, RFC 5958, RFC 8017, RFC 5915).

use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::key_set::{KeyEntry, KeySet};
use super::passphrases::Passphrases;
use super::pkcs8;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

/// Every private key of a PEM text, in its order; certificates beside them are counted.
pub(crate) fn parse(text: &[u8], _passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let blocks = pem::parse_many(text)
        .map_err(|_| Problem::new(ErrorCode::KeystoreCorrupt, "a PEM block is damaged"))?;
    let mut certificates = Vec::new();
    let mut entries = Vec::new();
    for block in blocks {
        let encrypted =
            block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
        let label = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        let private = match label.as_str() {
            "CERTIFICATE" => {
                certificates.extend(Certificate::parse(&der));
                continue;
            }
            "ENCRYPTED PRIVATE KEY" => Err(is_encrypted()),
            _ if encrypted => Err(is_encrypted()),
            "PRIVATE KEY" => pkcs8::parse(&der),
            "RSA PRIVATE KEY" => PrivateKey::rsa_from_pkcs1(&der),
            "EC PRIVATE KEY" => PrivateKey::ec_from_sec1(&der),
            // `openssl ecparam -genkey` writes the curve's parameters in front of the key.
            _ => continue,
        };
        entries.push(KeyEntry::of_private_key(private));
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
    Ok(KeySet::with_certificates(entries, &certificates))
}

/// The parser passes over a block that does not end.
fn is_complete(text: &[u8]) -> bool {
    let count = |boundary: &[u8]| text.windows(boundary.len()).filter(|at| *at == boundary).count();
    count(b"-----BEGIN ") == count(b"-----END ")
}

fn is_encrypted() -> Problem {
    Problem::new(
        ErrorCode::KeystoreUnsupported,
        "the private key is encrypted, which this version does not read; decrypt it with \
         `openssl pkcs8 -in key.pem -out plain.pem` and protect the file instead",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::KeyChoice;

    fn refusal(text: &str) -> Problem {
        parse(text.as_bytes(), &Passphrases::default())
            .and_then(|set| set.select(&KeyChoice::default()))
            .err()
            .unwrap()
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
            let _ = parse(text.as_bytes(), &Passphrases::default()).and_then(|set| set.select(&KeyChoice::default()));
        }
    }
}
