//! The process's keystores by name, and the folder of those that nobody registered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::live_keystore::{Keystore, State};
use super::source::{KeystoreOrigin, KeystoreSource};
use crate::error::{Error, ErrorCode, Problem};
use crate::keys::check_key_id;

/// Names the folder that is looked into for a keystore that is not registered.
const FOLDER_VARIABLE: &str = "SMART_M2M_KEYSTORE_DIR";
/// A file name's possible ends, in the order of lookup.
const EXTENSIONS: [&str; 6] = ["jwks", "json", "pem", "p12", "pfx", "jks"];
const LONGEST_NAME: usize = 200;
/// Far more than anybody has; a loop that registers new names must not fill the memory.
const MAX_KEYSTORES: usize = 10_000;

/// The registry.
#[derive(Debug, Default)]
pub struct Keystores(Mutex<Registry>);

#[derive(Debug, Default)]
struct Registry {
    registered: BTreeMap<String, Arc<Keystore>>,
    /// Of the folder, for as long as a client has them: they are read once and watched like the others.
    found: BTreeMap<String, Weak<Keystore>>,
}

impl Registry {
    /// The keystore that clients know by this name.
    fn live(&self, name: &str) -> Option<Arc<Keystore>> {
        self.registered.get(name).cloned().or_else(|| self.found.get(name)?.upgrade())
    }

    fn insert(&mut self, name: &str, state: State) -> Arc<Keystore> {
        let keystore = match self.live(name) {
            Some(live) => {
                live.replace(state);
                live
            }
            None => Arc::new(Keystore::new(name, state)),
        };
        self.registered.insert(name.to_owned(), keystore.clone());
        self.found.remove(name);
        keystore
    }

    fn find(&mut self, name: &str, path: &Path, state: State) -> Arc<Keystore> {
        // Somebody else may have been faster.
        if let Some(live) = self.live(name).filter(|live| live.path().as_deref() == Some(path)) {
            return live;
        }
        self.found.retain(|_, keystore| keystore.strong_count() > 0);
        let keystore = Arc::new(Keystore::new(name, state));
        self.found.insert(name.to_owned(), Arc::downgrade(&keystore));
        keystore
    }
}

impl Keystores {
    /// Reads and checks at once. Under a name that is in use the new key is what its clients sign
    /// with from the next token request on; their tokens stay.
    pub fn register(&self, name: &str, source: KeystoreSource) -> Result<Arc<Keystore>, Error> {
        let read = read(name, source)?;
        let mut keystores = self.insert_all(vec![(name.to_owned(), read)])?;
        keystores.pop().ok_or_else(|| Error::Internal { reason: "nothing was kept".to_owned() })
    }

    /// All of them, or none.
    pub(super) fn insert_all(
        &self,
        keystores: Vec<(String, State)>,
    ) -> Result<Vec<Arc<Keystore>>, Error> {
        let mut registry = self.lock();
        let is_new = |(name, _): &&(String, State)| !registry.registered.contains_key(name);
        if registry.registered.len() + keystores.iter().filter(is_new).count() > MAX_KEYSTORES {
            return Err(Problem::config(format!(
                "more than {MAX_KEYSTORES} keystores; unregister those that are no longer used"
            ))
            .into());
        }
        Ok(keystores.into_iter().map(|(name, state)| registry.insert(&name, state)).collect())
    }

