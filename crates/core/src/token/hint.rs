//! What a refusal probably means, and which setting to look at (HT-6, QK-11).

use std::time::{Duration, SystemTime};

use reqwest::header::DATE;

use super::detail::Detail;
use super::request::TokenRequest;
use super::topics::{Topic, Topics};
use crate::client_auth::ClientAuthMethod;
use crate::transport::Answer;

/// A clock that is further off makes valid assertions look expired or from the future (HT-6).
const NOTABLE_SKEW: Duration = Duration::from_secs(30);
/// A longer list would hide what is likely behind what is not.
const MOST_CLAUSES: usize = 3;

/// Of a page in place of JSON.
pub(super) const WRONG_URL: &str = "this is probably a login page, not the token endpoint: check tokenEndpoint or the FHIR base URL";
const CLIENT_CERTIFICATE: &str = "the proxy in front of the server wants a client certificate, or does not take this one: see http.clientCertificate";
const FAILED: &str =
    "the server failed; if it lasts, ask its operator: some refuse a client like this, for good";

/// What to do next.
pub(super) fn for_refusal(request: &TokenRequest, answer: &Answer, detail: &Detail) -> String {
    let oauth = detail.oauth.as_ref().map(|oauth| oauth.error.as_str());
    let asserts = request.authentication.terms().is_some();
    let topics = Topics::of(&detail.reason);
    let is_about_proof = topics.has(Topic::Credentials) || topics.has(Topic::Key);
    match (oauth, answer.status) {
        (_, 429) => too_many(answer),
        (Some("invalid_client"), _) => invalid_client(request, answer, detail),
        // Several servers report a bad assertion under these names, some a bad scope too (QK-11).
        (Some("invalid_grant" | "invalid_request"), _) if asserts => {
            invalid_client(request, answer, detail)
        }
        (Some("invalid_request"), _) => {
            "check scope, and whether the server wants a parameter of its own (additionalParameters)"
                .to_owned()
        }
        (Some("invalid_scope"), _) => SCOPE.to_owned(),
        // Keycloak says so of a wrong secret or assertion too.
        (Some("unauthorized_client"), _) if is_about_proof => {
            invalid_client(request, answer, detail)
        }
        (Some("unauthorized_client" | "unsupported_grant_type" | "invalid_grant"), _) => {
            "have the client registered for grant_type client_credentials: the server does not allow it that"
                .to_owned()
        }
        (Some("access_denied"), _) => {
            "the server knows the client and denies it a token: check scope, and what the client is registered for"
                .to_owned()
        }
        (Some("invalid_target"), _) => {
            "check the additional parameters that name the API (resource, audience)".to_owned()
        }
        (Some("use_dpop_nonce" | "invalid_dpop_proof"), _) => {
            "the server wants DPoP, which this client does not do: have the client registered for bearer tokens"
                .to_owned()
        }
        (Some("temporarily_unavailable" | "slow_down"), _) => "try again later".to_owned(),
        (_, 408 | 500..) => FAILED.to_owned(),
        (_, 400) if detail.is_page && is_about_client_certificate(answer) => {
            CLIENT_CERTIFICATE.to_owned()
        }
        _ if detail.is_page => WRONG_URL.to_owned(),
        (_, 404 | 405 | 410) => {
            "there is no token endpoint at this address: check tokenEndpoint or the FHIR base URL"
                .to_owned()
        }
        (Some(_), 401 | 403) => invalid_client(request, answer, detail),
        (None, 401 | 403) => format!(
            "a gateway may refuse this address, or the credentials are wrong: {}",
            invalid_client(request, answer, detail)
        ),
        _ if !topics.is_empty() => invalid_client(request, answer, detail),
        _ => "check clientId, the credentials and scope, or ask the server's operator, whose log can say more"
            .to_owned(),
    }
}

/// nginx ends the handshake well and then answers "No required SSL certificate was sent" or "The SSL
/// certificate error".
fn is_about_client_certificate(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body).contains("SSL certificate")
}

const SCOPE: &str = "check scope against what the client is registered for";

fn too_many(answer: &Answer) -> String {
    match answer.retry_after() {
        Some(wait) if !wait.is_zero() => {
            format!("the server asks to wait {} s before the next request", wait.as_secs())
        }
        _ => "these are too many requests for the server: wait before trying again".to_owned(),
    }
}

