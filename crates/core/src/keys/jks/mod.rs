//! Java keystores, JKS and JCEKS (KF-2): private keys with their chains under aliases.

mod java_object;
mod protection;

use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};

use super::budget::Budget;
use super::certificate::Certificate;
use super::key_entry::KeyEntry;
use super::key_set::KeySet;
use super::passphrases::{self, Passphrases};
use super::pkcs8;
use crate::error::{ErrorCode, Problem};

const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];
/// Sun's salt of the digest that keeps the whole.
const WHITENER: &[u8] = b"Mighty Aphrodite";

pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS)
}

/// Every private key of it; what cannot sign comes after them, so that nobody hears of it in vain.
pub(super) fn parse(bytes: &[u8], passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let corrupt = || Problem::new(ErrorCode::KeystoreCorrupt, "a Java keystore that is cut short");
    let length = bytes.len().checked_sub(SHA1_OUTPUT_LEN).ok_or_else(corrupt)?;
    let (content, digest) = bytes.split_at(length);
    let mut reader = Reader(content.get(JKS.len()..).ok_or_else(corrupt)?);
    let version = reader.int().ok_or_else(corrupt)?;
    if !matches!(version, 1 | 2) {
        return Err(Problem::new(
            ErrorCode::KeystoreUnsupported,
            format!(
                "a Java keystore of version {version}, which this version does not read; convert it \
                 with `keytool -importkeystore -deststoretype PKCS12`"
            ),
        ));
    }
    let entries = reader.entries(version).ok_or_else(corrupt)?;
    if let Some(passphrase) = passphrases.of_store()
        && digest_of(content, passphrase).as_ref() != digest
    {
        return Err(passphrases::wrong("the keystore"));
    }
    into_key_set(entries, passphrases)
}

/// Over the passphrase as well: it tells a wrong one from a right one.
fn digest_of(content: &[u8], passphrase: &str) -> Digest {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(&protection::utf16(passphrase));
    digest.update(WHITENER);
    digest.update(content);
    digest.finish()
}

fn into_key_set(entries: Vec<Entry<'_>>, passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let unusable = |what: &str| Problem::new(ErrorCode::KeystoreUnusableKey, what);
    let holds =
        |wanted: fn(&Content<'_>) -> bool| entries.iter().any(|entry| wanted(&entry.content));
    let has_secrets = holds(|content| matches!(content, Content::Secret | Content::Unread));
    if !holds(|content| matches!(content, Content::PrivateKey { .. })) {
        return Err(unusable(match (entries.is_empty(), has_secrets) {
            (true, _) => "a Java keystore without any entry",
            (false, false) => {
                "a truststore: there are only trusted certificates in it, and no private key"
            }
            (false, true) => "a Java keystore with secret keys and without a private key",
        }));
    }
    let passphrase = passphrases.of_key().ok_or_else(|| passphrases::missing("the keystore"))?;
    let mut keys = Vec::new();
    let mut others = Vec::new();
    let mut budget = Budget::of_one_file();
    for Entry { alias, content } in entries {
        let other = match content {
            Content::PrivateKey { protected, chain } => {
                let key = protection::decrypt(protected, passphrase, &mut budget)
                    .and_then(|der| pkcs8::parse(&der));
                let chain = chain.into_iter().map(Certificate::parse);
                keys.push(KeyEntry::of_private_key(key).named(Some(alias)).certified(chain));
                continue;
            }
            Content::TrustedCertificate => "a trusted certificate, not a key",
            Content::Secret => "a secret key; a private key is needed to sign",
            Content::Unread => {
                "a secret key that cannot be passed over, so that nothing behind it was read; \
                 convert the keystore with `keytool -importkeystore -deststoretype PKCS12`"
            }
        };
        others.push(KeyEntry::new(None, None, Err(unusable(other))).named(Some(alias)));
    }
    keys.append(&mut others);
    Ok(KeySet::new(keys))
}

struct Entry<'a> {
    alias: String,
    content: Content<'a>,
}

enum Content<'a> {
    PrivateKey {
        protected: &'a [u8],
        chain: Vec<&'a [u8]>,
    },
    TrustedCertificate,
    /// JCEKS only.
    Secret,
    /// The same, and nothing behind it can be found.
    Unread,
}

