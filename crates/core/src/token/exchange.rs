//! A token request and its answer (RFC 6749 §4.4).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::failure::Refusal;
use super::observers::Observers;
use super::response::Expectation;
use super::source::RequestToken;
use super::{RenewalPolicy, Token, TokenRequest};
use crate::clock::Now;
use crate::error::Error;
use crate::events::Observer;
use crate::hook::TokenRequestReason;
use crate::keystore::KeystoreContent;
use crate::transport::{Answer, NoAnswer, RetryPolicy, Transport, with_retries};

/// Requests tokens from a token endpoint.
pub(crate) struct TokenEndpoint {
    pub(super) request: TokenRequest,
    pub(super) transport: Arc<Transport>,
    pub(super) retry: RetryPolicy,
    pub(super) renewal: Arc<RenewalPolicy>,
    pub(super) observers: Observers,
    /// What signed the latest request, if that failed.
    refused_key: Mutex<Option<Weak<KeystoreContent>>>,
}

impl TokenEndpoint {
    pub(crate) fn new(
        request: TokenRequest,
        transport: Arc<Transport>,
        retry: RetryPolicy,
        renewal: Arc<RenewalPolicy>,
    ) -> Self {
        let (observers, refused_key) = (Observers::default(), Mutex::default());
        Self { request, transport, retry, renewal, observers, refused_key }
    }

    /// Sends the request, and sends it again where that can help: each time authenticated anew.
    async fn exchange(&self, reason: TokenRequestReason) -> Result<Token, Error> {
        let signing = AtomicBool::new(false);
        let signing = &signing;
        let late = || self.late(signing.load(Ordering::Relaxed));
        with_retries(&self.retry, late, |attempt| async move {
            let (result, used) = self.observed(reason, attempt, signing).await;
            match (result, used) {
                (Err(error), Some(used)) if may_be_about_the_key(&error) => {
                    let authentication = &self.request.authentication;
                    if authentication.has_other_key(&used).await {
                        // Its successor was there already: no attempt is spent on the predecessor.
                        return self.observed(reason, attempt, signing).await.0;
                    }
                    Err(error.with_hint(authentication.trouble()))
                }
                (result, _) => result,
            }
        })
        .await
    }

    /// What has used up the time, where there has been no answer.
    fn late(&self, signing: bool) -> Error {
        let Self { request, retry, .. } = self;
        let signer = signing.then(|| request.authentication.late_signer(retry.deadline)).flatten();
        signer.unwrap_or_else(|| retry.out_of_time(&request.endpoint.display()))
    }

    /// `signing`: true while a proof is being made.
    async fn observed(
        &self,
        reason: TokenRequestReason,
        attempt: u32,
        signing: &AtomicBool,
    ) -> (Result<Token, Error>, Option<Arc<KeystoreContent>>) {
        let observed = self.observers.started(&self.request, reason, attempt);
        let used = self.request.authentication.current_key().await;
        let result = self.send(used.as_deref(), signing).await;
        if let Some(observed) = observed {
            observed.ended(result.as_ref().err());
        }
        let refused = used.as_ref().filter(|_| result.is_err()).map(Arc::downgrade);
        *self.refused_key.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        (result, used)
    }

    async fn send(
        &self,
        key: Option<&KeystoreContent>,
        signing: &AtomicBool,
    ) -> Result<Token, Error> {
        // The assertion is dated when it is made; the lifetime counts from when it leaves.
        signing.store(true, Ordering::Relaxed);
        let prepared = self.request.prepare(key, Now::read()).await;
        signing.store(false, Ordering::Relaxed);
        let (body, authorization) = prepared?;
        let sent_at = Now::read();
        let url = self.request.endpoint.url();
        let answer = self.transport.post_form(url, body, authorization).await;
        let took = sent_at.until(Now::read());
        let Self { request, renewal, .. } = self;
        let mut token = read(&Expectation { request, sent_at, took, renewal }, answer)?;
        token.warn(request.authentication.warnings(key));
        Ok(token)
    }
}

