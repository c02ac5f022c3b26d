//! A request to read documents for, where nothing is sent: for tests and fuzzing.

use std::time::Duration;

use super::{DiscoveryRequest, Origin};
#[cfg(test)]
use super::{Document, Error, Metadata};
use crate::server_url::ServerUrl;
use crate::transport::{ProxySetting, RetryPolicy, TransportPool, TransportSettings};

/// Everything usual; nothing is sent.
pub(crate) fn request(url: &str, is_issuer: bool) -> DiscoveryRequest {
    let Ok(url) = ServerUrl::parse("url", url) else { unreachable!("{url}") };
    let settings = TransportSettings {
        timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        proxy: ProxySetting::Direct,
        no_proxy: None,
        ca: Vec::new(),
        client_certificate: None,
        max_response_bytes: 1024,
        user_agent: "test".to_owned(),
    };
    DiscoveryRequest {
        origin: if is_issuer { Origin::Issuer(url) } else { Origin::FhirBase(url) },
        confirm_issuer: false,
        order: None,
        ttl: None,
        allow_insecure_http: false,
        shows_certificate: false,
        trust: settings.trust_fingerprint(),
        transport: TransportPool::default().get(&settings),
        retry: RetryPolicy {
            attempts: 1,
            max_retry_after: Duration::ZERO,
            deadline: Duration::from_secs(5),
        },
        failure_stands: Duration::from_secs(1),
    }
}

#[cfg(test)]
pub(super) fn read(
    request: &DiscoveryRequest,
    members: &serde_json::Value,
) -> Result<Metadata, Error> {
    let url = url::Url::parse("https://h/fhir/.well-known/smart-configuration").unwrap();
    let members = members.as_object().unwrap().clone();
    request.read(&url, &Document { members, freshness: Duration::from_secs(300) })
}
