//! A named keystore as clients hold it: its key can be another one tomorrow (requirements KF-10).

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use tokio::time::timeout;

use super::content::KeystoreContent;
use super::file::{self, FileStamp};
use super::source::KeystoreSource;
use crate::error::{Error, Problem};
use crate::events::Warning;
use crate::runtime::{Flight, launch, off_the_runtime};

/// A file is looked at no more often, unless there is a reason to.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A file system that hangs must not hold up a token request: the key in memory may still be good.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// A keystore under its name. Whoever holds it signs with its current key.
pub struct Keystore {
    name: String,
    state: Mutex<State>,
    /// The look that is under way; it takes itself out when it is over.
    look: Mutex<Option<Flight<()>>>,
    looks: AtomicU64,
}

/// What was read from a source, ready to be put into place. Bytes and passphrases that are not
/// needed again are gone.
pub(super) struct State {
    content: Arc<KeystoreContent>,
    file: Option<WatchedFile>,
}

/// A file as it was last read, good or bad.
struct WatchedFile {
    source: Arc<KeystoreSource>,
    /// `None`: it could not even be read.
    stamp: Option<FileStamp>,
    digest: Option<digest::Digest>,
    looked_at: Instant,
    /// The number of the look that found this: one that began before it and ends after it is late.
    look: u64,
    /// Why what is there now is not in use.
    trouble: Option<Problem>,
}

impl State {
    /// Reads it for the first time: there is no earlier key to fall back to.
    pub(super) fn read(name: &str, source: KeystoreSource) -> Result<Self, Problem> {
        let read = || match source.path() {
            Some(path) => {
                let (bytes, stamp) = file::read(path)?;
                let content = KeystoreContent::parse(&source, &bytes)?;
                Ok((content, Some((stamp, digest::digest(&digest::SHA256, &bytes)))))
            }
            None => Ok((KeystoreContent::parse(&source, &[])?, None)),
        };
        let (content, file) = read().map_err(|problem| source.describe(name, &problem))?;
        let file = file.map(|(stamp, digest)| WatchedFile {
            source: Arc::new(source),
            stamp: Some(stamp),
            digest: Some(digest),
            looked_at: Instant::now(),
            look: 0,
            trouble: None,
        });
        Ok(Self { content: Arc::new(content), file })
    }

    fn set_file(
        &mut self,
        stamp: Option<FileStamp>,
        digest: Option<digest::Digest>,
        trouble: Option<Problem>,
    ) {
        if let Some(file) = &mut self.file {
            (file.stamp, file.digest, file.trouble) = (stamp, digest, trouble);
        }
    }
}

impl Keystore {
    pub(super) fn new(name: &str, state: State) -> Self {
        let (state, look) = (Mutex::new(state), Mutex::default());
        Self { name: name.to_owned(), state, look, looks: AtomicU64::new(0) }
    }

