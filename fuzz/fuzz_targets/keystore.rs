//! A keystore of any bytes, read as an application would have it read.

use smart_m2m_core::{KeyChoice, KeystoreOrigin, KeystoreSource, Keystores, Passphrases, Secret};

/// The seeds have these, so that what lies behind an encryption is reached too.
const PASSPHRASES: [Option<&str>; 3] = [None, Some("changeit"), Some("")];

/// Registers it, with and without a passphrase, and looks at what a server would be told of its key.
pub(crate) fn register(bytes: &[u8]) {
    for passphrase in PASSPHRASES {
        let passphrase = passphrase.map(|text| Secret::new(text.to_owned()));
        let source = KeystoreSource {
            origin: KeystoreOrigin::Data(bytes.to_vec().into()),
            passphrases: Passphrases { keystore: passphrase, key: None },
            choice: KeyChoice::default(),
        };
        if let Ok(keystore) = Keystores::default().register("fuzzed", source) {
            let jwks = keystore.content().public_jwks().to_string();
            assert!(!jwks.contains("\"d\":"));
        }
    }
}