/// Servers do not agree on what to call a key that they do not know (QK-11).
fn may_be_about_the_key(error: &Error) -> bool {
    let named = error.oauth().map(|oauth| oauth.error.as_str());
    matches!(named, Some("invalid_client" | "invalid_grant" | "invalid_request"))
        || error.status() == Some(401)
}

impl RequestToken for TokenEndpoint {
    fn request_token(&self, reason: TokenRequestReason) -> BoxFuture<'_, Result<Token, Error>> {
        self.exchange(reason).boxed()
    }

    fn attach(&self, observer: &Arc<dyn Observer>) {
        self.observers.attach(observer);
    }

    fn would_ask_anew(&self) -> bool {
        let refused = self.refused_key.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().is_some_and(|refused| self.request.authentication.is_other_key(refused))
    }
}

pub(super) fn read(
    expectation: &Expectation<'_>,
    answer: Result<Answer, NoAnswer>,
) -> Result<Token, Error> {
    let refusal = Refusal::new(expectation.request);
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::Failed(error)) => return Err(error),
        Err(NoAnswer::TooLarge { status, limit }) => return Err(refusal.too_large(status, limit)),
    };
    // 200; 201 is what some servers say instead (SB-7).
    if !matches!(answer.status, 200..=299) {
        return Err(refusal.read(&answer));
    }
    match answer.json() {
        Some(Value::Object(members)) if is_error(&members) => Err(refusal.read(&answer)),
        Some(Value::Object(members)) => {
            expectation.read(members).map_err(|unusable| refusal.unusable(&answer, unusable))
        }
        Some(_) => Err(refusal.not_an_object(&answer)),
        None => Err(refusal.not_json(&answer)),
    }
}

/// An answer that was there at once, for tests and fuzzing.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_answer(request: &TokenRequest, answer: Answer) -> Result<Token, Error> {
    let (sent_at, took) = (Now::read(), std::time::Duration::ZERO);
    read(&Expectation { request, sent_at, took, renewal: &RenewalPolicy::PLAIN }, Ok(answer))
}

/// Under a success status too (OA-9).
fn is_error(members: &Map<String, Value>) -> bool {
    members.get("error").is_some_and(|error| !error.is_null())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::error::ErrorCode;

    fn read_body(status: u16, body: impl Into<Vec<u8>>) -> Result<Token, Error> {
        let request = TokenRequest::of_client("client", "the-secret", None);
        let (headers, body) = (HeaderMap::new(), body.into().into());
        read_answer(&request, Answer { status, headers, body })
    }

    #[test]
    fn a_byte_order_mark_and_status_201_are_tolerated() {
        let body = "\u{feff}{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":5}";
        assert!(read_body(201, body).is_ok());
    }

    #[test]
    fn a_success_that_is_no_token_says_what_it_is_and_quotes_nothing() {
        for (body, words) in [
            ("", "an empty body"),
            ("<html>s3cret", "an HTML page"),
            ("access_token=s3cret", "not JSON"),
            ("[\"s3cret\"]", "not an object"),
            ("{\"access_token\":[\"s3cret\"]}", "not a string"),
        ] {
            let error = read_body(200, body).unwrap_err();
            assert_eq!(error.code(), ErrorCode::TokenResponse);
            let message = error.to_string();
            assert!(message.contains(words) && !message.contains("s3cret"), "{message}");
        }
    }

    #[test]
    fn an_error_member_under_200_is_a_refusal_unless_it_is_null() {
        let error = read_body(200, "{\"error\":\"invalid_scope\"}").unwrap_err();
        assert_eq!(error.code(), ErrorCode::TokenRejected);
        let body = "{\"error\":null,\"access_token\":\"t\",\"token_type\":\"bearer\"}";
        assert!(read_body(200, body).is_ok());
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(
            status in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = read_body(status, body);
        }

        #[test]
        fn any_error_is_read_without_a_panic(error in ".{0,30}", description in ".{0,30}") {
            let body = serde_json::json!({"error": error, "error_description": description});
            let _ = read_body(400, body.to_string());
        }
    }
}
