//! What opens an encrypted keystore.

use crate::secret::Secret;

/// Passphrases of one keystore, as text: PKCS#12 wants UTF-16, everything else its UTF-8 bytes (KF-6).
#[derive(Clone, Debug, Default)]
pub struct Passphrases {
    /// Of the whole keystore; of an encrypted private key where that has none of its own.
    pub keystore: Option<Secret>,
    /// Of the private key, where it differs (`-keypass` of keytool).
    pub key: Option<Secret>,
}
