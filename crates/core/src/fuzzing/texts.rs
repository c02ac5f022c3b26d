//! Texts of servers: headers, URLs, and what a message may repeat of them.

use std::time::{Duration, SystemTime};

use url::Url;

use super::Received;
use crate::error::{Error, ErrorCode, Problem, TokenEndpointError};
use crate::reach::Reach;
use crate::server_url::{self, ServerUrl};
use crate::token::Redaction;
use crate::transport::{self, RetryPolicy};

/// `Retry-After`
#[must_use]
pub fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    transport::parse_retry_after(value, now)
}

/// How long a client waits after an answer 503 with this `Retry-After`, where it would ask again.
#[must_use]
pub fn longest_wait(received: &Received<'_>, max_retry_after: Duration) -> Option<Duration> {
    let error = Error::TokenEndpoint(Box::new(TokenEndpointError {
        code: ErrorCode::Server,
        url: String::new(),
        status: 503,
        oauth: None,
        reason: String::new(),
        hint: None,
        retry_after: received.answer().retry_after(),
    }));
    let policy = RetryPolicy { attempts: 9, max_retry_after, deadline: Duration::from_secs(90) };
    (1..policy.attempts).filter_map(|attempt| policy.wait_after(attempt, &error)).max()
}

/// How long a document may be used for its `Cache-Control`.
#[must_use]
pub fn usable_for(cache_control: &str) -> Duration {
    crate::discovery::reading::freshness(cache_control)
}

/// What a message repeats of the headers; `credential`: one that must not be in it.
#[must_use]
pub fn correlation(received: &Received<'_>, credential: &str) -> String {
    let redaction = Redaction::of_credential(credential);
    transport::correlation(&received.answer(), |text| redaction.clean(text))
}

/// What a message repeats of a text; `credential`: one that must not be in it.
#[must_use]
pub fn clean(text: &str, credential: &str) -> String {
    Redaction::of_credential(credential).clean(text)
}

/// As it is kept, as a message shows it, and whether it is an address of the machine itself.
pub fn server_url(raw: &str, allow_http: bool) -> Result<(String, String, bool), Problem> {
    let url = ServerUrl::parse_secure("url", raw, allow_http)?;
    Ok((url.raw().to_owned(), url.display(), Reach::of(url.url()) == Reach::Machine))
}

/// Any URL, as a message shows it.
#[must_use]
pub fn display(url: &Url) -> String {
    server_url::display(url)
}
