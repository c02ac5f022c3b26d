//! What opens an encrypted keystore.

use crate::error::{ErrorCode, Problem};
use crate::secret::Secret;

/// Passphrases of one keystore, as text: PKCS#12 and JKS want UTF-16, everything else its UTF-8
/// bytes (KF-6).
#[derive(Clone, Debug, Default)]
pub struct Passphrases {
    /// Of the whole keystore; of an encrypted private key where that has none of its own.
    pub keystore: Option<Secret>,
    /// Of the private key, where it differs (`-keypass` of keytool).
    pub key: Option<Secret>,
}

impl Passphrases {
    /// What opens the store itself; `None`: nothing was given, which is not the same as an empty one.
    pub(super) fn of_store(&self) -> Option<&str> {
        self.keystore.as_ref().map(Secret::expose)
    }

    /// What opens a private key in it.
    pub(super) fn of_key(&self) -> Option<&str> {
        self.key.as_ref().or(self.keystore.as_ref()).map(Secret::expose)
    }
}

/// Something is encrypted, and no passphrase was given.
pub(super) fn missing(what: &str) -> Problem {
    Problem::new(
        ErrorCode::KeystorePassphrase,
        format!("{what} is encrypted, and no passphrase was given; give it as passphrase"),
    )
}

/// Something did not open with the passphrase that was given.
pub(super) fn wrong(what: &str) -> Problem {
    refused(what, "check it, also for spaces and line breaks at its ends")
}

/// The same of a key in a keystore that has a passphrase of its own, as Java lets it.
pub(super) fn wrong_for_key(what: &str) -> Problem {
    refused(what, "if the key has one of its own, give that as keyPassphrase")
}

fn refused(what: &str, next: &str) -> Problem {
    Problem::new(
        ErrorCode::KeystorePassphrase,
        format!("{what} does not open with the passphrase that was given; {next}"),
    )
}
