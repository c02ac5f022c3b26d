//! A keystore as it was registered: where its bytes are, what opens them, which key signs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::{self, ExternalSigner, KeyChoice, Passphrases};
use crate::printable::is_printable;

/// A keystore as it was registered.
#[derive(Clone)]
pub struct KeystoreSource {
    /// Where its bytes are.
    pub origin: KeystoreOrigin,
    /// What opens it.
    pub passphrases: Passphrases,
    /// Which of its keys signs.
    pub choice: KeyChoice,
}

/// The bytes of a keystore, or what stands in for them.
#[derive(Clone)]
pub enum KeystoreOrigin {
    /// A file, sniffed by its content and not by its name; read again when it changes.
    Path(PathBuf),
    /// The same, in memory.
    Data(Zeroizing<Vec<u8>>),
    /// A key that cannot be exported.
    External(ExternalOrigin),
}

/// A signer with the public half of its key.
#[derive(Clone)]
pub struct ExternalOrigin {
    /// Signs.
    pub signer: Arc<dyn ExternalSigner>,
    /// JSON text of a public JWK.
    pub public_jwk: String,
    /// How long one signature may take.
    pub time_limit: Duration,
}

impl From<KeystoreOrigin> for KeystoreSource {
    fn from(origin: KeystoreOrigin) -> Self {
        Self { origin, passphrases: Passphrases::default(), choice: KeyChoice::default() }
    }
}

impl KeystoreSource {
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.origin {
            KeystoreOrigin::Path(path) => Some(path),
            KeystoreOrigin::Data(_) | KeystoreOrigin::External(_) => None,
        }
    }

    /// The same file, wherever the process goes later.
    pub(super) fn with_absolute_path(mut self) -> Self {
        if let KeystoreOrigin::Path(path) = &mut self.origin
            && let Ok(absolute) = std::path::absolute(&*path)
        {
            // What is shown of a path that is a key is decided by what was given.
            if shown(path) == path.display().to_string() {
                *path = absolute;
            }
        }
        self
    }

    /// A problem of the keystore `name`, told with where it was found.
    pub(super) fn describe(&self, name: &str, problem: &Problem) -> Problem {
        let place = self.path().map(|path| format!(" ({})", shown(path))).unwrap_or_default();
        let next = match problem.code {
            ErrorCode::KeystoreCorrupt => "; copy it again, byte for byte, or export it anew",
            _ => "",
        };
        Problem::new(problem.code, format!("keystore '{name}'{place}: {}{next}", problem.message))
    }
}

/// A path for a message, unless it is a key that landed in the wrong place.
fn shown(path: &Path) -> String {
    const LONGEST: usize = 300;
    let text = path.display().to_string();
    if text.len() > LONGEST {
        return "a path that is too long to show".to_owned();
    }
    let is_key = text.contains("-----") || text.contains(['{', '\n']);
    if is_key || keys::is_wrapped_keystore(text.as_bytes()) {
        "a path that looks like the key itself; give keys as data or jwks".to_owned()
    } else {
        text.replace(|c| !is_printable(c), "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_key_in_the_place_of_a_path_is_not_shown_and_a_path_is() {
        let pem = include_str!("../../../../__test__/fixtures/keystores/pkcs8-ed25519.pem");
        let der = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20, 7, 7];
        for key in [
            pem.to_owned(),
            STANDARD.encode(pem),
            STANDARD.encode(der),
            "{\"kty\":\"RSA\"".to_owned(),
        ] {
            assert!(!shown(Path::new(&key)).contains(&key[..10]), "{key}");
        }
        for path in ["/etc/keys/private", "keys/signing.pem", "/run/secrets/MIGHAgEAMBMGByqGSM49"] {
            assert_eq!(shown(Path::new(path)), path);
        }
        assert_eq!(shown(Path::new("a\u{1b}b\0")), "a\u{fffd}b\u{fffd}");
    }
}
