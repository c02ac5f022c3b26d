//! The process's keystores by name, and the folder of those that nobody registered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::source::{KeystoreFormat, KeystoreSource};
use crate::error::{Error, ErrorCode, Problem};
use crate::events::Warning;
use crate::keys::{SigningAlgorithm, SigningKey};

/// Names the folder that is looked into for a keystore that is not registered.
const FOLDER_VARIABLE: &str = "SMART_M2M_KEYSTORE_DIR";
/// A file name's possible ends, in the order of lookup.
const EXTENSIONS: [&str; 3] = ["jwks", "json", "pem"];
const LONGEST_NAME: usize = 200;
const LONGEST_SHOWN_PATH: usize = 300;
/// Far more than anybody has; a loop that registers new names must not fill the memory.
const MAX_KEYSTORES: usize = 10_000;

/// A keystore that was read and can sign.
#[derive(Debug)]
pub struct Keystore {
    /// The name that `keystore` refers to.
    pub name: String,
    /// What the bytes were.
    pub format: KeystoreFormat,
    /// The file, if it was one.
    pub path: Option<PathBuf>,
    /// Certificates found beside the key.
    pub certificates: usize,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) public_jwks: Arc<Value>,
    pub(crate) warnings: Vec<Warning>,
}

impl Keystore {
    /// `kid` of the assertions that it signs.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key.key_id
    }

    /// `alg` of the assertions that it signs.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.key.algorithm
    }

    /// Every public key of it, as a JWKS to serve or to register (SA-5).
    #[must_use]
    pub fn public_jwks(&self) -> &Value {
        &self.public_jwks
    }

    pub(super) fn read(
        name: &str,
        source: &KeystoreSource,
        key_id: Option<&str>,
    ) -> Result<Self, Problem> {
        check_name(name)?;
        let content = source.read(key_id).map_err(|problem| {
            let place = source.path().map(|path| format!(" ({})", shown(path)));
            Problem::new(
                problem.code,
                format!("keystore '{name}'{}: {}", place.unwrap_or_default(), problem.message),
            )
        })?;
        Ok(Self {
            name: name.to_owned(),
            format: content.format,
            path: source.path().map(Path::to_owned),
            certificates: content.certificates,
            key: Arc::new(content.selected.key),
            public_jwks: Arc::new(content.selected.public_jwks),
            warnings: content.selected.warnings,
        })
    }
}

/// The registry.
#[derive(Debug, Default)]
pub struct Keystores(Mutex<BTreeMap<String, Arc<Keystore>>>);

impl Keystores {
    /// Reads and checks at once; replaces a keystore of the same name.
    pub fn register(
        &self,
        name: &str,
        source: &KeystoreSource,
        key_id: Option<&str>,
    ) -> Result<Arc<Keystore>, Error> {
        let keystore = Arc::new(Keystore::read(name, source, key_id)?);
        self.insert_all(std::slice::from_ref(&keystore))?;
        Ok(keystore)
    }

    /// All of them, or none.
    pub(super) fn insert_all(&self, keystores: &[Arc<Keystore>]) -> Result<(), Error> {
        let mut registered = self.lock();
        if registered.len() + keystores.len() > MAX_KEYSTORES {
            return Err(Problem::config(format!(
                "more than {MAX_KEYSTORES} keystores; unregister those that are no longer used"
            ))
            .into());
        }
        registered
            .extend(keystores.iter().map(|keystore| (keystore.name.clone(), keystore.clone())));
        Ok(())
    }

