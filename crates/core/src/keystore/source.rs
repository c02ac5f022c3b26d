//! Where a keystore's bytes come from, and what they are.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::{KeySet, SelectedKey, jwk, pem};

/// Larger than any keystore, smaller than a mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// The bytes of a keystore.
#[derive(Clone)]
pub enum KeystoreSource {
    /// A file, sniffed by its content and not by its name.
    Path(PathBuf),
    /// The same, in memory.
    Data(Zeroizing<Vec<u8>>),
}

/// What the bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeystoreFormat {
    /// JWK or JWKS (RFC 7517).
    Jwks,
    /// PEM (RFC 7468).
    Pem,
}

impl KeystoreFormat {
    /// Its name in `KeystoreInfo`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwks => "jwks",
            Self::Pem => "pem",
        }
    }
}

/// A keystore's content, read and checked.
pub(super) struct KeystoreContent {
    pub(super) format: KeystoreFormat,
    pub(super) certificates: usize,
    pub(super) selected: SelectedKey,
}

impl KeystoreSource {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Data(_) => None,
        }
    }

    pub(super) fn read(&self, key_id: Option<&str>) -> Result<KeystoreContent, Problem> {
        let (format, keys) = match self {
            Self::Path(path) => parse(&read_file(path)?)?,
            Self::Data(data) => parse(data)?,
        };
        let certificates = keys.certificates;
        Ok(KeystoreContent { format, certificates, selected: keys.select(key_id)? })
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::new(ErrorCode::KeystoreNotFound, format!("cannot be read: {error}"))
    };
    // Asked before it is opened: opening a named pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Problem::new(ErrorCode::KeystoreNotFound, "not a file"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Result<(KeystoreFormat, KeySet), Problem> {
    const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
    const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];
    const DER_SEQUENCE: u8 = 0x30;
    let unsupported = |what: &str| Err(Problem::new(ErrorCode::KeystoreUnsupported, what));
    if bytes.len() as u64 > MAX_BYTES {
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
        return Ok((KeystoreFormat::Pem, pem::parse(bytes)?));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((KeystoreFormat::Jwks, jwk::parse(text)?)),
        Err(_) => Err(Problem::new(ErrorCode::KeystoreCorrupt, "neither a JWKS nor PEM")),
    }
}
