//! PKCS#12 (RFC 7292).

use super::key_set::KeySet;
use super::passphrases::Passphrases;
use crate::error::{ErrorCode, Problem};

/// Every private key of a PFX.
pub(super) fn parse(_bytes: &[u8], _passphrases: &Passphrases) -> Result<KeySet, Problem> {
    Err(Problem::new(
        ErrorCode::KeystoreUnsupported,
        "PKCS#12, which this version does not read; convert it to PEM (openssl pkcs12 -nodes)",
    ))
}
