//! Answers of the token endpoint that are no token, put into words (requirements HT-5, OA-9, QK-11).

use std::time::Duration;

use reqwest::header::LOCATION;
use serde_json::Value;

use super::detail::Detail;
use super::hint;
use super::redaction::Redaction;
use super::request::TokenRequest;
use super::response::{ScopesNotGranted, Unusable};
use crate::error::{Error, ErrorCode, OAuthError, TokenEndpointError};
use crate::transport::{Answer, correlation};

const IS_THIS_IT: &str = "is this the token endpoint? If it is, tell its operator (RFC 6749 §5.1)";

/// Turns answers to one request into errors.
pub(super) struct Refusal<'a> {
    request: &'a TokenRequest,
}

/// What an answer comes to.
struct Told {
    code: ErrorCode,
    oauth: Option<OAuthError>,
    reason: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
}

impl Told {
    fn new(code: ErrorCode, reason: impl Into<String>, hint: &str) -> Self {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        Self { code, oauth: None, reason: reason.into(), hint, retry_after: None }
    }
}

impl<'a> Refusal<'a> {
    pub(super) fn new(request: &'a TokenRequest) -> Self {
        Self { request }
    }

    /// An error status, or an `error` member under a success status.
    pub(super) fn read(&self, answer: &Answer) -> Error {
        let code = match answer.status {
            300..=399 => return self.redirect(answer),
            429 => ErrorCode::RateLimited,
            408 | 500.. => ErrorCode::Server,
            _ => ErrorCode::TokenRejected,
        };
        let mut redaction = Redaction::of(self.request);
        let detail = Detail::read(answer, &mut redaction);
        let hint = hint::for_refusal(self.request, answer, &detail);
        let Detail { oauth, reason, .. } = detail;
        let retry_after = answer.retry_after();
        self.error(
            answer,
            &redaction,
            Told { oauth, retry_after, ..Told::new(code, reason, &hint) },
        )
    }

    /// A success status with a JSON object that is no token response.
    pub(super) fn unusable(&self, answer: &Answer, unusable: Unusable) -> Error {
        let mut redaction = Redaction::of(self.request);
        // The token itself may stand in other members: it is no more shown there than elsewhere.
        if let Some(Value::Object(members)) = answer.json() {
            redaction.include_tokens(&members);
        }
        let told = match unusable {
            Unusable::Response(reason) => Told::new(ErrorCode::TokenResponse, reason, IS_THIS_IT),
            Unusable::Scopes(scopes) => {
                let reason = scopes_not_granted(&scopes, &redaction);
                Told::new(ErrorCode::ScopeNotGranted, reason, "")
            }
            Unusable::TokenType(token_type) => {
                let named = match redaction.clean(&token_type) {
                    nothing if nothing.is_empty() => "empty".to_owned(),
                    named => format!("'{named}'"),
                };
                Told::new(
                    ErrorCode::UnsupportedTokenType,
                    format!(
                        "its token_type is {named}, and only Bearer is supported (RFC 6749 §7.1)"
                    ),
                    "have the client registered for bearer tokens",
                )
            }
        };
        self.error(answer, &redaction, told)
    }

    /// A success status with JSON that is no object.
    pub(super) fn not_an_object(&self, answer: &Answer) -> Error {
        let told = Told::new(ErrorCode::TokenResponse, "JSON, but not an object", IS_THIS_IT);
        self.error(answer, &Redaction::of(self.request), told)
    }

    /// A success status without JSON. The body is not quoted: it could hold a token.
    pub(super) fn not_json(&self, answer: &Answer) -> Error {
        let (reason, hint) = if answer.content_encoding().is_some() {
            (
                "the body is compressed, although that was not asked for",
                "have the server, or a proxy in front of it, send it plain",
            )
        } else if answer.is_empty() {
            ("an empty body instead of a token response", IS_THIS_IT)
        } else if answer.is_markup() {
            ("an HTML page instead of a token response", hint::WRONG_URL)
        } else {
            ("the body is not JSON", IS_THIS_IT)
        };
        let told = Told::new(ErrorCode::TokenResponse, reason, hint);
        self.error(answer, &Redaction::of(self.request), told)
    }

