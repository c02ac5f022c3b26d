//! When to try again, and how long to wait before it (requirements OA-10, HT-1, HT-2).

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, ErrorCode, TransportError};
use crate::random;

/// How often and how long a request is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// HTTP attempts in all.
    pub(crate) attempts: u32,
    /// A longer `Retry-After` ends the request instead of being waited for.
    pub(crate) max_retry_after: Duration,
    /// Bounds the whole, waits included.
    pub(crate) deadline: Duration,
}

const FIRST_BACK_OFF: Duration = Duration::from_millis(250);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(8);

impl RetryPolicy {
    /// What so many attempts and the back-off between them take at most.
    pub(crate) fn budget(attempts: u32, timeout: Duration) -> Duration {
        let waits: Duration = (1..attempts).map(back_off).sum();
        timeout.saturating_mul(attempts).saturating_add(waits)
    }

    /// How long to wait after `attempt` (from 1) failed with `error`; `None`: give up.
    pub(crate) fn wait_after(&self, attempt: u32, error: &Error) -> Option<Duration> {
        if attempt >= self.attempts || !is_retryable(error) {
            return None;
        }
        match error.retry_after() {
            Some(asked) if asked > self.max_retry_after => None,
            // "At once" is what a server says that is in trouble: it gets the usual pause all the same.
            asked => Some(asked.unwrap_or_default().max(full_jitter(back_off(attempt)))),
        }
    }

    /// The deadline has passed while `url` was to answer.
    pub(crate) fn out_of_time(&self, url: &str) -> Error {
        Error::Transport(Box::new(TransportError {
            code: ErrorCode::Timeout,
            url: url.to_owned(),
            reason: format!("no complete answer within {} ms", self.deadline.as_millis()),
            hint: Some(
                "check the address, the proxy and the firewall, or raise retry.deadlineMs"
                    .to_owned(),
            ),
            stale_connection: false,
            permanent: false,
        }))
    }
}

/// Tries until it succeeds, is not worth trying again, or the deadline is near; `attempt` counts
/// from 1. `late` says what was waited for when the deadline passes before the first answer.
pub(crate) async fn with_retries<T, F>(
    policy: &RetryPolicy,
    late: impl Fn() -> Error,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let deadline = Instant::now() + policy.deadline;
    let mut last = None;
    let mut attempts = 1;
    let mut fresh_connection = false;
    loop {
        let outcome = timeout_at(deadline, attempt(attempts)).await;
        let error = match outcome {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            // What the server said last explains more than that time ran out.
            Err(_) => {
                return Err(after(attempts, last.unwrap_or_else(late)));
            }
        };
        if error.is_stale_connection() && !fresh_connection {
            // The server never answered it, and was not overloaded: no attempt, and nothing to wait for.
            fresh_connection = true;
            continue;
        }
        match policy.wait_after(attempts, &error) {
            Some(wait) if Instant::now() + wait < deadline => sleep(wait).await,
            _ => return Err(after(attempts, error)),
        }
        last = Some(error);
        attempts += 1;
    }
}

fn after(attempts: u32, error: Error) -> Error {
    if attempts == 1 { error } else { Error::AfterAttempts { attempts, last: Box::new(error) } }
}

/// 408, 425, 429, 500, 502, 503, 504, and everything that broke on the way.
fn is_retryable(error: &Error) -> bool {
    match error.status() {
        Some(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
        // A key service that is throttled or away is as good as a server that is.
        None => match error {
            Error::Signer(failure) => failure.transient,
            Error::Transport(error) if error.permanent => false,
            _ => matches!(error.code(), ErrorCode::Network | ErrorCode::Timeout),
        },
    }
}

fn back_off(attempt: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(LONGEST_BACK_OFF)
}

/// Anywhere from nothing to the whole: clients that failed together do not return together.
fn full_jitter(longest: Duration) -> Duration {
    longest.mul_f64(random::fraction())
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds or a date; what has passed is zero, what is neither is nothing.
/// More than a day is a day: nobody waits longer, and no sum with it overflows.
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(24 * 3600);
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;
    use crate::error::TokenEndpointError;

    fn answered(status: u16, retry_after: Option<u64>) -> Error {
        Error::TokenEndpoint(Box::new(TokenEndpointError {
            code: ErrorCode::Server,
            url: String::new(),
            status,
            oauth: None,
            reason: String::new(),
            hint: None,
            retry_after: retry_after.map(Duration::from_secs),
        }))
    }

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 3,
        max_retry_after: Duration::from_secs(60),
        deadline: Duration::from_secs(90),
    };

    #[test]
    fn only_statuses_that_can_pass_are_tried_again() {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(POLICY.wait_after(1, &answered(status, None)).is_some(), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 405, 415, 501] {
            assert!(POLICY.wait_after(1, &answered(status, None)).is_none(), "{status}");
        }
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        assert!(POLICY.wait_after(2, &answered(503, None)).is_some());
        assert!(POLICY.wait_after(3, &answered(503, None)).is_none());
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it_up_to_the_cap() {
        assert_eq!(POLICY.wait_after(1, &answered(429, Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(POLICY.wait_after(1, &answered(429, Some(61))), None);
    }

    #[test]
    fn a_server_that_asks_for_no_patience_gets_the_usual_back_off() {
        let waits: Vec<_> =
            (0..200).filter_map(|_| POLICY.wait_after(1, &answered(503, Some(0)))).collect();
        assert_eq!(waits.len(), 200);
        assert!(waits.iter().any(|wait| *wait > FIRST_BACK_OFF / 10), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= FIRST_BACK_OFF), "{waits:?}");
    }

    #[test]
    fn a_refused_certificate_is_not_tried_again() {
        let tls = Error::Transport(Box::new(TransportError {
            code: ErrorCode::Tls,
            url: String::new(),
            reason: String::new(),
            hint: None,
            stale_connection: false,
            permanent: false,
        }));
        assert!(POLICY.wait_after(1, &tls).is_none());
    }

    #[test]
    fn retry_after_is_seconds_or_any_http_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_767);
        let parse = |value| parse_retry_after(value, now);
        assert_eq!(parse(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(parse("Sun Nov  6 08:49:37 1994"), Some(Duration::from_secs(10)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        for garbage in ["", "soon", "-1", "1.5", "12 s"] {
            assert_eq!(parse(garbage), None, "{garbage}");
        }
        assert!(parse("99999999999999999999999").unwrap() > Duration::from_secs(3600));
    }

    proptest! {
        #[test]
        fn any_retry_after_is_read_without_a_panic(value in ".{0,60}") {
            let _ = parse_retry_after(&value, SystemTime::now());
        }

        #[test]
        fn a_back_off_never_exceeds_its_cap(attempt in 1_u32..1000) {
            prop_assert!(full_jitter(back_off(attempt)) <= LONGEST_BACK_OFF);
        }
    }
}
