//! What a refusal probably means, and which setting to look at (HT-6, QK-11).

use std::time::{Duration, SystemTime};

use reqwest::header::DATE;

use super::request::TokenRequest;
use crate::client_auth::ClientAuthMethod;
use crate::transport::Answer;

/// A clock that is further off makes valid assertions look expired or from the future (HT-6).
const NOTABLE_SKEW: Duration = Duration::from_secs(30);

/// What to do next: one sentence or none. `oauth`: the body's `error`; `is_page`: the body is HTML.
pub(super) fn for_refusal(
    request: &TokenRequest,
    answer: &Answer,
    oauth: Option<&str>,
    is_page: bool,
) -> Option<String> {
    let hint = match (oauth, answer.status) {
        (Some("invalid_client"), _) => invalid_client(request, answer),
        // Several servers report a bad assertion under these names (QK-11).
        (Some("invalid_grant" | "invalid_request"), _)
            if request.authentication.terms().is_some() =>
        {
            invalid_client(request, answer)
        }
        (Some("invalid_scope"), _) => {
            "check scope against what the client is registered for".to_owned()
        }
        (Some("unauthorized_client" | "unsupported_grant_type"), _) => {
            "the client is not registered for grant_type client_credentials".to_owned()
        }
        (None, 429) => "too many requests; wait before trying again".to_owned(),
        (None, 500..) => "the server failed; if it lasts, tell its operator".to_owned(),
        (None, _) if is_page => {
            "this is probably a login page, not the token endpoint: check tokenEndpoint or the FHIR base URL".to_owned()
        }
        (None, 404 | 405 | 410) => {
            "there is no token endpoint at this address: check tokenEndpoint or the FHIR base URL".to_owned()
        }
        (None, 401 | 403) => format!(
            "a gateway may refuse this address, or the credentials are wrong: {}",
            invalid_client(request, answer)
        ),
        _ => return None,
    };
    Some(hint)
}

fn invalid_client(request: &TokenRequest, answer: &Answer) -> String {
    let mut hint = match request.authentication.method() {
        ClientAuthMethod::PrivateKeyJwt => {
            "check that clientId is right and that the server has this key's public half under the same kid \
             (interceptor.publicJwks())"
        }
        ClientAuthMethod::ClientSecretBasic => {
            "check clientId and clientSecret; some servers need basicEncoding: 'raw' or clientAuthMethod: 'client_secret_post'"
        }
        ClientAuthMethod::ClientSecretPost => {
            "check clientId and clientSecret; some servers need clientAuthMethod: 'client_secret_basic'"
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
    let listed = request.authentication.unlisted_algorithm(listed);
    let additions = [audience(request), forced_http(request), listed, clock_hint(answer)];
    for addition in additions.into_iter().flatten() {
        hint = format!("{hint}; {addition}");
    }
    hint
}

/// Servers want one of two, and none says so (W): the other one is never tried without the user's word.
fn audience(request: &TokenRequest) -> Option<String> {
    request.authentication.terms()?;
    Some(match &request.audience {
        None => "aud is the token endpoint; some servers want audience: 'issuer'".to_owned(),
        Some(_) => {
            "audience is set, so aud is not the token endpoint; is that what this server expects?"
                .to_owned()
        }
    })
}

fn forced_http(request: &TokenRequest) -> Option<String> {
    let terms = request.authentication.terms()?;
    terms.force_http_in_audience.then(|| {
        "forceHttpInTokenRequestAudience is set, so aud says http:; is that what this server expects?"
            .to_owned()
    })
}

/// Evidence, never obeyed (architecture, "The assertion clock").
fn clock_hint(answer: &Answer) -> Option<String> {
    let server = httpdate::parse_http_date(answer.header(DATE)?).ok()?;
    let (skew, direction) = match SystemTime::now().duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    (skew > NOTABLE_SKEW).then(|| {
        format!(
            "this machine's clock is {} s {direction} the server's: set it right",
            skew.as_secs()
        )
    })
}
