//! Fetching one discovery document.

use std::time::Duration;

use reqwest::header::{CACHE_CONTROL, LOCATION};
use serde_json::{Map, Value};
use url::Url;

use crate::error::{DiscoveryError, Error};
use crate::printable::printable;
use crate::server_url::display;
use crate::transport::{Answer, NoAnswer, RetryPolicy, Transport, correlation, with_retries};

/// A document may move within its own server, not further and not for ever (BP-3).
const MAX_REDIRECTS: usize = 3;

/// How long a document may be used.
pub(super) type Freshness = Duration;

const DEFAULT_FRESHNESS: Duration = Duration::from_secs(3600);
const SHORTEST_FRESHNESS: Duration = Duration::from_secs(300);
const LONGEST_FRESHNESS: Duration = Duration::from_secs(24 * 3600);

/// A JSON object. Of a member that is there twice the last one counts, as in JavaScript.
pub(super) struct Document {
    pub(super) members: Map<String, Value>,
    pub(super) freshness: Freshness,
}

pub(super) async fn fetch(
    transport: &Transport,
    retry: &RetryPolicy,
    url: &Url,
    accept: &'static str,
) -> Result<Document, Error> {
    let late = || retry.out_of_time(&display(url));
    with_retries(retry, late, |_| fetch_once(transport, url, accept)).await
}

async fn fetch_once(
    transport: &Transport,
    start: &Url,
    accept: &'static str,
) -> Result<Document, Error> {
    let mut url = start.clone();
    for _ in 0..=MAX_REDIRECTS {
        let answer = transport.get(&url, accept).await.map_err(|error| no_answer(start, error))?;
        match read(start, &url, &answer)? {
            Found::Document(document) => return Ok(document),
            Found::Elsewhere(target) => url = target,
        }
    }
    Err(failure(
        start,
        None,
        format!(
            "more than {MAX_REDIRECTS} redirects; use the URL that they lead to, or set tokenEndpoint"
        ),
        false,
        None,
    ))
}

/// What an answer comes to.
pub(super) enum Found {
    Document(Document),
    /// On the same server.
    Elsewhere(Url),
}

/// `start`: what was asked for; `url`: what has answered.
pub(super) fn read(start: &Url, url: &Url, answer: &Answer) -> Result<Found, Error> {
    match answer.status {
        200 => parse(start, answer).map(Found::Document),
        301 | 302 | 303 | 307 | 308 => follow(start, url, answer).map(Found::Elsewhere),
        _ => Err(refused(start, answer)),
    }
}

fn refused(start: &Url, answer: &Answer) -> Error {
    let transient = matches!(answer.status, 408 | 425 | 429 | 500..=599);
    let reason = match answer.status {
        404 | 410 => "there is no such document; check the URL, or set tokenEndpoint",
        401 | 403 => {
            "the server wants authentication for a public document; check the URL, or set tokenEndpoint"
        }
        _ if transient => {
            "the server did not give the document; if that lasts, ask its operator, or set tokenEndpoint"
        }
        _ => "the server did not give the document; check the URL, or set tokenEndpoint",
    };
    // Nothing secret was sent that could come back.
    let shown = correlation(answer, |text| printable(text, text.len()));
    let reason = format!("{reason}{shown}");
    failure(start, Some(answer.status), reason, transient, answer.retry_after())
}

fn follow(start: &Url, url: &Url, answer: &Answer) -> Result<Url, Error> {
    let refuse = |reason: String| failure(start, Some(answer.status), reason, false, None);
    let target = answer.header(LOCATION).and_then(|location| url.join(location).ok());
    let mut target = target.ok_or_else(|| {
        refuse(
            "a redirect without a usable Location; check the URL, or set tokenEndpoint".to_owned(),
        )
    })?;
    if target.origin() != start.origin() {
        return Err(refuse(format!(
            "it redirects to {}, another server: not followed; use that server's URL, or set tokenEndpoint",
            display(&target)
        )));
    }
    // A document is public: what the server names there would be sent as credentials. Neither call can fail for http.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    Ok(target)
}

fn parse(url: &Url, answer: &Answer) -> Result<Document, Error> {
    match answer.json() {
        Some(Value::Object(members)) => {
            Ok(Document { members, freshness: freshness(answer.header(CACHE_CONTROL)) })
        }
        Some(_) => {
            let reason = "JSON, but not an object; check the URL, or set tokenEndpoint".to_owned();
            Err(failure(url, Some(200), reason, false, None))
        }
        None => {
            let reason = if answer.content_encoding().is_some() {
                "the body is compressed, although that was not asked for; have the server's proxy send it plain"
            } else if answer.is_markup() {
                "HTML or XML instead of JSON; is this the FHIR base URL, and not that of a web page?"
            } else {
                "the body is not JSON; check the URL, or set tokenEndpoint"
            };
            Err(failure(url, Some(200), reason.to_owned(), false, None))
        }
    }
}

/// An hour, or what the server says within bounds: discovery must neither be repeated for every
/// token nor outlive a move of the server (SD-11).
pub(super) fn freshness(cache_control: Option<&str>) -> Freshness {
    let max_age =
        cache_control.into_iter().flat_map(|value| value.split(',')).find_map(|directive| {
            let (name, seconds) = directive.trim().split_once('=')?;
            name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
        });
    max_age.map_or(DEFAULT_FRESHNESS, |seconds| {
        Duration::from_secs(seconds).clamp(SHORTEST_FRESHNESS, LONGEST_FRESHNESS)
    })
}

fn no_answer(url: &Url, error: NoAnswer) -> Error {
    match error {
        NoAnswer::Failed(error) => error,
        NoAnswer::TooLarge { status, limit } => failure(
            url,
            Some(status),
            format!(
                "the document is larger than {limit} bytes; raise http.maxResponseBytes, or set tokenEndpoint"
            ),
            false,
            None,
        ),
    }
}

fn failure(
    url: &Url,
    status: Option<u16>,
    reason: String,
    transient: bool,
    retry_after: Option<Duration>,
) -> Error {
    Error::Discovery(Box::new(DiscoveryError {
        url: display(url),
        status,
        reason,
        transient,
        retry_after,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn freshness_is_an_hour_or_max_age_within_bounds() {
        let seconds = |header| freshness(header).as_secs();
        assert_eq!(seconds(None), 3600);
        assert_eq!(seconds(Some("public, Max-Age=7200, must-revalidate")), 7200);
        assert_eq!(seconds(Some("max-age=0")), 300);
        assert_eq!(seconds(Some("max-age=99999999")), 86400);
        assert_eq!(seconds(Some("no-store")), 3600);
        assert_eq!(seconds(Some("max-age=soon")), 3600);
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let url = Url::parse("https://h/").unwrap();
            let answer = Answer { status: 200, headers: reqwest::header::HeaderMap::new(), body: body.into() };
            let _ = parse(&url, &answer);
        }
    }
}
