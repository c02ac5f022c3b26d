//! Answers of the token endpoint that are no token, put into words (requirements HT-5, OA-9, QK-11).

use std::time::Duration;

use reqwest::header::LOCATION;
use serde_json::{Map, Value};

use super::hint;
use super::redaction::Redaction;
use super::request::TokenRequest;
use super::response::{ScopesNotGranted, Unusable};
use crate::error::{Error, ErrorCode, OAuthError, TokenEndpointError};
use crate::transport::Answer;

/// Turns answers to one request into errors.
pub(super) struct Refusal<'a> {
    request: &'a TokenRequest,
}

/// What a body says.
struct Detail {
    oauth: Option<OAuthError>,
    reason: String,
    is_page: bool,
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
        let detail = self.detail(answer);
        let oauth = detail.oauth.as_ref().map(|oauth| oauth.error.as_str());
        let hint = hint::for_refusal(self.request, answer, oauth, detail.is_page);
        self.error(code, answer.status, detail.oauth, detail.reason, hint, answer.retry_after())
    }

    /// A success status with a JSON object that is no token response.
    pub(super) fn unusable(&self, answer: &Answer, unusable: Unusable) -> Error {
        let (code, reason) = match unusable {
            Unusable::Response(reason) => (ErrorCode::TokenResponse, reason.to_owned()),
            Unusable::Scopes(scopes) => {
                (ErrorCode::ScopeNotGranted, self.scopes_not_granted(answer, &scopes))
            }
            Unusable::TokenType(token_type) => (
                ErrorCode::UnsupportedTokenType,
                format!(
                    "its token_type is '{}', and only Bearer is supported (RFC 6749 §7.1); have \
                     the client registered for bearer tokens",
                    Redaction::of(self.request).clean(&token_type)
                ),
            ),
        };
        self.error(code, answer.status, None, reason, None, None)
    }

    /// The token itself may stand in the server's list of scopes: it is no more shown there than elsewhere.
    fn scopes_not_granted(&self, answer: &Answer, scopes: &ScopesNotGranted) -> String {
        let mut redaction = Redaction::of(self.request);
        if let Some(Value::Object(members)) = answer.json() {
            redaction.include_tokens(&members);
        }
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

    /// A success status with JSON that is no object.
    pub(super) fn not_an_object(&self, answer: &Answer) -> Error {
        let reason = "JSON, but not an object".to_owned();
        self.error(ErrorCode::TokenResponse, answer.status, None, reason, None, None)
    }

    /// A success status without JSON. The body is not quoted: it could hold a token.
    pub(super) fn not_json(&self, answer: &Answer) -> Error {
        let (reason, hint) = if answer.content_encoding().is_some() {
            (
                "the body is compressed, although that was not asked for",
                "have the server, or a proxy in front of it, send it plain",
            )
        } else if answer.is_empty() {
            ("an empty body instead of a token response", "is this the token endpoint?")
        } else if answer.is_markup() {
            (
                "an HTML page instead of a token response",
                "this is probably a login page, not the token endpoint: check tokenEndpoint or the FHIR base URL",
            )
        } else {
            ("the body is not JSON", "is this the token endpoint?")
        };
        let hint = Some(hint.to_owned());
        self.error(ErrorCode::TokenResponse, answer.status, None, reason.to_owned(), hint, None)
    }

    pub(super) fn too_large(&self, status: u16, limit: usize) -> Error {
        let code = match status {
            429 => ErrorCode::RateLimited,
            408 | 500.. => ErrorCode::Server,
            400..=499 => ErrorCode::TokenRejected,
            _ => ErrorCode::TokenResponse,
        };
        let reason = format!("the body is larger than {limit} bytes (http.maxResponseBytes)");
        self.error(code, status, None, reason, None, None)
    }

    fn redirect(&self, answer: &Answer) -> Error {
        let target =
            answer.header(LOCATION).and_then(|to| self.request.endpoint.url().join(to).ok());
        let reason = match &target {
            Some(target) => format!(
                "it redirects to {}{}; not followed, because that would hand the credentials on",
                target.origin().ascii_serialization(),
                Redaction::of(self.request).clean(target.path())
            ),
            None => "it redirects, without saying where to; not followed".to_owned(),
        };
        let hint = "check the URL (http instead of https, a missing path, a login page); if the new address is right, set it as tokenEndpoint";
        self.error(ErrorCode::Redirect, answer.status, None, reason, Some(hint.to_owned()), None)
    }

    fn error(
        &self,
        code: ErrorCode,
        status: u16,
        oauth: Option<OAuthError>,
        reason: String,
        hint: Option<String>,
        retry_after: Option<Duration>,
    ) -> Error {
        Error::TokenEndpoint(Box::new(TokenEndpointError {
            code,
            url: self.request.endpoint.display(),
            status,
            oauth,
            reason,
            hint,
            retry_after,
        }))
    }

    /// OAuth members, then a FHIR OperationOutcome, then RFC 9457, then the text itself (HT-5).
    fn detail(&self, answer: &Answer) -> Detail {
        let mut redaction = Redaction::of(self.request);
        let plain = |reason: String| Detail { oauth: None, reason, is_page: false };
        match answer.json() {
            Some(Value::Object(members)) => {
                // A refusal that brings a token all the same, and may repeat it.
                redaction.include_tokens(&members);
                if let Some(oauth) = oauth_error(&members, &redaction) {
                    let mut reason = oauth.error.clone();
                    for part in [&oauth.description, &oauth.uri].into_iter().flatten() {
                        reason = format!("{reason}: {part}");
                    }
                    return Detail { oauth: Some(oauth), reason, is_page: false };
                }
                let text = outcome_text(&members).or_else(|| problem_text(&members));
                plain(text.map_or_else(
                    || "a JSON body without an error member".to_owned(),
                    |text| redaction.clean(&text),
                ))
            }
            _ if answer.is_empty() => plain("an empty body".to_owned()),
            _ if answer.is_markup() => Detail {
                oauth: None,
                reason: "an HTML page instead of JSON".to_owned(),
                is_page: true,
            },
            _ => plain(redaction.clean(&String::from_utf8_lossy(&answer.body))),
        }
    }
}

fn oauth_error(members: &Map<String, Value>, redaction: &Redaction) -> Option<OAuthError> {
    let text = |name: &str| {
        let value = members.get(name)?.as_str()?.trim();
        (!value.is_empty()).then(|| redaction.clean(value))
    };
    Some(OAuthError {
        error: text("error")?,
        description: text("error_description"),
        uri: text("error_uri"),
    })
}

fn outcome_text(members: &Map<String, Value>) -> Option<String> {
    if members.get("resourceType")?.as_str()? != "OperationOutcome" {
        return None;
    }
    let issue = members.get("issue")?.as_array()?.first()?;
    let text = issue.pointer("/details/text").or_else(|| issue.get("diagnostics"))?;
    text.as_str().map(str::to_owned)
}

fn problem_text(members: &Map<String, Value>) -> Option<String> {
    let parts: Vec<_> = ["title", "detail", "message"]
        .iter()
        .filter_map(|name| members.get(*name)?.as_str())
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
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
    fn a_clock_that_is_off_is_mentioned() {
        let error = read(
            401,
            r#"{"error":"invalid_client"}"#,
            &[("date", "Sun, 06 Nov 1994 08:49:37 GMT")],
        );
        assert!(error.to_string().contains("ahead of the server's"));
    }
}
