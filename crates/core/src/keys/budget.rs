//! How much work a file may ask for, before its passphrase has proved that it deserves any.

use std::num::NonZeroU32;

use crate::error::{ErrorCode, Problem};

/// Runs of a hash's compression function that one file gets: less than a second. OpenSSL's
/// `pkcs12 -iter 1000000`, the costliest in use, needs 5 million.
const RUNS: u64 = 6_000_000;

/// What is left of it; every attempt at every part of a file takes from the same.
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn of_one_file() -> Self {
        Self { left: RUNS }
    }

    /// Takes `iterations` of `runs` each, or refuses before any is made.
    pub(super) fn take(&mut self, iterations: u64, runs: u64) -> Result<NonZeroU32, Problem> {
        if iterations == 0 {
            return Err(Problem::new(
                ErrorCode::KeystoreCorrupt,
                "its key derivation has an iteration count of 0",
            ));
        }
        let left = iterations.checked_mul(runs).and_then(|cost| self.left.checked_sub(cost));
        match (left, u32::try_from(iterations).ok().and_then(NonZeroU32::new)) {
            (Some(left), Some(iterations)) => {
                self.left = left;
                Ok(iterations)
            }
            _ => Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                format!(
                    "its key derivation asks for {iterations} iterations, more than this version \
                     spends on one file; encrypt it again with fewer (OpenSSL: -iter 100000)"
                ),
            )),
        }
    }
}