/// Big-endian, as Java's `DataInputStream`; `None` past the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn entries(&mut self, version: u32) -> Option<Vec<Entry<'a>>> {
        let count = self.int()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let entry = self.entry(version)?;
            let is_last = matches!(entry.content, Content::Unread);
            entries.push(entry);
            if is_last {
                return Some(entries);
            }
        }
        self.0.is_empty().then_some(entries)
    }

    fn entry(&mut self, version: u32) -> Option<Entry<'a>> {
        let tag = self.int()?;
        let alias = modified_utf8(self.utf()?);
        // When it was made.
        self.take(8)?;
        let content = match tag {
            1 => {
                let protected = self.block()?;
                let count = self.int()?;
                let mut chain = Vec::new();
                for _ in 0..count {
                    chain.push(self.certificate(version)?);
                }
                Content::PrivateKey { protected, chain }
            }
            2 => {
                self.certificate(version)?;
                Content::TrustedCertificate
            }
            3 => match java_object::stream_len(self.0) {
                Some(length) => {
                    self.take(length)?;
                    Content::Secret
                }
                None => Content::Unread,
            },
            _ => return None,
        };
        Some(Entry { alias, content })
    }

    fn certificate(&mut self, version: u32) -> Option<&'a [u8]> {
        if version == 2 {
            // Its type, which is X.509.
            self.utf()?;
        }
        self.block()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn int(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes)
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.int()?).ok()?;
        self.take(length)
    }

    fn utf(&mut self) -> Option<&'a [u8]> {
        let length = self.take(2)?.first_chunk().copied().map(u16::from_be_bytes)?;
        self.take(usize::from(length))
    }
}