    /// Registered keystores, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Keystore>> {
        self.lock().values().cloned().collect()
    }

    /// True if there was one. Interceptors that were created with it keep its key.
    pub fn unregister(&self, name: &str) -> bool {
        self.lock().remove(name).is_some()
    }

    /// The registered keystore, else the file `<SMART_M2M_KEYSTORE_DIR>/<name>.{jwks,json,pem}`.
    pub fn find(&self, name: &str) -> Result<Arc<Keystore>, Error> {
        let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        Ok(self.find_in(name, folder.filter(|folder| !folder.as_os_str().is_empty()).as_deref())?)
    }

    pub(crate) fn find_in(
        &self,
        name: &str,
        folder: Option<&Path>,
    ) -> Result<Arc<Keystore>, Problem> {
        check_name(name)?;
        if let Some(keystore) = self.lock().get(name) {
            return Ok(keystore.clone());
        }
        let file = folder.and_then(|folder| {
            EXTENSIONS
                .iter()
                .map(|end| folder.join(format!("{name}.{end}")))
                .find(|path| path.exists())
        });
        match file {
            Some(path) => Ok(Arc::new(Keystore::read(name, &KeystoreSource::Path(path), None)?)),
            None => Err(self.not_found(name, folder)),
        }
    }

    fn not_found(&self, name: &str, folder: Option<&Path>) -> Problem {
        const SHOWN: usize = 20;
        let registered = self.lock();
        let names: Vec<_> = registered.keys().take(SHOWN).map(|name| format!("'{name}'")).collect();
        let registry = match (names.len(), registered.len()) {
            (0, _) => "no keystore is registered".to_owned(),
            (shown, all) if shown < all => {
                format!("registered are {} and {} more", names.join(", "), all - shown)
            }
            _ => format!("registered: {}", names.join(", ")),
        };
        let folder = match folder {
            Some(folder) => format!(
                "no {name}.{{{}}} in {} ({FOLDER_VARIABLE})",
                EXTENSIONS.join(","),
                folder.display()
            ),
            None => format!("{FOLDER_VARIABLE} is not set"),
        };
        Problem::new(
            ErrorCode::KeystoreNotFound,
            format!(
                "keystore '{name}' was not found: {registry}; {folder}; register it with \
                 Keystores.register('{name}', …) before create"
            ),
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Keystore>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A path for a message, unless it is a key that landed in the wrong place.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.len() > LONGEST_SHOWN_PATH {
        return "a path that is too long to show".to_owned();
    }
    let is_key = text.contains("-----") || text.contains(['{', '\n']);
    if is_key {
        "a path that looks like the key itself; give keys as data or jwks".to_owned()
    } else {
        text
    }
}

/// Smile's rule for keystore ids; it also keeps a name inside the folder.
fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Problem::config(
        "a keystore's name consists of up to 200 letters, digits, _ and - (paths go to Keystores.register)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ES384: &[u8] =
        include_bytes!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");

    fn data(bytes: &[u8]) -> KeystoreSource {
        KeystoreSource::Data(bytes.to_vec().into())
    }

    #[test]
    fn a_registered_keystore_is_found_listed_and_gone_after_unregistering() {
        let keystores = Keystores::default();
        keystores.register("main_key-1", &data(ES384), None).unwrap();
        let found = keystores.find_in("main_key-1", None).unwrap();
        assert_eq!(found.key_id(), "cd520211e5661dbba2256f67f6d53f97");
        assert_eq!((found.format, found.path.as_deref()), (KeystoreFormat::Jwks, None));
        assert_eq!(keystores.list().len(), 1);
        assert!(keystores.unregister("main_key-1"));
        assert!(!keystores.unregister("main_key-1"));
        assert!(keystores.find_in("main_key-1", None).is_err());
    }

    #[test]
    fn a_failed_registration_leaves_the_earlier_keystore_in_place() {
        let keystores = Keystores::default();
        keystores.register("k", &data(ES384), None).unwrap();
        keystores.register("k", &data(b"{}"), None).unwrap_err();
        assert!(keystores.find_in("k", None).is_ok());
    }

    #[test]
    fn a_name_that_is_not_found_is_answered_with_where_it_was_looked_for() {
        let keystores = Keystores::default();
        keystores.register("other", &data(ES384), None).unwrap();
        let problem = keystores.find_in("k", Some(Path::new("/nowhere"))).unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystoreNotFound);
        for word in ["'k'", "'other'", "/nowhere", "k.{jwks,json,pem}", FOLDER_VARIABLE] {
            assert!(problem.message.contains(word), "{word}: {}", problem.message);
        }
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let keystores = Keystores::default();
        for name in ["", "../key", "a/b", "a.b", "ключ"] {
            let problem = keystores.find_in(name, Some(Path::new("/"))).unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidConfig, "{name}");
        }
    }

    #[test]
    fn formats_of_later_versions_are_named_not_called_damaged() {
        for bytes in [&[0xFE, 0xED, 0xFE, 0xED, 0, 0][..], &[0x30, 0x82, 0x0A, 0xF0]] {
            let error = Keystores::default().register("k", &data(bytes), None).unwrap_err();
            assert_eq!(error.code(), ErrorCode::KeystoreUnsupported);
        }
    }
}
