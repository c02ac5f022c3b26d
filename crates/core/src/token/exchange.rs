//! A token request and its answer (RFC 6749 §4.4).

use serde_json::{Map, Value};

use super::failure::Refusal;
use super::response::Expectation;
use super::{RenewalPolicy, Token, TokenRequest};
use crate::clock::Now;
use crate::error::Error;
use crate::transport::{Answer, NoAnswer, RetryPolicy, Transport, with_retries};

/// Sends the request, and sends it again where that can help: each time authenticated anew.
pub(super) async fn exchange(
    request: &TokenRequest,
    transport: &Transport,
    retry: &RetryPolicy,
    renewal: &RenewalPolicy,
) -> Result<Token, Error> {
    with_retries(retry, &request.endpoint.display(), || async {
        let sent_at = Now::read();
        let (body, authorization) = request.prepare(sent_at)?;
        let answer = transport.post_form(request.endpoint.url(), body, authorization).await;
        read(&Expectation { request, sent_at, renewal }, answer)
    })
    .await
}

fn read(expectation: &Expectation<'_>, answer: Result<Answer, NoAnswer>) -> Result<Token, Error> {
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

/// Under a success status too (OA-9).
fn is_error(members: &Map<String, Value>) -> bool {
    members.get("error").is_some_and(|error| !error.is_null())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::client_auth::ClientAuthentication;
    use crate::error::ErrorCode;
    use crate::secret::Secret;
    use crate::server_url::ServerUrl;

    fn read_body(status: u16, body: impl Into<Vec<u8>>) -> Result<Token, Error> {
        let request = TokenRequest {
            endpoint: ServerUrl::parse("url", "https://h/token").unwrap(),
            client_id: "client".to_owned(),
            authentication: ClientAuthentication::ClientSecretPost {
                secret: Secret::new("the-secret".to_owned()),
            },
            scope: None,
            additional_parameters: Vec::new(),
            hint: None,
        };
        let renewal = RenewalPolicy { margin: None, default_lifetime: Duration::from_secs(300) };
        let expectation =
            Expectation { request: &request, sent_at: Now::read(), renewal: &renewal };
        read(
            &expectation,
            Ok(Answer { status, headers: HeaderMap::new(), body: body.into().into() }),
        )
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
