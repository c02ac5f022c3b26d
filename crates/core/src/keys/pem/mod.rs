//! PEM private keys: PKCS#8, PKCS#1 and SEC 1 (KF-2; RFC 7468, RFC 5958, RFC 8017, RFC 5915).

mod block;
mod encryption;

use ::pkcs8::der::asn1::AnyRef;
use ::pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use zeroize::Zeroizing;

use self::block::{Block, Damage};
pub(super) use self::block::{from_base64, is_pem};
use super::budget::Budget;
use super::certificate::Certificate;
use super::key_entry::KeyEntry;
use super::key_set::{KeySet, MAX_ENTRIES, too_many};
use super::passphrases::Passphrases;
use super::signer::PrivateKey;
use super::{der, key_type};
use crate::error::{ErrorCode, Problem};

/// Every private key of a PEM text, in its order, with the certificates beside them.
pub(super) fn parse(text: &[u8], passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let text = block::plain(text);
    let mut found = Found::default();
    let mut budget = Budget::of_one_file();
    for (index, block) in block::scan(&text).enumerate() {
        if index >= MAX_ENTRIES {
            return Err(too_many());
        }
        found.add(block, passphrases, &mut budget)?;
    }
    if found.keys.is_empty() {
        return Err(found.without_private_key());
    }
    Ok(KeySet::with_certificates(found.keys, &found.certificates))
}

/// Blocks by what they are good for.
#[derive(Default)]
struct Found {
    keys: Vec<KeyEntry>,
    certificates: Vec<Certificate>,
    /// `openssl ecparam -genkey` writes the curve's name in front of the key.
    parameters: Option<Zeroizing<Vec<u8>>>,
    has_blocks: bool,
    has_certificates: bool,
    has_public_keys: bool,
}

impl Found {
    fn add(
        &mut self,
        block: Block<'_>,
        passphrases: &Passphrases,
        budget: &mut Budget,
    ) -> Result<(), Problem> {
        self.has_blocks = true;
        let label = block.label;
        let private = match label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                self.has_certificates = true;
                // One that cannot be read is no reason to refuse the key.
                self.certificates.extend(block.content.ok().and_then(|der| certificate(&der)));
                return Ok(());
            }
            "EC PARAMETERS" => {
                self.parameters = Some(block.content.map_err(|damage| damaged(label, damage))?);
                return Ok(());
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => {
                self.has_public_keys = true;
                return Ok(());
            }
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                let parameters = self.parameters.take();
                let parameters = parameters.as_ref().map(|der| der.as_slice());
                private_key(block, parameters, passphrases, budget)
            }
            "OPENSSH PRIVATE KEY" => Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                "a key in OpenSSH's own format, which this version does not read; convert a copy \
                 of an RSA or ECDSA key with `ssh-keygen -p -m PKCS8 -f <copy>`, or make a new key",
            )),
            "PGP PRIVATE KEY BLOCK" => Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                "an OpenPGP key, which no OAuth server knows; make a new key",
            )),
            "DSA PRIVATE KEY" => {
                Err(Problem::new(ErrorCode::KeystoreUnusableKey, key_type::DSA_SIGNS_NOTHING))
            }
            _ => return Ok(()),
        };
        self.keys.push(KeyEntry::of_private_key(private));
        Ok(())
    }

    fn without_private_key(&self) -> Problem {
        let unusable = |what: &str| Problem::new(ErrorCode::KeystoreUnusableKey, what);
        match self {
            Self { has_public_keys: true, .. } => unusable(key_type::PUBLIC_ONLY),
            Self { has_certificates: true, .. } => {
                unusable("there are only certificates in it; the private key is needed to sign")
            }
            Self { has_blocks: true, .. } => unusable(
                "there is no private key in this PEM text (PRIVATE KEY, RSA PRIVATE KEY or EC \
                 PRIVATE KEY)",
            ),
            _ => Problem::new(
                ErrorCode::KeystoreCorrupt,
                "no PEM block that can be read: expected one that begins PRIVATE KEY, RSA PRIVATE \
                 KEY or EC PRIVATE KEY",
            ),
        }
    }
}