/// Java's `DataInput.readUTF`: each UTF-16 unit by itself, in one to three octets.
fn modified_utf8(bytes: &[u8]) -> String {
    let low = |byte: Option<&u8>| u16::from(byte.copied().unwrap_or_default() & 0x3F);
    let mut units = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter();
    while let Some(&first) = bytes.next() {
        let first_bits = u16::from(first);
        units.push(match first {
            0xC0..=0xDF => (first_bits & 0x1F) << 6 | low(bytes.next()),
            0xE0..=0xEF => (first_bits & 0x0F) << 12 | low(bytes.next()) << 6 | low(bytes.next()),
            _ => first_bits,
        });
    }
    String::from_utf16_lossy(&units)
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
            include_bytes!(concat!("../../../../../__test__/fixtures/keystores-core/", $name))
        };
    }

    const KEYS: [&[u8]; 2] = [fixture!("jks-keys.jks"), fixture!("jceks-keys.jceks")];
    const MIXED: [&[u8]; 2] = [fixture!("jks-mixed.jks"), fixture!("jceks-mixed.jceks")];
    const TRUSTSTORES: [&[u8]; 2] =
        [fixture!("jks-truststore.jks"), fixture!("jceks-truststore.jceks")];

    fn passphrases(keystore: Option<&str>, key: Option<&str>) -> Passphrases {
        let secret = |text: &str| Secret::new(text.to_owned());
        Passphrases { keystore: keystore.map(secret), key: key.map(secret) }
    }

    fn select(
        bytes: &[u8],
        passphrases: &Passphrases,
        alias: &str,
    ) -> Result<SelectedKey, Problem> {
        let choice = KeyChoice { alias: Some(alias.to_owned()), key_id: None };
        parse(bytes, passphrases)?.select(&choice)
    }

    fn refusal(bytes: &[u8], passphrases: &Passphrases) -> Problem {
        parse(bytes, passphrases).and_then(|keys| keys.select(&KeyChoice::default())).err().unwrap()
    }

    #[test]
    fn keys_with_their_certificates_are_found_under_their_aliases() {
        for keystore in KEYS {
            let first = select(keystore, &passphrases(Some("storepass"), None), "FIRST").unwrap();
            assert_eq!(first.key.algorithm().as_str(), "ES256");
            assert_eq!(first.key.certificates.len(), 1);
            let both = passphrases(Some("storepass"), Some("keypass1"));
            let second = select(keystore, &both, "second").unwrap();
            assert_eq!(second.key.algorithm().as_str(), "ES384");
            assert_eq!(second.key.certificates.len(), 1);
        }
        let rsa = parse(fixture!("jks-rsa.jks"), &passphrases(Some("storepass"), None)).unwrap();
        let rsa = rsa.select(&KeyChoice::default()).unwrap();
        assert_eq!(rsa.key.algorithm().as_str(), "RS384");
    }

    #[test]
    fn the_passphrase_of_the_keystore_and_that_of_the_key_are_told_apart() {
        for keystore in KEYS {
            let missing = refusal(keystore, &Passphrases::default());
            assert_eq!(missing.code, ErrorCode::KeystorePassphrase);
            assert!(missing.message.contains("no passphrase was given"), "{}", missing.message);
            for wrong in ["", "storepas", "störepass"] {
                let wrong = refusal(keystore, &passphrases(Some(wrong), Some("keypass1")));
                assert_eq!(wrong.code, ErrorCode::KeystorePassphrase);
                assert!(wrong.message.starts_with("the keystore does not"), "{}", wrong.message);
            }
            let wrong = select(keystore, &passphrases(Some("storepass"), None), "second");
            let wrong = wrong.err().unwrap();
            assert_eq!(wrong.code, ErrorCode::KeystorePassphrase);
            assert!(
                wrong.message.starts_with("key 'second': it does not open"),
                "{}",
                wrong.message
            );
            assert!(wrong.message.ends_with("keyPassphrase"), "{}", wrong.message);
            // Without that of the keystore its digest is not checked.
            assert!(select(keystore, &passphrases(None, Some("keypass1")), "second").is_ok());
        }
    }

    #[test]
    fn a_keystore_without_a_private_key_says_what_it_is() {
        for truststore in TRUSTSTORES {
            for passphrases in [Passphrases::default(), passphrases(Some("storepass"), None)] {
                let problem = refusal(truststore, &passphrases);
                assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey);
                assert!(problem.message.contains("truststore"), "{}", problem.message);
            }
        }
        let secret = refusal(fixture!("jceks-only-secret.jceks"), &Passphrases::default());
        assert!(secret.message.contains("secret keys"), "{}", secret.message);
        let empty = [&JKS[..], &[0, 0, 0, 2, 0, 0, 0, 0], &[0; 20]].concat();
        assert!(refusal(&empty, &Passphrases::default()).message.contains("without any entry"));
    }

    #[test]
    fn what_cannot_sign_is_in_nobodys_way() {
        for keystore in MIXED {
            let passphrases = passphrases(Some("storepass"), None);
            assert!(select(keystore, &passphrases, "first").is_ok());
            for (alias, word) in [("ca", "trusted certificate"), ("dsa", "a DSA key")] {
                let problem = select(keystore, &passphrases, alias).err().unwrap();
                assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey, "{}", problem.message);
                assert!(problem.message.contains(word), "{}", problem.message);
            }
        }
        let passphrases = passphrases(Some("storepass"), None);
        let with_secret = fixture!("jceks-secret.jceks");
        assert!(select(with_secret, &passphrases, "private").is_ok());
        let problem = select(with_secret, &passphrases, "secret").err().unwrap();
        assert!(problem.message.contains("secret key"), "{}", problem.message);
    }

    #[test]
    fn entries_before_a_secret_key_that_is_not_understood_are_read() {
        let [first, _] = KEYS;
        let odd = [&[0, 0, 0, 3, 0, 3][..], b"odd", &[0; 8], b"junk"].concat();
        let [head, rest] = [&first[4..8], &first[12..first.len() - SHA1_OUTPUT_LEN]];
        let bytes = [&JCEKS[..], head, &[0, 0, 0, 9], rest, &odd, &[0; 20]].concat();
        let passphrases = passphrases(None, Some("storepass"));
        assert!(select(&bytes, &passphrases, "first").is_ok());
        let problem = select(&bytes, &passphrases, "odd").err().unwrap();
        assert!(problem.message.contains("nothing behind it"), "{}", problem.message);
    }

    #[test]
    fn version_1_has_no_types_of_certificates_and_version_3_is_not_read() {
        let x509 = b"\0\x05X.509";
        let mut rest = KEYS[0];
        let mut older = Vec::new();
        while let Some(at) = rest.windows(x509.len()).position(|window| window == x509) {
            older.extend_from_slice(&rest[..at]);
            rest = &rest[at + x509.len()..];
        }
        older.extend_from_slice(rest);
        older[7] = 1;
        let passphrases = passphrases(None, Some("storepass"));
        assert_eq!(select(&older, &passphrases, "first").unwrap().key.certificates.len(), 1);
        older[7] = 3;
        assert_eq!(refusal(&older, &passphrases).code, ErrorCode::KeystoreUnsupported);
    }

    #[test]
    fn every_truncation_and_a_tail_are_damage() {
        for keystore in [KEYS, MIXED, TRUSTSTORES].concat() {
            for length in JKS.len()..keystore.len() {
                let problem = refusal(&keystore[..length], &passphrases(Some("storepass"), None));
                assert_eq!(problem.code, ErrorCode::KeystoreCorrupt, "{length}");
            }
            let longer = [keystore, &[0]].concat();
            assert_eq!(refusal(&longer, &Passphrases::default()).code, ErrorCode::KeystoreCorrupt);
        }
    }

    #[test]
    fn aliases_are_read_as_java_writes_them() {
        assert_eq!(modified_utf8("schlüssel €".as_bytes()), "schlüssel €");
        assert_eq!(modified_utf8(b"a\xC0\x80b"), "a\0b");
        assert_eq!(modified_utf8(b"\xED\xA0\xBD\xED\xB4\x91"), "\u{1F511}");
        assert_eq!(modified_utf8(b"\xE2\x82"), "\u{2080}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_single_mutation_ends_without_a_panic(
            which in 0..4_usize, at in any::<prop::sample::Index>(), to: u8,
        ) {
            let mut bytes = [KEYS, MIXED].concat()[which].to_vec();
            let at = at.index(bytes.len());
            bytes[at] = to;
            for passphrases in
                [passphrases(Some("storepass"), None), passphrases(None, Some("storepass"))]
            {
                let _ = parse(&bytes, &passphrases).map(|keys| keys.select(&KeyChoice::default()));
            }
        }

        #[test]
        fn any_bytes_end_without_a_panic(
            is_jceks: bool, rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let magic = if is_jceks { JCEKS } else { JKS };
            for version in [&[][..], &[0, 0, 0, 2]] {
                let bytes = [&magic, version, &rest].concat();
                let _ = parse(&bytes, &passphrases(None, Some("storepass")));
            }
        }
    }
}
