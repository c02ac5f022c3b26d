//! What an interceptor did, in numbers.

use crate::clock::Now;
use crate::error::ErrorCode;

/// Counted since creation, of this interceptor's own calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct InterceptorStats {
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
    /// Of the token used last.
    pub expires_at: Option<Now>,
    /// Of the token used last.
    pub renews_at: Option<Now>,
}
