//! A keystore's file: its bytes, and what tells that they have changed.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::MAX_BYTES;
use crate::shortage;

/// File systems date changes this coarsely at worst: within it, two changes can look like one.
const COARSEST_DATE: Duration = Duration::from_secs(2);

/// What the file system says about a file. An atomic replacement by rename and a swapped symbolic
/// link are another file; a write in place has another date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: FileIdentity,
    /// Changed so lately that another change may not show.
    is_fresh: bool,
}

impl FileStamp {
    fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        // A date in the future is no older than that.
        let is_fresh =
            modified.is_none_or(|at| at.elapsed().is_ok_and(|elapsed| elapsed < COARSEST_DATE));
        Self { length: metadata.len(), modified, identity: identity(metadata), is_fresh }
    }

    /// True where the file is the one that was read.
    pub(super) fn still_holds(&self, path: &Path) -> bool {
        !self.is_fresh && regular_file(path).is_ok_and(|metadata| Self::new(&metadata) == *self)
    }
}

#[cfg(unix)]
type FileIdentity = (u64, u64, i64, i64);
#[cfg(not(unix))]
type FileIdentity = Option<SystemTime>;

/// Device, inode, and the date that no program can set.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> FileIdentity {
    metadata.created().ok()
}

/// The bytes, with the stamp that they had when they were read.
pub(super) fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, FileStamp), Problem> {
    regular_file(path)?;
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let stamp = FileStamp::new(&file.metadata().map_err(|error| unreadable(&error))?);
    // Some file systems do not know a length.
    let length =
        usize::try_from(stamp.length).ok().filter(|length| (1..MAX_BYTES).contains(length));
    let expected = length.unwrap_or(MAX_BYTES);
    // With room for more, so that reading to the end does not move it and leave a copy.
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 64));
    (&mut file)
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    Ok((bytes, stamp))
}

/// Asked before it is opened: opening a named pipe would wait for its writer.
fn regular_file(path: &Path) -> Result<Metadata, Problem> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(Problem::new(
            ErrorCode::KeystoreNotFound,
            "not a file; give the path of the keystore itself",
        ))
    }
}

fn unreadable(error: &std::io::Error) -> Problem {
    let next = if shortage::is_of_descriptors(error) {
        shortage::MORE_DESCRIPTORS
    } else {
        "check the path, and who may read it"
    };
    let message = format!("cannot be read: {error}; {next}");
    Problem::new(ErrorCode::KeystoreNotFound, message)
}