/// What there is evidence of, then what the server's words are about, then what is often the reason.
fn invalid_client(request: &TokenRequest, answer: &Answer, detail: &Detail) -> String {
    let topics = Topics::of(&detail.reason);
    let credentials = match request.authentication.method() {
        ClientAuthMethod::PrivateKeyJwt => {
            "check clientId, and that the server has this key's public half under the same kid \
             (interceptor.publicJwks()): servers keep key sets, and take minutes to two days to see a new key"
        }
        ClientAuthMethod::ClientSecretBasic => {
            "check clientId and clientSecret (has it expired?); some servers need basicEncoding: 'raw' \
             or clientAuthMethod: 'client_secret_post'"
        }
        ClientAuthMethod::ClientSecretPost => {
            "check clientId and clientSecret (has it expired?); some servers need \
             clientAuthMethod: 'client_secret_basic'"
        }
        ClientAuthMethod::ClientSecretJwt => {
            "check clientId and clientSecret, and that the client is registered for client_secret_jwt with HS256; \
             many servers know client_secret_basic alone"
        }
        ClientAuthMethod::TlsClientAuth => {
            "check clientId, and that the client is registered for tls_client_auth with the subject of http.clientCertificate \
             (or for self_signed_tls_client_auth with the certificate itself); what ends TLS in front of the server has to hand the certificate on"
        }
    }
    .to_owned();
    let listed = request.signing_algorithms.as_deref();
    let unlisted = request.authentication.unlisted_algorithm(listed);
    let skew = clock_hint(request, answer);
    let times = times(request).filter(|_| skew.is_none() && topics.has(Topic::Time));
    let scope = topics.has(Topic::Scope).then(|| SCOPE.to_owned());
    let audience = audience(request);
    let evidence = [unlisted, skew, http_advertised(request)];
    let [first, second] = if topics.has(Topic::Audience) && !topics.has(Topic::Key) {
        [audience, Some(credentials)]
    } else {
        [Some(credentials), audience]
    };
    let is_grant = detail.oauth.as_ref().is_some_and(|oauth| oauth.error == "invalid_grant");
    let scope_too = (is_grant && scope.is_none()).then(|| SCOPE.to_owned());
    let without_scope = (detail.oauth.is_none() && request.scope.is_none())
        .then(|| "no scope was asked for, which some servers refuse: set scope".to_owned());
    let guesses = [replay(request, topics), times, scope, first, second, scope_too, without_scope];
    let clauses = evidence.into_iter().chain(guesses).flatten().take(MOST_CLAUSES);
    clauses.collect::<Vec<_>>().join("; ")
}

/// Servers want one of two, and none says so (W): the other one is never tried without the user's word.
fn audience(request: &TokenRequest) -> Option<String> {
    let terms = request.authentication.terms()?;
    let hint = match &request.audience {
        _ if terms.force_http_in_audience => {
            "forceHttpInTokenRequestAudience is set, so aud says http:; is that what this server expects?"
        }
        None if !request.endpoint.is_https() => {
            "aud is the token endpoint; some servers want audience: 'issuer'"
        }
        None => {
            "aud is the token endpoint; some servers want audience: 'issuer', and some behind a proxy that \
             ends TLS forceHttpInTokenRequestAudience: true"
        }
        Some(_) => {
            "audience is set, so aud is not the token endpoint; is that what this server expects?"
        }
    };
    Some(hint.to_owned())
}

/// A server that does not know of the TLS in front of it takes itself for an http one.
fn http_advertised(request: &TokenRequest) -> Option<String> {
    let terms = request.authentication.terms()?;
    (request.http_advertised && !terms.force_http_in_audience).then(|| {
        "the server's metadata says http: of itself, as behind a proxy that ends TLS, and may expect that \
         in aud: try forceHttpInTokenRequestAudience: true"
            .to_owned()
    })
}

/// Each attempt has a `jti` of its own, so this client has not sent it twice.
fn replay(request: &TokenRequest, topics: Topics) -> Option<String> {
    request.authentication.terms().filter(|_| topics.has(Topic::Replay)).map(|_| {
        "each attempt has a new jti: does a proxy between here and the server send requests twice?"
            .to_owned()
    })
}

fn times(request: &TokenRequest) -> Option<String> {
    request.authentication.terms().map(|_| {
        "check this machine's clock, and assertion.lifetimeSeconds, issuedAt and notBefore"
            .to_owned()
    })
}

/// Evidence, never obeyed (architecture, "The assertion clock").
fn clock_hint(request: &TokenRequest, answer: &Answer) -> Option<String> {
    let terms = request.authentication.terms()?;
    let server = httpdate::parse_http_date(answer.header(DATE)?).ok()?;
    let (skew, is_ahead) = match SystemTime::now().duration_since(server) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    };
    let direction = if is_ahead { "ahead of" } else { "behind" };
    // What a strict server has against it then: a date in its future, an end too far from now.
    let until_then = if is_ahead && terms.issued_at {
        " (until then a strict server may need assertion: { issuedAt: false, lifetimeSeconds: 60 })"
    } else {
        ""
    };
    (skew > NOTABLE_SKEW).then(|| {
        let seconds = skew.as_secs();
        format!(
            "this machine's clock is {seconds} s {direction} the server's: set it right{until_then}"
        )
    })
}