    /// The name that `keystore` refers to.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.lock().file.as_ref()?.source.path().map(ToOwned::to_owned)
    }

    /// What it holds now.
    #[must_use]
    pub fn content(&self) -> Arc<KeystoreContent> {
        self.lock().content.clone()
    }

    /// Another source under the same name: whoever holds the keystore signs with that from now on.
    pub(super) fn replace(&self, state: State) {
        *self.lock() = state;
    }

    /// Why the file as it is now is not in use, where that is so.
    #[must_use]
    pub fn trouble(&self) -> Option<Warning> {
        let state = self.lock();
        let file = state.file.as_ref()?;
        let problem = file.source.describe(&self.name, file.trouble.as_ref()?);
        Some(Warning::new(
            "KEYSTORE_NOT_RELOADED",
            format!("{}; the key that was read before stays in use", problem.message),
        ))
    }

    /// Reads the file again if it has changed, unless it was looked at a moment ago.
    pub async fn look_if_due(self: &Arc<Self>) {
        let is_due = |file: &WatchedFile| file.looked_at.elapsed() >= LOOK_INTERVAL;
        if self.lock().file.as_ref().is_some_and(is_due) {
            let look = self.look();
            self.within_limit(async { drop(look.await) }).await;
        }
    }

    /// Reads the file again if it has changed since `used` was read; true if there is another key now.
    pub(crate) async fn look_now(self: &Arc<Self>, used: &Arc<KeystoreContent>) -> bool {
        let is_other = || !Arc::ptr_eq(&self.content(), used);
        let is_file = self.lock().file.is_some();
        if !is_other() && is_file {
            let looks = async {
                // One that is under way may have looked before the change.
                if let Some(flight) = self.current_look() {
                    drop(flight.await);
                }
                if !is_other() {
                    drop(self.look().await);
                }
            };
            self.within_limit(looks).await;
        }
        is_other()
    }

    /// The same for a file that may have changed, on the calling thread: what was read is in use
    /// when this returns.
    pub(super) fn look_here(&self) {
        let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let Some((source, stamp, digest)) = self.last_read() else { return };
        let Some(path) = source.path() else { return };
        if stamp.is_some_and(|stamp| stamp.still_holds(path)) {
            return self.looked(&source, look, |_| ());
        }
        let (bytes, stamp) = match file::read(path) {
            Ok(read) => read,
            Err(problem) => {
                return self.looked(&source, look, |state| {
                    state.set_file(None, None, Some(problem));
                });
            }
        };
        let read_digest = digest::digest(&digest::SHA256, &bytes);
        if digest.is_some_and(|digest| digest.as_ref() == read_digest.as_ref()) {
            return self.looked(&source, look, |state| {
                if let Some(file) = &mut state.file {
                    file.stamp = Some(stamp);
                }
            });
        }
        let parsed = KeystoreContent::parse(&source, &bytes);
        self.looked(&source, look, |state| {
            let trouble = match parsed {
                Ok(content) => {
                    state.content = Arc::new(content);
                    None
                }
                Err(problem) => Some(problem),
            };
            state.set_file(Some(stamp), Some(read_digest), trouble);
        });
    }

    fn last_read(
        &self,
    ) -> Option<(Arc<KeystoreSource>, Option<FileStamp>, Option<digest::Digest>)> {
        let state = self.lock();
        let file = state.file.as_ref()?;
        Some((file.source.clone(), file.stamp.clone(), file.digest))
    }

    /// Notes what was found, unless another source was put in place meanwhile, or a later look was
    /// faster.
    fn looked(&self, source: &Arc<KeystoreSource>, look: u64, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let is_current =
            |file: &WatchedFile| Arc::ptr_eq(&file.source, source) && file.look <= look;
        if state.file.as_ref().is_some_and(is_current) {
            change(&mut state);
            if let Some(file) = &mut state.file {
                (file.looked_at, file.look) = (Instant::now(), look);
            }
        }
    }

    /// Whatever comes of it is in the state. Past the limit nobody waits any more, and none begins
    /// for a while: each would wait as long.
    async fn within_limit(&self, look: impl Future<Output = ()>) {
        if timeout(LONGEST_LOOK, look).await.is_err()
            && let Some(file) = &mut self.lock().file
        {
            file.looked_at = Instant::now();
        }
    }

    fn current_look(&self) -> Option<Flight<()>> {
        self.look.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one that is under way, or a new one: on a thread that may wait for a disk, and for the
    /// work of opening an encrypted key.
    fn look(self: &Arc<Self>) -> Flight<()> {
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = &*look {
            return flight.clone();
        }
        let (keystore, ended) = (self.clone(), self.clone());
        let flight = launch(async move {
            let looking = off_the_runtime(move || keystore.look_here()).await;
            *ended.look.lock().unwrap_or_else(PoisonError::into_inner) = None;
            // The key in memory serves; the next look tries again.
            looking.map_err(|error| Error::Shortage { reason: error.to_string() })
        });
        *look = Some(flight.clone());
        flight
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystore").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::keystore::KeystoreOrigin;

    const ES384: &[u8] =
        include_bytes!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
    const RS384: &[u8] =
        include_bytes!("../../../../__test__/fixtures/smart-app-launch/RS384.private.json");

    /// A file of its own, removed at the end.
    struct TemporaryFile(PathBuf);

    impl TemporaryFile {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let file = format!("smart-m2m-{}-{name}.jwks", std::process::id());
            let path = std::env::temp_dir().join(file);
            fs::write(&path, bytes).unwrap();
            Self(path)
        }

        fn keystore(&self) -> Arc<Keystore> {
            let source = KeystoreOrigin::Path(self.0.clone()).into();
            Arc::new(Keystore::new("k", State::read("k", source).unwrap()))
        }
    }

    impl Drop for TemporaryFile {
        fn drop(&mut self) {
            drop(fs::remove_file(&self.0));
        }
    }

    fn is_read_again(keystore: &Keystore, change: impl FnOnce()) -> bool {
        let before = keystore.content();
        change();
        keystore.look_here();
        !Arc::ptr_eq(&before, &keystore.content())
    }

    fn backdate(path: &Path) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_key_is_parsed_once_for_each_change_of_its_bytes() {
        let file = TemporaryFile::new("once", ES384);
        let keystore = file.keystore();
        assert!(!is_read_again(&keystore, || ()));
        assert!(!is_read_again(&keystore, || backdate(&file.0)), "another date, the same bytes");
        assert!(!is_read_again(&keystore, || fs::write(&file.0, ES384).unwrap()));
        assert!(is_read_again(&keystore, || fs::write(&file.0, RS384).unwrap()));
        assert!(!is_read_again(&keystore, || ()));
    }

    #[test]
    fn a_change_within_the_same_tick_of_the_clock_is_seen() {
        let file = TemporaryFile::new("tick", ES384);
        let keystore = file.keystore();
        let date = fs::metadata(&file.0).unwrap().modified().unwrap();
        let other =
            String::from_utf8(ES384.to_vec()).unwrap().replace("\"kid\": \"c", "\"kid\": \"d");
        assert_eq!(other.len(), ES384.len());
        assert!(is_read_again(&keystore, || {
            fs::write(&file.0, other).unwrap();
            fs::File::options().write(true).open(&file.0).unwrap().set_modified(date).unwrap();
        }));
    }

    #[test]
    fn a_bad_file_is_a_trouble_until_it_is_mended_and_the_key_stays() {
        let file = TemporaryFile::new("bad", ES384);
        let keystore = file.keystore();
        assert!(keystore.trouble().is_none());
        assert!(!is_read_again(&keystore, || fs::write(&file.0, "{").unwrap()));
        let trouble = keystore.trouble().unwrap();
        assert!(trouble.message.contains("'k'") && trouble.message.contains("stays in use"));
        assert!(!is_read_again(&keystore, || fs::remove_file(&file.0).unwrap()));
        assert!(keystore.trouble().unwrap().message.contains("cannot be read"));
        assert!(is_read_again(&keystore, || fs::write(&file.0, ES384).unwrap()));
        assert!(keystore.trouble().is_none());
    }

    #[test]
    fn what_a_look_found_does_not_undo_a_registration_made_meanwhile() {
        let file = TemporaryFile::new("late", ES384);
        let keystore = file.keystore();
        let (source, ..) = keystore.last_read().unwrap();
        let other = KeystoreOrigin::Data(RS384.to_vec().into()).into();
        keystore.replace(State::read("k", other).unwrap());
        keystore.looked(&source, 1, |_| panic!("that source is no longer the keystore's"));
        assert_eq!(keystore.content().algorithm().as_str(), "RS384");
    }

    #[test]
    fn a_look_that_began_earlier_and_ends_later_does_not_bring_the_old_key_back() {
        let file = TemporaryFile::new("overtaken", ES384);
        let keystore = file.keystore();
        let (source, ..) = keystore.last_read().unwrap();
        let early = keystore.looks.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(is_read_again(&keystore, || fs::write(&file.0, RS384).unwrap()));
        keystore.looked(&source, early, |_| panic!("a later look has seen more"));
        assert_eq!(keystore.content().algorithm().as_str(), "RS384");
    }

    #[tokio::test]
    async fn looks_that_meet_are_one_and_a_refusal_sees_the_change_before_it() {
        let file = TemporaryFile::new("meet", ES384);
        let keystore = file.keystore();
        let used = keystore.content();
        assert!(!keystore.look_now(&used).await);
        fs::write(&file.0, RS384).unwrap();
        let looks = (0..20).map(|_| keystore.look_now(&used));
        assert_eq!(futures_util::future::join_all(looks).await, [true; 20]);
        let read = keystore.content();
        keystore.look_if_due().await;
        assert!(Arc::ptr_eq(&read, &keystore.content()), "looked at a moment ago");
    }
}
