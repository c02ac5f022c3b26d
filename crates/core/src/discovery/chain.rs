//! One place after another, until a document names a token endpoint.

use serde_json::Value;
use url::Url;

use super::{DiscoveryRequest, DiscoverySource, Document, Metadata, Origin};
use super::{
    authorization_server, capability_statement, confirmed_issuer, document, smart_configuration,
};
use crate::error::{DiscoveryError, Error, ErrorCode};
use crate::server_url::display;
use crate::transport::RetryPolicy;

/// Where a document may be.
#[derive(Debug, PartialEq)]
struct Place {
    source: DiscoverySource,
    url: Url,
}

pub(super) async fn discover(
    request: &DiscoveryRequest,
    retry: &RetryPolicy,
) -> Result<Metadata, Error> {
    let mut failures = Vec::new();
    for place in places(request)? {
        match read(request, retry, &place).await {
            Ok((metadata, issuer)) => return confirmed(request, retry, metadata, issuer).await,
            Err(error) if goes_on(request, &error) => failures.push((place, error)),
            // The first answer says more than "there is none at the other places".
            Err(error) => {
                failures.push((place, error));
                break;
            }
        }
    }
    Err(conclude(request, failures))
}

/// What the document says, and the issuer that it names.
async fn read(
    request: &DiscoveryRequest,
    retry: &RetryPolicy,
    Place { source, url }: &Place,
) -> Result<(Metadata, Option<Value>), Error> {
    let accept = match source {
        DiscoverySource::CapabilityStatement => "application/fhir+json",
        _ => "application/json",
    };
    let document = document::fetch(&request.transport, retry, url, accept).await?;
    understand(request, *source, url, document)
}

/// The document at `url`, in the words that all kinds share.
pub(super) fn understand(
    request: &DiscoveryRequest,
    source: DiscoverySource,
    url: &Url,
    mut document: Document,
) -> Result<(Metadata, Option<Value>), Error> {
    match (&request.origin, source) {
        (_, DiscoverySource::CapabilityStatement) => {
            document.members = capability_statement::endpoints(url, &document.members)?;
        }
        (Origin::Issuer(issuer), _) => {
            authorization_server::check_issuer(url, issuer, document.members.get("issuer"))?;
        }
        (Origin::FhirBase(_), _) => {}
    }
    let metadata = request.read(url, &document)?;
    Ok((metadata, document.members.remove("issuer")))
}

/// The document was found: what its issuer has to say is no reason to look at the next place.
async fn confirmed(
    request: &DiscoveryRequest,
    retry: &RetryPolicy,
    metadata: Metadata,
    issuer: Option<Value>,
) -> Result<Metadata, Error> {
    match &request.origin {
        Origin::FhirBase(base) if request.confirm_issuer => {
            confirmed_issuer::confirm(request, retry, base, issuer.as_ref(), metadata).await
        }
        _ => Ok(metadata),
    }
}

/// In the order of the settings, else in the usual one (MD-2, FH-2).
fn places(request: &DiscoveryRequest) -> Result<Vec<Place>, Error> {
    use DiscoverySource::{
        CapabilityStatement, OauthAuthorizationServer, OpenidConfiguration, SmartConfiguration,
    };
    let usual: &[_] = match request.origin {
        Origin::FhirBase(_) => &[SmartConfiguration, CapabilityStatement],
        Origin::Issuer(_) => &[OauthAuthorizationServer, OpenidConfiguration],
    };
    let mut places = Vec::new();
    for &source in request.order.as_deref().unwrap_or(usual) {
        let urls = match (source, &request.origin) {
            (SmartConfiguration, Origin::FhirBase(base)) => {
                vec![smart_configuration::document_url(base)?]
            }
            (CapabilityStatement, Origin::FhirBase(base)) => {
                vec![capability_statement::document_url(base)?]
            }
            (OauthAuthorizationServer, Origin::Issuer(issuer)) => {
                authorization_server::oauth_urls(issuer)?
            }
            (OpenidConfiguration, Origin::Issuer(issuer)) => {
                authorization_server::openid_urls(issuer)?
            }
            // Refused with the settings.
            _ => Vec::new(),
        };
        places.extend(urls.into_iter().map(|url| Place { source, url }));
    }
    Ok(places)
}