    pub(super) fn too_large(&self, status: u16, limit: usize) -> Error {
        let code = match status {
            429 => ErrorCode::RateLimited,
            408 | 500.. => ErrorCode::Server,
            400..=499 => ErrorCode::TokenRejected,
            _ => ErrorCode::TokenResponse,
        };
        let reason = format!("the body is larger than {limit} bytes");
        let hint = "is this the token endpoint? If it is, raise http.maxResponseBytes";
        self.told(status, Told::new(code, reason, hint))
    }

    fn redirect(&self, answer: &Answer) -> Error {
        let redaction = Redaction::of(self.request);
        let target =
            answer.header(LOCATION).and_then(|to| self.request.endpoint.url().join(to).ok());
        let reason = match &target {
            Some(target) => {
                let origin = target.origin().ascii_serialization();
                format!(
                    "it redirects to {}; not followed, because that would hand the credentials on",
                    redaction.clean(&format!("{origin}{}", target.path()))
                )
            }
            None => "it redirects, without saying where to; not followed".to_owned(),
        };
        let hint = "check the URL (http instead of https, a missing path, a login page); if the new address is right, set it as tokenEndpoint";
        self.error(answer, &redaction, Told::new(ErrorCode::Redirect, reason, hint))
    }

    fn error(&self, answer: &Answer, redaction: &Redaction, mut told: Told) -> Error {
        told.reason += &correlation(answer, |text| redaction.clean(text));
        self.told(answer.status, told)
    }

    fn told(&self, status: u16, told: Told) -> Error {
        let Told { code, oauth, reason, hint, retry_after } = told;
        let url = self.request.endpoint.display();
        let error = TokenEndpointError { code, url, status, oauth, reason, hint, retry_after };
        Error::TokenEndpoint(Box::new(error))
    }
}

