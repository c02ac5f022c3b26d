//! A token request that is made to be looked at (`Diagnosis`).

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use reqwest::header::DATE;
use serde_json::Value;
use url::form_urlencoded;

use super::exchange;
use super::redaction::Redaction;
use super::response::Expectation;
use super::{RenewalPolicy, Token, TokenRequest};
use crate::clock::Now;
use crate::diagnosis::{AssertionParts, Diagnosis, GrantedToken, ReceivedAnswer, SentRequest};
use crate::error::Error;
use crate::transport::{Answer, CORRELATION_HEADERS, Transport};

const CREDENTIAL: &str = "[redacted]";

/// Headers that help to understand an answer, beside those that its operator finds it by (HT-5).
const TELLING_HEADERS: [&str; 8] = [
    "date",
    "server",
    "via",
    "content-type",
    "cache-control",
    "location",
    "retry-after",
    "traceparent",
];

/// Members of a response with a success status whose values are shown; the latter ones come under 200 too (OA-9).
const SHOWN_MEMBERS: [&str; 7] = [
    "token_type",
    "expires_in",
    "scope",
    "issued_token_type",
    "error",
    "error_description",
    "error_uri",
];

/// Sends it once, with nothing kept and nothing retried. `diagnosis` gets what was sent and what came.
pub(crate) async fn inspect(
    request: &TokenRequest,
    transport: &Transport,
    renewal: &RenewalPolicy,
    diagnosis: &mut Diagnosis,
) -> Result<(), Error> {
    let key = request.authentication.current_key().await;
    let (body, authorization) = request.prepare(key.as_deref(), Now::read()).await?;
    let scheme = authorization.is_some().then_some("Basic");
    diagnosis.request = Some(sent(request, &body, scheme));
    let sent_at = Now::read();
    let answer = transport.post_form(request.endpoint.url(), body, authorization).await;
    let took = sent_at.until(Now::read());
    if let Ok(answer) = &answer {
        diagnosis.answer = Some(received(request, answer));
    }
    let token = exchange::read(&Expectation { request, sent_at, took, renewal }, answer)?;
    diagnosis.warnings.extend(token.warnings().iter().cloned());
    diagnosis.token = Some(granted(request, &token));
    Ok(())
}

fn sent(request: &TokenRequest, body: &Bytes, authorization: Option<&'static str>) -> SentRequest {
    let mut assertion = None;
    let own = |name: &str| request.additional_parameters.iter().any(|(other, _)| other == name);
    let parameters = form_urlencoded::parse(body).map(|(name, value)| {
        if name == "client_assertion" {
            assertion = parts(&value);
        }
        let hidden = matches!(&*name, "client_assertion" | "client_secret") || own(&name);
        (name.to_string(), if hidden { CREDENTIAL.to_owned() } else { value.to_string() })
    });
    let parameters = parameters.collect();
    SentRequest {
        url: request.endpoint.display(),
        method: request.authentication.method().as_str(),
        authorization,
        parameters,
        assertion,
    }
}

fn parts(assertion: &str) -> Option<AssertionParts> {
    let mut parts = assertion.split('.').map(|part| {
        let json = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Value>(&json).ok()
    });
    Some(AssertionParts { header: parts.next()??, claims: parts.next()?? })
}

pub(crate) fn received(request: &TokenRequest, answer: &Answer) -> ReceivedAnswer {
    let mut redaction = Redaction::of(request);
    let members = answer.json().and_then(|body| match body {
        Value::Object(members) => Some(members),
        _ => None,
    });
    if let Some(members) = &members {
        redaction.include_tokens(members);
    }
    let body = match &members {
        // Whatever it calls them, something in it may be a token.
        Some(members) if matches!(answer.status, 200..=299) => {
            let shown = members.iter().map(|(name, value)| {
                let shown = SHOWN_MEMBERS.contains(&name.as_str()) && !value.is_object();
                let value = if shown { value.clone() } else { CREDENTIAL.into() };
                (name.clone(), value)
            });
            let shown = Value::Object(shown.collect()).to_string();
            redaction.clean(&shown)
        }
        _ if answer.is_empty() => String::new(),
        // A success that is no token response is not quoted in errors either.
        None if matches!(answer.status, 200..=299) => CREDENTIAL.to_owned(),
        _ => redaction.clean_body(&answer.body),
    };
    let headers = answer.headers.iter().filter_map(|(name, value)| {
        let mut telling = TELLING_HEADERS.iter().chain(&CORRELATION_HEADERS);
        telling.find(|telling| name.as_str().eq_ignore_ascii_case(telling))?;
        Some((name.to_string(), redaction.clean(value.to_str().ok()?)))
    });
    ReceivedAnswer {
        status: answer.status,
        headers: headers.collect(),
        body,
        clock_ahead_seconds: clock_ahead_seconds(answer),
    }
}

fn clock_ahead_seconds(answer: &Answer) -> Option<i64> {
    let server = httpdate::parse_http_date(answer.header(DATE)?).ok()?;
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).ok();
    match SystemTime::now().duration_since(server) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => seconds(behind.duration()).map(|seconds| -seconds),
    }
}

/// A server that confuses its members may name the token itself as a scope.
fn granted(request: &TokenRequest, token: &Token) -> GrantedToken {
    let mut redaction = Redaction::of(request);
    redaction.include_token(token.access_token());
    let now = Now::read();
    GrantedToken {
        expires_in_seconds: token.expires_at().map(|end| now.until(end).as_secs()),
        granted_scopes: token.granted_scopes().map(|scope| redaction.clean(scope)).collect(),
        missing_scopes: token.missing_scopes().to_vec(),
    }
}
