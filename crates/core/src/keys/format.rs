//! What a keystore's bytes are: sniffed by content, never by a file's name (KF-5).

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::external_signer::{ExternalKey, ExternalSigner};
use super::key_entry::KeyContent;
use super::key_set::KeySet;
use super::passphrases::Passphrases;
use super::signer::PrivateKey;
use super::{der, jks, jwk, pem, pkcs12, text};
use crate::error::{ErrorCode, Problem};

/// Larger than any keystore, smaller than a mistake.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// What the bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeystoreFormat {
    /// JWK or JWKS (RFC 7517).
    Jwks,
    /// PEM (RFC 7468).
    Pem,
    /// A key that cannot be exported, behind a call.
    External,
    /// A single private key in binary: PKCS#8, PKCS#1 or SEC 1.
    Der,
    /// PKCS#12 (RFC 7292).
    Pkcs12,
    /// A Java keystore: JKS or JCEKS.
    Jks,
}

impl KeystoreFormat {
    /// Its name in `KeystoreInfo`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwks => "jwks",
            Self::Pem => "pem",
            Self::External => "external",
            Self::Der => "der",
            Self::Pkcs12 => "pkcs12",
            Self::Jks => "jks",
        }
    }
}

/// Every key in it.
pub(crate) fn parse(
    bytes: &[u8],
    passphrases: &Passphrases,
) -> Result<(KeystoreFormat, KeySet), Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::new(
            ErrorCode::KeystoreUnsupported,
            "larger than 1 MiB: not a keystore",
        ));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::new(ErrorCode::KeystoreCorrupt, "there is nothing in it"));
    }
    let utf8 = text::from_utf16(bytes);
    let bytes = utf8.as_ref().map_or(bytes, |text| text.as_bytes());
    if let Some(found) = recognised(bytes, passphrases) {
        return found;
    }
    // Secrets in environment variables and in Kubernetes are often wrapped once more.
    if let Some(unwrapped) = unwrapped(bytes)
        && let Some(found) = recognised(&unwrapped, passphrases)
    {
        return found;
    }
    Err(Problem::new(
        ErrorCode::KeystoreCorrupt,
        "none of what is looked for: JWK or JWKS (JSON), PEM, DER, PKCS#12, JKS or JCEKS, or one \
         of these in base64",
    ))
}

/// `None` for bytes that are the beginning of no known format.
fn recognised(
    bytes: &[u8],
    passphrases: &Passphrases,
) -> Option<Result<(KeystoreFormat, KeySet), Problem>> {
    if jks::is_jks(bytes) {
        return Some(jks::parse(bytes, passphrases).map(|keys| (KeystoreFormat::Jks, keys)));
    }
    let is_pem = pem::is_pem(bytes);
    if !is_pem && pkcs12::is_pfx(bytes) {
        return Some(pkcs12::parse(bytes, passphrases).map(|keys| (KeystoreFormat::Pkcs12, keys)));
    }
    if !is_pem && der::is_der(bytes) {
        return Some(der::parse(bytes, passphrases).map(|keys| (KeystoreFormat::Der, keys)));
    }
    let pem = || pem::parse(bytes, passphrases).map(|keys| (KeystoreFormat::Pem, keys));
    if !matches!(text::without_mark(bytes).trim_ascii_start().first(), Some(b'{' | b'[')) {
        return is_pem.then(pem);
    }
    let jwks = match std::str::from_utf8(bytes) {
        Ok(text) => jwk::parse(text),
        Err(_) => Err(Problem::new(ErrorCode::KeystoreCorrupt, "JSON that is not UTF-8")),
    };
    match jwks {
        // Other JSON may hold PEM, as the key files of some clouds do.
        Err(_) if is_pem => Some(pem()),
        jwks => Some(jwks.map(|keys| (KeystoreFormat::Jwks, keys))),
    }
}

/// The one key that an external signer has: what stands in for a keystore's bytes.
pub(crate) fn external(
    signer: Arc<dyn ExternalSigner>,
    public_jwk: &str,
    time_limit: Duration,
) -> Result<KeySet, Problem> {
    let mut entry = jwk::parse(public_jwk)?
        .into_only_entry()
        .ok_or_else(|| Problem::config("publicJwk: expected one public JWK"))?;
    let public = match entry.content {
        KeyContent::Public(public) => public,
        KeyContent::Private { .. } => {
            return Err(Problem::config(
                "publicJwk has private members; with the private key at hand, register it with jwks",
            ));
        }
        KeyContent::Unusable(problem) => return Err(problem),
    };
    let key = ExternalKey::new(signer, public.clone(), time_limit);
    let private = Box::new(PrivateKey::External(key));
    entry.content = KeyContent::Private { private, public };
    Ok(KeySet::new(vec![entry]))
}

/// True for base64 of the beginning of a keystore: an environment variable in the wrong place.
pub(crate) fn is_wrapped_keystore(text: &[u8]) -> bool {
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    // Base64url too, which is how JWKs have their numbers.
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().map(standard).collect());
    unwrapped(&text).is_some_and(|bytes| {
        jks::is_jks(&bytes)
            || der::is_der(&bytes)
            || pem::is_pem(&bytes)
            || bytes.trim_ascii_start().starts_with(b"{")
    })
}