/// Whether the next place is worth a look. The same host will not do better at another path where
/// it gave no answer at all; a document that names the wrong server ends the search.
fn goes_on(request: &DiscoveryRequest, error: &Error) -> bool {
    error.code() == ErrorCode::Discovery
        && match (&request.origin, &request.order) {
            (Origin::Issuer(_), _) => true,
            // Asked for: also where the document before it is no use (FH-2). Not while it may come
            // back: then it may name another endpoint.
            (Origin::FhirBase(_), Some(_)) => !error.is_transient(),
            // Deprecated since SMART App Launch 2.2: only where there is nothing else.
            (Origin::FhirBase(_), None) => matches!(error.status(), Some(404 | 410)),
        }
}

/// One error for everything that was tried.
fn conclude(request: &DiscoveryRequest, mut failures: Vec<(Place, Error)>) -> Error {
    match failures.pop() {
        None => Error::Internal { reason: "discovery without a place to look at".to_owned() },
        Some((_, last)) if failures.is_empty() || last.code() != ErrorCode::Discovery => last,
        Some(last) => {
            failures.push(last);
            let errors = || failures.iter().map(|(_, error)| error);
            let refusals: Vec<_> = failures.iter().map(refusal).collect();
            let (what, option, url) = match &request.origin {
                Origin::Issuer(issuer) => ("issuer", "issuer", issuer.display()),
                Origin::FhirBase(_) => {
                    ("FHIR server", "fhirBaseUrl", failures.first().map_or_else(String::new, shown))
                }
            };
            Error::Discovery(Box::new(DiscoveryError {
                url,
                status: errors().next().and_then(Error::status),
                reason: format!(
                    "the {what} publishes no usable metadata; asked were {}; check {option}, or \
                     set tokenEndpoint",
                    refusals.join(", ")
                ),
                transient: errors().any(Error::is_transient),
                retry_after: errors().find_map(Error::retry_after),
            }))
        }
    }
}

fn shown((place, _): &(Place, Error)) -> String {
    display(&place.url)
}

fn refusal((place, error): &(Place, Error)) -> String {
    match error.status() {
        Some(status) if status != 200 => format!("{} (HTTP {status})", display(&place.url)),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::request;
    use super::*;

    fn urls(request: &DiscoveryRequest) -> Vec<String> {
        places(request).unwrap().into_iter().map(|place| place.url.into()).collect()
    }

    fn failure(status: u16, transient: bool) -> Error {
        Error::Discovery(Box::new(DiscoveryError {
            url: "https://h/x".to_owned(),
            status: Some(status),
            reason: "no".to_owned(),
            transient,
            retry_after: None,
        }))
    }

    #[test]
    fn a_fhir_server_is_asked_in_the_usual_order_or_in_that_of_the_settings() {
        let mut request = request("https://h/fhir/", false);
        let smart = "https://h/fhir/.well-known/smart-configuration".to_owned();
        let metadata = "https://h/fhir/metadata".to_owned();
        assert_eq!(urls(&request), [smart.clone(), metadata.clone()]);
        request.order = Some(
            [DiscoverySource::CapabilityStatement, DiscoverySource::SmartConfiguration].into(),
        );
        assert_eq!(urls(&request), [metadata, smart]);
    }

    #[test]
    fn an_issuer_is_asked_in_the_usual_order_or_in_that_of_the_settings() {
        let mut request = request("https://h/t1", true);
        let usual = [
            "https://h/.well-known/oauth-authorization-server/t1",
            "https://h/t1/.well-known/openid-configuration",
            "https://h/.well-known/openid-configuration/t1",
        ];
        assert_eq!(urls(&request), usual);
        request.order = Some(
            [DiscoverySource::OpenidConfiguration, DiscoverySource::OauthAuthorizationServer]
                .into(),
        );
        assert_eq!(urls(&request), [usual[1], usual[2], usual[0]]);
    }

    #[test]
    fn the_capability_statement_stands_in_for_a_document_that_is_not_there_and_for_nothing_else() {
        let mut request = request("https://h/fhir", false);
        assert!(goes_on(&request, &failure(404, false)));
        assert!(!goes_on(&request, &failure(200, false)));
        assert!(!goes_on(&request, &failure(403, false)));
        assert!(!goes_on(&request, &failure(503, true)));
        request.order = Some(
            [DiscoverySource::SmartConfiguration, DiscoverySource::CapabilityStatement].into(),
        );
        assert!(goes_on(&request, &failure(200, false)));
        assert!(!goes_on(&request, &failure(503, true)));
    }
}
