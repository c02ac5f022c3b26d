//! The issuer that a smart-configuration names, once its own metadata confirms it. SMART does not validate
//! that member, and a server can name there whom it wants (MD-4): as `aud`, unconfirmed, it would let a
//! server have assertions made that are good at another one (RFC 10070).

use std::sync::Arc;

use serde_json::Value;

use super::{DiscoveryRequest, Metadata, Origin, chain};
use crate::error::{DiscoveryError, Error};
use crate::reach::Reach;
use crate::server_url::ServerUrl;
use crate::transport::RetryPolicy;

/// Adds the issuer to what the smart-configuration of `base` says.
pub(super) async fn confirm(
    request: &DiscoveryRequest,
    retry: &RetryPolicy,
    base: &ServerUrl,
    named: Option<&Value>,
    found: Metadata,
) -> Result<Metadata, Error> {
    let issuer = parse(request, base, named).map_err(|why| unusable(&found, &why))?;
    let own = DiscoveryRequest {
        origin: Origin::Issuer(issuer.clone()),
        // The user's order is for the FHIR server's documents.
        order: None,
        confirm_issuer: false,
        ..request.clone()
    };
    // In a box: one discovery within another.
    let own = Box::pin(chain::discover(&own, retry)).await;
    let own = own.map_err(|error| told_apart(&found, error))?;
    if own.token_endpoint.url() != found.token_endpoint.url() {
        let why = format!(
            "its issuer {} names another token endpoint, {} (in {}), and not {}: nothing was sent; \
             set issuer or tokenEndpoint to the right one",
            issuer.display(),
            own.token_endpoint.display(),
            own.document,
            found.token_endpoint.display(),
        );
        return Err(unusable(&found, &why));
    }
    let stale_at = own.stale_at.or_earlier(found.stale_at);
    // Its word counts for the alias too: the FHIR server's alone would send the issuer's assertion elsewhere.
    let mtls_alias = own.mtls_alias;
    Ok(Metadata { issuer: Some(Arc::from(issuer.raw())), mtls_alias, stale_at, ..found })
}

pub(super) fn parse(
    request: &DiscoveryRequest,
    base: &ServerUrl,
    named: Option<&Value>,
) -> Result<ServerUrl, String> {
    let raw = named.and_then(Value::as_str).filter(|raw| !raw.is_empty()).ok_or(
        "audience 'issuer' needs the issuer, and it names none; set issuer, or another audience",
    )?;
    let issuer = ServerUrl::parse("its issuer", raw).map_err(|problem| problem.message)?;
    if issuer.url().query().is_some() {
        return Err("its issuer has a query (?…), which no issuer has; set issuer".to_owned());
    }
    let reach = Reach::of(issuer.url());
    if reach < Reach::of(base.url()) {
        return Err(format!(
            "its issuer {} is {}, which is nearer than the FHIR server itself: it was not asked; set \
             issuer, if it is right",
            issuer.display(),
            reach.in_words()
        ));
    }
    if request.is_secure(base, &issuer) {
        return Ok(issuer);
    }
    Err(format!(
        "its issuer {} is not https: nobody could vouch for it (RFC 8414 §2); have the server's \
         configuration corrected, or set issuer",
        issuer.display()
    ))
}

fn unusable(found: &Metadata, reason: &str) -> Error {
    Error::Discovery(Box::new(DiscoveryError {
        url: found.document.clone(),
        status: Some(200),
        reason: reason.to_owned(),
        transient: false,
        retry_after: None,
    }))
}

/// The user has asked for a FHIR server's metadata: why another one's was looked at has to be said.
fn told_apart(found: &Metadata, error: Error) -> Error {
    match error {
        Error::Discovery(mut error) => {
            error.reason = format!(
                "audience 'issuer' needs the issuer that {} names confirmed by its own metadata: {}",
                found.document, error.reason
            );
            Error::Discovery(error)
        }
        other => other,
    }
}
