//! What the system has no more of for this process, and has again later: threads and file descriptors.

use std::fmt;
use std::io;

/// No thread for work that has to wait for the system.
#[derive(Debug)]
pub(crate) struct NoThread(pub(crate) io::Error);

impl fmt::Display for NoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no thread could be started: {}", self.0)
    }
}

impl std::error::Error for NoThread {}

/// What to do about it.
pub(crate) const MORE_THREADS: &str = "the process or its container is at its limit of threads or of memory: see ulimit -u, TasksMax, pids.max";
/// What to do about it.
pub(crate) const MORE_DESCRIPTORS: &str = "the process has no file descriptors left: find what keeps them open, or raise the limit (ulimit -n, LimitNOFILE)";

/// True where it is file descriptors that the process, or the whole system, has no more of.
pub(crate) fn is_of_descriptors(error: &io::Error) -> bool {
    /// ENFILE and EMFILE, of all Unixes.
    #[cfg(unix)]
    const CODES: [i32; 2] = [23, 24];
    /// `ERROR_TOO_MANY_OPEN_FILES` and WSAEMFILE.
    #[cfg(not(unix))]
    const CODES: [i32; 2] = [4, 10024];
    error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

/// The descriptors that are missing, where they are: the resolver of the system says of a name that it does not
/// know it when it cannot open its own files.
pub(crate) fn of_descriptors() -> Option<io::Error> {
    std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
        .err()
        .filter(is_of_descriptors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn descriptors_are_told_from_everything_else() {
        assert!(is_of_descriptors(&io::Error::from_raw_os_error(24)));
        assert!(!is_of_descriptors(&io::Error::from_raw_os_error(2)));
        assert!(!is_of_descriptors(&io::Error::other("x")));
    }
}