fn private_key(
    block: Block<'_>,
    parameters: Option<&[u8]>,
    passphrases: &Passphrases,
    budget: &mut Budget,
) -> Result<PrivateKey, Problem> {
    let mut content = block.content.map_err(|damage| damaged(block.label, damage))?;
    if let Some(dek_info) = block.encryption {
        content = encryption::decrypt(&content, dek_info, passphrases)?;
    }
    let parameters = parameters.map(|der| {
        AnyRef::from_der(der)
            .map_err(|_| Problem::new(ErrorCode::KeystoreCorrupt, "damaged EC PARAMETERS"))
    });
    der::private_key(&content, parameters.transpose()?, passphrases, budget)
}

/// OpenSSL's trust settings may follow it.
fn certificate(der: &[u8]) -> Option<Certificate> {
    let certificate: AnyRef<'_> = SliceReader::new(der).ok()?.decode().ok()?;
    Certificate::parse(&certificate.to_der().ok()?)
}

fn damaged(label: &str, damage: Damage) -> Problem {
    Problem::new(
        ErrorCode::KeystoreCorrupt,
        format!("a PEM block {label} is damaged: {}", damage.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::KeyChoice;
    use crate::keys::key_set::SelectedKey;
    use crate::secret::Secret;

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../../../__test__/fixtures/keystores-core/pem-", $name))
        };
    }

    const P256: &str = fixture!("ec-p256-sec1.pem");

    fn select(text: &str, passphrase: Option<&str>) -> Result<SelectedKey, Problem> {
        let keystore = passphrase.map(|passphrase| Secret::new(passphrase.to_owned()));
        parse(text.as_bytes(), &Passphrases { keystore, key: None })?.select(&KeyChoice::default())
    }

    fn thumbprint(text: &str) -> String {
        select(text, None).unwrap_or_else(|problem| panic!("{text}: {problem:?}")).key.key_id
    }

    fn refusal(text: &str) -> Problem {
        select(text, None).err().unwrap()
    }

    #[test]
    fn the_same_key_is_read_from_every_structure_that_it_comes_in() {
        for text in [
            fixture!("ec-p256-parameters.pem"),
            fixture!("ec-p256-no-public.pem"),
            fixture!("ec-p256-compressed.pem"),
            fixture!("ec-p256-explicit.pem"),
            fixture!("ec-p256-pkcs8.pem"),
            fixture!("ec-p256-pkcs8-no-public.pem"),
            fixture!("ec-p256-pkcs8-explicit.pem"),
            fixture!("bag-attributes.pem"),
            fixture!("certificate-text.pem"),
        ] {
            assert_eq!(thumbprint(text), thumbprint(P256), "{text}");
        }
        let p384 = thumbprint(fixture!("ec-p384-sec1.pem"));
        assert_eq!(thumbprint(fixture!("ec-p384-no-parameters.pem")), p384);
        assert_eq!(thumbprint(fixture!("ec-p384-bare.pem")), p384);
        for (text, alg) in [
            (fixture!("ec-p521-sec1.pem"), "ES512"),
            (fixture!("ec-p521-explicit.pem"), "ES512"),
            (fixture!("ed25519.pem"), "EdDSA"),
            (fixture!("rsa-2048.pem"), "RS384"),
        ] {
            let key = select(text, None).unwrap().key;
            assert_eq!(key.algorithm().as_str(), alg);
            assert!(!key.sign(key.algorithm(), b"message").unwrap().is_empty());
        }
    }

    #[test]
    fn a_label_that_promises_another_structure_does_not_matter() {
        let mislabelled = fixture!("ec-p256-pkcs8.pem").replace("PRIVATE KEY", "RSA PRIVATE KEY");
        assert_eq!(thumbprint(&mislabelled), thumbprint(P256));
    }

    #[test]
    fn parameters_in_front_of_a_key_name_its_curve() {
        let bare = fixture!("ec-p384-bare.pem");
        let other = "-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n";
        let problem = refusal(&format!("{other}{bare}"));
        assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey);
        assert!(problem.message.contains("secp256k1"), "{}", problem.message);
        // Only the key right behind them is meant, and only if it does not name its own.
        assert_eq!(thumbprint(&format!("{other}{bare}{bare}")), thumbprint(bare));
        assert_eq!(thumbprint(&format!("{other}{P256}")), thumbprint(P256));
        let damaged = other.replace("BgUrgQQACg==", "BgU=");
        assert_eq!(refusal(&format!("{damaged}{bare}")).code, ErrorCode::KeystoreCorrupt);
    }

    #[test]
    fn certificates_of_every_label_belong_to_the_key_beside_them() {
        let certificate = fixture!("certificate.pem");
        for certificate in [
            certificate,
            &certificate.replace("CERTIFICATE", "X509 CERTIFICATE"),
            fixture!("certificate-trusted.pem"),
        ] {
            let selected = select(&format!("{certificate}{P256}"), None).unwrap();
            assert_eq!((selected.certificates, selected.key.certificates.len()), (1, 1));
            let other = refusal(&format!("{certificate}{}", fixture!("ed25519.pem")));
            assert!(other.message.contains("does not belong"), "{}", other.message);
        }
    }

    #[test]
    fn several_private_keys_are_several_entries() {
        let text = format!("{}{P256}{}", fixture!("openssh.pem"), fixture!("ed25519.pem"));
        let selected = select(&text, None).unwrap();
        assert_eq!(selected.key.algorithm().as_str(), "ES256");
        assert_eq!(selected.public_jwks["keys"].as_array().unwrap().len(), 2);
        assert_eq!(selected.warnings.len(), 1);
    }

    #[test]
    fn traditional_encryption_opens_with_its_passphrase_and_no_other() {
        for text in [
            fixture!("ec-p256-aes128.pem"),
            fixture!("ec-p256-aes192.pem"),
            fixture!("ec-p256-aes256.pem"),
            fixture!("ec-p256-des3.pem"),
            fixture!("ec-p256-des.pem"),
        ] {
            let one_line = text.replace('\n', " ");
            for text in [text, &one_line] {
                let selected = select(text, Some("opensesame")).unwrap();
                assert_eq!(selected.key.key_id, thumbprint(P256), "{text}");
                for passphrase in [None, Some(""), Some("opensesam"), Some("opensesame ")] {
                    let problem = select(text, passphrase).err().unwrap();
                    assert_eq!(problem.code, ErrorCode::KeystorePassphrase, "{text}");
                    assert_eq!(problem.message.contains("no passphrase"), passphrase.is_none());
                }
            }
        }
        let text = fixture!("rsa-2048-aes256.pem");
        let selected = select(text, Some("pässword")).unwrap();
        assert_eq!(selected.key.key_id, thumbprint(fixture!("rsa-2048.pem")));
        let camellia = select(fixture!("ec-p256-camellia128.pem"), Some("opensesame"));
        let camellia = camellia.err().unwrap();
        assert_eq!(camellia.code, ErrorCode::KeystoreUnsupported);
        assert!(camellia.message.contains("CAMELLIA-128-CBC"), "{}", camellia.message);
    }

    #[test]
    fn no_wrong_passphrase_of_many_passes_for_the_right_one() {
        // One in 256 leaves valid padding.
        for attempt in 0..2000 {
            let wrong = format!("wrong{attempt}");
            let problem = select(fixture!("ec-p256-aes128.pem"), Some(&wrong)).err().unwrap();
            assert_eq!(problem.code, ErrorCode::KeystorePassphrase, "{attempt}");
        }
    }

    #[test]
    fn what_cannot_sign_says_what_it_is() {
        for (text, code, word) in [
            (fixture!("ec-secp256k1.pem"), ErrorCode::KeystoreUnusableKey, "secp256k1"),
            (fixture!("ec-secp256k1-explicit.pem"), ErrorCode::KeystoreUnusableKey, "spelled out"),
            (fixture!("ec-p224-pkcs8.pem"), ErrorCode::KeystoreUnusableKey, "P-224"),
            (fixture!("rsa-1024.pem"), ErrorCode::KeystoreUnusableKey, "2048"),
            (fixture!("dsa.pem"), ErrorCode::KeystoreUnusableKey, "DSA"),
            (fixture!("openssh.pem"), ErrorCode::KeystoreUnsupported, "ssh-keygen -p -m PKCS8"),
            (fixture!("certificate.pem"), ErrorCode::KeystoreUnusableKey, "only certificates"),
            (fixture!("ec-p256-public.pem"), ErrorCode::KeystoreUnusableKey, "only the public"),
            (fixture!("rsa-public.pem"), ErrorCode::KeystoreUnusableKey, "only the public"),
            (
                "-----BEGIN PKCS12-----\nAAAA\n-----END PKCS12-----",
                ErrorCode::KeystoreUnusableKey,
                "RSA PRIVATE KEY",
            ),
            ("hello", ErrorCode::KeystoreCorrupt, "RSA PRIVATE KEY"),
            ("-----BEGIN PRIVATE\nKEY-----", ErrorCode::KeystoreCorrupt, "no PEM block"),
        ] {
            let problem = refusal(text);
            assert_eq!(problem.code, code, "{text}: {}", problem.message);
            assert!(problem.message.contains(word), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn a_damaged_block_is_told_from_a_key_that_is_not_read() {
        for (text, word) in [
            (P256.replace("-----END", "----"), "cut short"),
            (fixture!("ec-p256-pkcs8.pem").replacen("\nM", "\nA", 1), "DER"),
            (P256.replacen("KEY-----\nM", "KEY-----\n*", 1), "base64"),
            (
                fixture!("ec-p256-aes128.pem")
                    .replace("DEK-Info: AES-128-CBC,", "DEK-Info: AES-128-CBC,0"),
                "DEK-Info",
            ),
        ] {
            let problem = refusal(&text);
            assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "{text}: {}", problem.message);
            assert!(problem.message.contains(word), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn a_damaged_certificate_is_no_reason_to_refuse_the_key() {
        let text = format!("-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----\n{P256}");
        assert_eq!(thumbprint(&text), thumbprint(P256));
    }

    #[test]
    fn a_passphrase_never_comes_back_in_a_problem() {
        let problem = select(fixture!("ec-p256-des3.pem"), Some("Pa55phrase")).err().unwrap();
        assert!(!format!("{problem:?}").contains("Pa55"));
    }

    #[test]
    fn every_truncation_ends_without_a_panic() {
        for text in [fixture!("ec-p256-parameters.pem"), fixture!("ec-p256-aes128.pem")] {
            for length in 0..text.len() {
                let _ = select(&text[..length], Some("opensesame"));
            }
        }
    }

    proptest! {
        #[test]
        fn any_block_is_read_without_a_panic(
            label in "PRIVATE KEY|RSA PRIVATE KEY|EC PRIVATE KEY|EC PARAMETERS|CERTIFICATE|TRUSTED CERTIFICATE",
            headers in "|Proc-Type: 4,ENCRYPTED\n(DEK-Info: (AES-128-CBC|DES-CBC),[0-9A-F]{16}{1,2}\n\n)?",
            body in "[A-Za-z0-9+/]{0,120}={0,2}",
        ) {
            let text = format!("-----BEGIN {label}-----\n{headers}{body}\n-----END {label}-----\n");
            let _ = select(&text, Some("opensesame"));
        }

        #[test]
        fn any_bytes_and_any_mutation_end_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(), to: u8,
        ) {
            let _ = parse(&bytes, &Passphrases::default());
            for text in [fixture!("ec-p256-explicit.pem"), fixture!("ec-p256-des.pem")] {
                let mut bytes = text.as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] = to;
                let keystore = Some(Secret::new("opensesame".to_owned()));
                let _ = parse(&bytes, &Passphrases { keystore, key: None })
                    .and_then(|keys| keys.select(&KeyChoice::default()));
            }
        }
    }
}