/// What is in base64, if the whole text is that.
fn unwrapped(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let text = text::without_mark(bytes).iter().copied();
    digits.extend(text.filter(|byte| !byte.is_ascii_whitespace()));
    pem::from_base64(&digits)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::secret::Secret;

    const JSON: &str =
        include_str!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
    const PEM: &str =
        include_str!("../../../../__test__/fixtures/keystores-core/pem-ec-p256-sec1.pem");
    const DER: &[u8] =
        include_bytes!("../../../../__test__/fixtures/keystores-core/der-ec-p256-pkcs8.der");
    const JKS: &[u8] = include_bytes!("../../../../__test__/fixtures/keystores-core/jks-keys.jks");
    const JCEKS: &[u8] =
        include_bytes!("../../../../__test__/fixtures/keystores-core/jceks-keys.jceks");

    fn format(bytes: &[u8]) -> Result<KeystoreFormat, Problem> {
        let passphrases =
            Passphrases { keystore: Some(Secret::new("storepass".to_owned())), key: None };
        let (format, keys) = parse(bytes, &passphrases)?;
        keys.select(&crate::keys::KeyChoice::default()).map(|_| format)
    }

    fn wrapped(bytes: &[u8]) -> Vec<u8> {
        let base64 = STANDARD.encode(bytes);
        let lines: Vec<_> = base64.as_bytes().chunks(76).collect();
        lines.join(&b'\n')
    }

    #[test]
    fn formats_are_known_by_content_as_they_are_and_in_one_layer_of_base64() {
        for (bytes, expected) in [
            (JSON.as_bytes(), KeystoreFormat::Jwks),
            (PEM.as_bytes(), KeystoreFormat::Pem),
            (DER, KeystoreFormat::Der),
            (JKS, KeystoreFormat::Jks),
            (JCEKS, KeystoreFormat::Jks),
        ] {
            assert_eq!(format(bytes), Ok(expected));
            let once = wrapped(bytes);
            assert_eq!(format(&once), Ok(expected));
            assert_eq!(format(&[b"\n ", once.as_slice(), b"\r\n"].concat()), Ok(expected));
            let twice = format(&wrapped(&once)).unwrap_err();
            assert_eq!(twice.code, ErrorCode::KeystoreCorrupt);
        }
    }

    #[test]
    fn a_pfx_is_known_by_its_first_octets_whatever_its_length_looks_like() {
        let content = [2, 1, 3, 0x30, 0x80];
        for length in [&[5][..], &[0x80], &[0x82, 1, 0], &[0x84, 0, 0, 1, 0]] {
            assert!(pkcs12::is_pfx(&[&[0x30], length, &content].concat()), "{length:?}");
        }
        assert!(pkcs12::is_pfx(fixture!("der-pkcs12.p12")));
        for other in [DER, &[0x30], &[0x30, 0x84, 0]] {
            assert!(!pkcs12::is_pfx(other));
        }
    }

    #[test]
    fn text_may_have_a_mark_or_be_utf_16() {
        for (text, expected) in [(JSON, KeystoreFormat::Jwks), (PEM, KeystoreFormat::Pem)] {
            assert_eq!(format(format!("\u{feff}{text}").as_bytes()), Ok(expected));
            let marked: Vec<u16> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).collect();
            let little: Vec<_> = marked.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<_> = marked.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            assert_eq!((format(&little), format(&big)), (Ok(expected), Ok(expected)));
        }
    }

    #[test]
    fn a_key_file_of_a_cloud_is_its_pem() {
        let escaped = PEM.replace('\n', "\\n");
        let json = format!(r#"{{"type":"service_account","private_key":"{escaped}"}}"#);
        assert_eq!(format(json.as_bytes()), Ok(KeystoreFormat::Pem));
    }

    #[test]
    fn what_is_none_of_these_is_answered_with_what_was_looked_for() {
        for bytes in [&b"hello"[..], b"AAAA", &[0xFF, 0xFE], &[0, 159, 146, 150]] {
            let problem = format(bytes).unwrap_err();
            assert_eq!(problem.code, ErrorCode::KeystoreCorrupt);
            for word in ["JWKS", "PEM", "DER", "PKCS#12", "JKS", "JCEKS"] {
                assert!(problem.message.contains(word), "{}", problem.message);
            }
        }
        assert_eq!(format(b"{\xFF}").unwrap_err().message, "JSON that is not UTF-8");
    }

    #[test]
    fn what_is_too_large_is_not_looked_at() {
        let huge = [PEM.as_bytes(), &vec![b' '; MAX_BYTES]].concat();
        assert_eq!(format(&huge).unwrap_err().code, ErrorCode::KeystoreUnsupported);
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = format(&bytes);
            let _ = format(&wrapped(&bytes));
        }
    }
}
