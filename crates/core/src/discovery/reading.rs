//! Reading a document apart from fetching it, for fuzzing.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::document::{self, Found};
use super::{
    DiscoveryRequest, DiscoverySource, Metadata, Origin, authorization_server,
    capability_statement, chain, confirmed_issuer, sample, smart_configuration,
};
use crate::error::Error;
use crate::server_url::ServerUrl;
use crate::transport::Answer;

/// What an answer comes to.
pub(crate) enum Understood {
    Elsewhere(Url),
    /// With the issuer that it names.
    Metadata(Box<Metadata>, Option<Value>),
}

/// For a document of `source`.
pub(crate) fn request(
    source: DiscoverySource,
    start: &str,
    shows_certificate: bool,
) -> DiscoveryRequest {
    use DiscoverySource::{OauthAuthorizationServer, OpenidConfiguration};
    let is_issuer = matches!(source, OauthAuthorizationServer | OpenidConfiguration);
    DiscoveryRequest { shows_certificate, ..sample::request(start, is_issuer) }
}

pub(crate) fn read(
    request: &DiscoveryRequest,
    source: DiscoverySource,
    answer: &Answer,
) -> Result<Understood, Error> {
    let start = request.start();
    let urls = match source {
        DiscoverySource::SmartConfiguration => vec![smart_configuration::document_url(start)?],
        DiscoverySource::CapabilityStatement => vec![capability_statement::document_url(start)?],
        DiscoverySource::OauthAuthorizationServer => authorization_server::oauth_urls(start)?,
        DiscoverySource::OpenidConfiguration => authorization_server::openid_urls(start)?,
    };
    let Some(url) = urls.first() else { unreachable!() };
    match document::read(url, url, answer)? {
        Found::Elsewhere(target) => Ok(Understood::Elsewhere(target)),
        Found::Document(document) => {
            let (metadata, issuer) = chain::understand(request, source, url, document)?;
            Ok(Understood::Metadata(Box::new(metadata), issuer))
        }
    }
}

/// Whom a client would ask to confirm the issuer that a FHIR server names.
pub(crate) fn issuer(request: &DiscoveryRequest, named: &str) -> Result<ServerUrl, String> {
    let (Origin::FhirBase(base) | Origin::Issuer(base)) = &request.origin;
    confirmed_issuer::parse(request, base, Some(&Value::from(named)))
}

pub(crate) fn freshness(cache_control: &str) -> Duration {
    document::freshness(Some(cache_control))
}