fn scopes_not_granted(scopes: &ScopesNotGranted, redaction: &Redaction) -> String {
    let ScopesNotGranted { required, requested, granted, missing } = scopes;
    let list = |scopes: &[String]| match scopes {
        [] => "nothing".to_owned(),
        scopes => redaction.clean(&scopes.join(" ")),
    };
    format!(
        "the token was granted without scopes that requireScopes '{}' needs, and is not used: \
         requested {}; granted {}; missing {}. Have the client registered for what is missing, or \
         change scope or requireScopes",
        required.as_str(),
        list(requested),
        list(granted),
        list(missing)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;
    use crate::client_auth::{BasicEncoding, ClientAuthentication};
    use crate::secret::Secret;
    use crate::server_url::ServerUrl;

    fn read(status: u16, body: &str, headers: &[(&'static str, &str)]) -> Error {
        let request = TokenRequest {
            endpoint: ServerUrl::parse("url", "https://h/token?key=hidden").unwrap(),
            authentication: Arc::new(ClientAuthentication::ClientSecretBasic {
                secret: Secret::new("s3cret/value".to_owned()),
                encoding: BasicEncoding::Rfc6749,
            }),
            additional_parameters: Arc::new([(
                "password".to_owned(),
                Secret::new("pass word".to_owned()),
            )]),
            ..TokenRequest::of_client("client", "", None)
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let answer = Answer { status, headers: map, body: body.as_bytes().to_vec().into() };
        Refusal::new(&request).read(&answer)
    }

    #[test]
    fn the_name_of_an_error_is_kept_where_a_parameter_says_the_same() {
        let error = read(400, r#"{"error":"invalid_scope","error_description":"pass word"}"#, &[]);
        assert_eq!(error.oauth().unwrap().error, "invalid_scope");
        assert!(!error.to_string().contains("pass word"), "{error}");
    }

    #[test]
    fn a_refusal_that_repeats_a_token_of_its_own_does_not_show_it() {
        let body =
            r#"{"access_token":"T0KEN-value","error":"x","error_description":"T0KEN-value"}"#;
        let error = read(200, body, &[]);
        assert_eq!(error.code(), ErrorCode::TokenRejected);
        assert!(!format!("{error} {:?}", error.oauth()).contains("T0KEN"), "{error}");
    }

    #[test]
    fn the_class_follows_the_status() {
        for (status, code) in [
            (400, ErrorCode::TokenRejected),
            (401, ErrorCode::TokenRejected),
            (404, ErrorCode::TokenRejected),
            (200, ErrorCode::TokenRejected),
            (408, ErrorCode::Server),
            (500, ErrorCode::Server),
            (503, ErrorCode::Server),
            (429, ErrorCode::RateLimited),
            (307, ErrorCode::Redirect),
        ] {
            assert_eq!(read(status, "{\"error\":\"x\"}", &[]).code(), code, "{status}");
        }
    }

    #[test]
    fn oauth_members_are_kept_and_null_ones_left_out() {
        let error = read(
            400,
            r#"{"error":"invalid_client","error_description":null,"error_uri":"urn:x"}"#,
            &[],
        );
        let oauth = error.oauth().unwrap();
        assert_eq!((oauth.error.as_str(), &oauth.description), ("invalid_client", &None));
        assert_eq!(oauth.uri.as_deref(), Some("urn:x"));
    }

    #[test]
    fn other_bodies_are_put_into_words() {
        for (body, words) in [
            (
                r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"no such tenant"}]}"#,
                "no such tenant",
            ),
            (r#"{"title":"Forbidden","detail":"not you"}"#, "Forbidden: not you"),
            (r#"{"a":1}"#, "without an error member"),
            (r#"{"error":null}"#, "without an error member"),
            (r#"{"error":" "}"#, "an empty error member"),
            (r#"{"error":true}"#, "error member is no text"),
            (r#"{"error":{"code":403,"message":"not you"}}"#, "not you"),
            (r#"{"errorCode":"E0","errorSummary":"not you"}"#, "not you"),
            ("", "an empty body"),
            ("  <!DOCTYPE html><p>Log in", "an HTML page"),
            ("plain \u{7} words", "plain words"),
        ] {
            let message = read(403, body, &[]).to_string();
            assert!(message.contains(words), "{message}");
            assert!(message.contains("HTTP 403") && !message.contains("hidden"), "{message}");
        }
    }

    #[test]
    fn an_echo_of_the_request_shows_no_credential() {
        for echo in [
            "s3cret/value",
            "s3cret%2Fvalue",
            "Basic Y2xpZW50OnMzY3JldCUyRnZhbHVl",
            "pass+word",
            "pass word",
            "pass%20word",
        ] {
            for body in
                [echo.to_owned(), format!(r#"{{"error":"x","error_description":"{echo}"}}"#)]
            {
                let message = read(400, &body, &[]).to_string();
                assert!(!message.contains(echo.trim_start_matches("Basic ")), "{message}");
            }
        }
    }

    #[test]
    fn a_redirect_names_its_target_without_the_query() {
        let error = read(307, "", &[("location", "https://evil.example/collect?x=1")]);
        assert!(error.to_string().contains("https://evil.example/collect;"));
    }

    #[test]
    fn a_redirect_to_a_host_that_repeats_a_credential_or_does_not_end_is_not_shown_in_full() {
        let told = |host: &str| read(307, "", &[("location", &format!("https://{host}/"))]);
        assert!(!told("s3cretvalue.example").to_string().contains("s3cret"));
        assert!(told(&"x".repeat(5000)).to_string().chars().count() < 700);
    }

    #[test]
    fn a_clock_that_is_off_is_no_reason_to_refuse_a_secret() {
        let error = read(
            401,
            r#"{"error":"invalid_client"}"#,
            &[("date", "Sun, 06 Nov 1994 08:49:37 GMT")],
        );
        assert!(!error.to_string().contains("clock"), "{error}");
    }

    #[test]
    fn headers_to_find_an_answer_by_are_shown_without_credentials() {
        let shown = |value| read(500, "no", &[("x-request-id", value)]).to_string();
        assert!(shown("47-11").contains("no (x-request-id: 47-11); the server failed"));
        assert!(!shown("s3cret/value").contains("s3cret"));
    }
}
