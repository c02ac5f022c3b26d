//! What a keystore's bytes are: sniffed by content, never by a file's name (KF-5).

use super::key_set::KeySet;
use super::passphrases::Passphrases;
use super::{jwk, pem};
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
}

impl KeystoreFormat {
    /// Its name in `KeystoreInfo`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwks => "jwks",
            Self::Pem => "pem",
            Self::External => "external",
        }
    }
}

/// Every key in it.
pub(crate) fn parse(
    bytes: &[u8],
    passphrases: &Passphrases,
) -> Result<(KeystoreFormat, KeySet), Problem> {
    const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
    const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];
    const DER_SEQUENCE: u8 = 0x30;
    let unsupported = |what: &str| Err(Problem::new(ErrorCode::KeystoreUnsupported, what));
    if bytes.len() > MAX_BYTES {
        return unsupported("larger than 1 MiB: not a keystore");
    }
    if bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS) {
        return unsupported(
            "a Java keystore, which this version does not read; export the key as PEM \
             (keytool -importkeystore to PKCS#12, then openssl pkcs12 -nodes)",
        );
    }
    if bytes.first() == Some(&DER_SEQUENCE) && !bytes.is_ascii() {
        return unsupported(
            "binary DER or PKCS#12, which this version does not read; convert it to PEM \
             (openssl pkey -inform DER, or openssl pkcs12 -nodes)",
        );
    }
    if bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        return Ok((KeystoreFormat::Pem, pem::parse(bytes, passphrases)?));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((KeystoreFormat::Jwks, jwk::parse(text)?)),
        Err(_) => Err(Problem::new(ErrorCode::KeystoreCorrupt, "neither a JWKS nor PEM")),
    }
}
