//! What an interceptor did, in numbers.

use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::hook::TokenRequestReason;

/// Counted since creation: of this interceptor's own calls, and of the renewals of tokens that it
/// uses, whoever shares them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Token requests that it started or joined.
    pub token_requests: u64,
    /// Calls answered without one.
    pub cache_hits: u64,
    /// Token requests for a token that was at its end.
    pub renewals: u64,
    /// Acquisitions that failed.
    pub failures: u64,
    /// Tokens dropped.
    pub invalidations: u64,
    /// Of the latest failure.
    pub last_error: Option<ErrorCode>,
}

/// The counts, and how it stands with the current token.
#[derive(Clone, Copy, Debug)]
pub struct InterceptorStats {
    /// So far.
    pub counts: Counts,
    /// Of the token used last.
    pub expires_at: Option<Now>,
    /// Of the token used last.
    pub renews_at: Option<Now>,
}

impl Counts {
    pub(super) fn count_token_request(&mut self, reason: TokenRequestReason) {
        self.token_requests += 1;
        self.renewals += u64::from(reason == TokenRequestReason::Expiring);
    }

    pub(super) fn count_failure(&mut self, error: &Error) {
        self.failures += 1;
        self.last_error = Some(error.code());
    }
}