    /// Registered keystores, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Keystore>> {
        self.lock().registered.values().cloned().collect()
    }

    /// True if there was one. Interceptors that were created with it keep its key.
    pub fn unregister(&self, name: &str) -> bool {
        self.lock().registered.remove(name).is_some()
    }

    /// The registered keystore, else the file `<SMART_M2M_KEYSTORE_DIR>/<name>.{jwks,json,pem,…}`.
    pub fn find(&self, name: &str) -> Result<Arc<Keystore>, Error> {
        let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        Ok(self.find_in(name, folder.filter(|folder| !folder.as_os_str().is_empty()).as_deref())?)
    }

    /// The keystore that somebody has or has registered, without a look at the folder; else as `find`.
    pub fn known(&self, name: &str) -> Result<Arc<Keystore>, Error> {
        let live = self.lock().live(name);
        live.map_or_else(|| self.find(name), Ok)
    }

    pub(crate) fn find_in(
        &self,
        name: &str,
        folder: Option<&Path>,
    ) -> Result<Arc<Keystore>, Problem> {
        check_name(name)?;
        if let Some(keystore) = self.lock().registered.get(name) {
            return Ok(keystore.clone());
        }
        let path = folder.and_then(|folder| {
            EXTENSIONS
                .iter()
                .map(|end| folder.join(format!("{name}.{end}")))
                .find(|path| path.exists())
        });
        let Some(path) = path else { return Err(self.not_found(name, folder)) };
        // As a keystore has it: a folder may be given relative to wherever the process is.
        let path = std::path::absolute(&path).unwrap_or(path);
        let found = self.lock().found.get(name).and_then(Weak::upgrade);
        if let Some(keystore) = found.filter(|found| found.path().as_ref() == Some(&path)) {
            keystore.look_here();
            return Ok(keystore);
        }
        let state = read(name, KeystoreOrigin::Path(path.clone()).into())?;
        Ok(self.lock().find(name, &path, state))
    }

    fn not_found(&self, name: &str, folder: Option<&Path>) -> Problem {
        const SHOWN: usize = 20;
        let registry = self.lock();
        let registered = &registry.registered;
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

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `insert_all` takes.
pub(super) fn read(name: &str, source: KeystoreSource) -> Result<State, Problem> {
    check_name(name)?;
    if let Some(key_id) = &source.choice.key_id {
        check_key_id("keyId", key_id)?;
    }
    State::read(name, source.with_absolute_path())
}

/// Smile's rule for keystore ids; it also keeps a name inside the folder.
pub(super) fn check_name(name: &str) -> Result<(), Problem> {
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
    use crate::keys::KeystoreFormat;

    const ES384: &[u8] =
        include_bytes!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");

    fn data(bytes: &[u8]) -> KeystoreSource {
        KeystoreOrigin::Data(bytes.to_vec().into()).into()
    }

    #[test]
    fn a_registered_keystore_is_found_listed_and_gone_after_unregistering() {
        let keystores = Keystores::default();
        keystores.register("main_key-1", data(ES384)).unwrap();
        let found = keystores.find_in("main_key-1", None).unwrap();
        assert_eq!(found.content().key_id(), "cd520211e5661dbba2256f67f6d53f97");
        assert_eq!((found.content().format, found.path()), (KeystoreFormat::Jwks, None));
        assert_eq!(keystores.list().len(), 1);
        assert!(keystores.unregister("main_key-1"));
        assert!(!keystores.unregister("main_key-1"));
        assert!(keystores.find_in("main_key-1", None).is_err());
    }

    #[test]
    fn a_failed_registration_leaves_the_earlier_keystore_in_place() {
        let keystores = Keystores::default();
        keystores.register("k", data(ES384)).unwrap();
        keystores.register("k", data(b"{}")).unwrap_err();
        assert!(keystores.find_in("k", None).is_ok());
    }

    #[test]
    fn a_name_that_is_not_found_is_answered_with_where_it_was_looked_for() {
        let keystores = Keystores::default();
        keystores.register("other", data(ES384)).unwrap();
        let problem = keystores.find_in("k", Some(Path::new("/nowhere"))).unwrap_err();
        assert_eq!(problem.code, ErrorCode::KeystoreNotFound);
        for word in ["'k'", "'other'", "/nowhere", "k.{jwks,json,pem,p12,pfx,jks}", FOLDER_VARIABLE]
        {
            assert!(problem.message.contains(word), "{word}: {}", problem.message);
        }
    }

    #[test]
    fn a_keystore_of_the_folder_is_one_for_all_who_have_it_wherever_the_folder_is_named_from() {
        let keystores = Keystores::default();
        let relative = Path::new("../../__test__/fixtures/keystores");
        for folder in [relative, &std::path::absolute(relative).unwrap()] {
            let found = keystores.find_in("pkcs8-p256", Some(folder)).unwrap();
            let again = keystores.find_in("pkcs8-p256", Some(folder)).unwrap();
            assert!(Arc::ptr_eq(&found, &again), "{}", folder.display());
            assert!(found.path().unwrap().is_absolute());
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
}
