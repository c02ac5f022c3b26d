//! Where the token endpoint is: found from a FHIR base URL or from an issuer (requirements SD, MD).

mod authorization_server;
mod cache;
mod confirmed_issuer;
mod document;
mod smart_configuration;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

pub(crate) use cache::DiscoveryCache;
use document::Document;

use crate::clock::Now;
use crate::error::{DiscoveryError, Error};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::server_url::{ServerUrl, without_trailing_slashes};
use crate::transport::{RetryPolicy, Transport};

/// What discovery starts from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// `{base}/.well-known/smart-configuration` (SMART App Launch, "Conformance").
    FhirBase(ServerUrl),
    /// RFC 8414, then OpenID Connect Discovery.
    Issuer(ServerUrl),
}

/// A discovery to be made: everything that decides its result.
#[derive(Clone)]
pub(crate) struct DiscoveryRequest {
    pub(crate) origin: Origin,
    /// Whether the issuer that a smart-configuration names has to be confirmed.
    pub(crate) confirm_issuer: bool,
    pub(crate) allow_insecure_http: bool,
    pub(crate) trust: Fingerprint,
    pub(crate) transport: Arc<Transport>,
    pub(crate) retry: RetryPolicy,
    /// How long a failure that nothing but a change can mend answers for the server.
    pub(crate) failure_stands: Duration,
}

/// The members that matter here.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) token_endpoint: ServerUrl,
    /// The document's address, for messages.
    pub(crate) document: String,
    /// `token_endpoint_auth_methods_supported`
    pub(crate) auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg_values_supported`
    pub(crate) signing_algorithms: Option<Arc<[String]>>,
    /// The issuer, where it was to be confirmed.
    pub(crate) issuer: Option<Arc<str>>,
    /// True where the token endpoint has the origin that discovery started from (BP-5).
    pub(crate) same_origin: bool,
    /// From then on the server should be asked again.
    pub(crate) stale_at: Now,
}

impl DiscoveryRequest {
    fn identity(&self) -> Fingerprint {
        let mut fields = Fingerprinter::new("discovery");
        match &self.origin {
            Origin::FhirBase(base) => {
                fields.field(b"fhir").field(without_trailing_slashes(base.raw()).as_bytes())
            }
            Origin::Issuer(issuer) => fields.field(b"issuer").field(issuer.raw().as_bytes()),
        };
        let switches = [self.allow_insecure_http, self.confirm_issuer];
        fields.field(&switches.map(u8::from)).include(&self.trust);
        fields.finish()
    }

    async fn discover(&self) -> Result<Metadata, Error> {
        match &self.origin {
            Origin::FhirBase(base) => smart_configuration::discover(self, base).await,
            Origin::Issuer(issuer) => authorization_server::discover(self, issuer).await,
        }
    }

    /// Clear text on the loopback interface is for servers that are themselves on it.
    fn is_secure(&self, start: &ServerUrl, named: &ServerUrl) -> bool {
        named.is_https() || self.allow_insecure_http || (named.is_loopback() && start.is_loopback())
    }

    /// Reads what both kinds of document share. Only `token_endpoint` is needed (SD-6): servers
    /// leave out or misname the rest (QK-1).
    fn read(&self, start: &ServerUrl, url: &Url, document: &Document) -> Result<Metadata, Error> {
        let members = &document.members;
        let shown = crate::server_url::display(url);
        let unusable = |reason: String| {
            Error::Discovery(Box::new(DiscoveryError {
                url: shown.clone(),
                status: Some(200),
                reason,
                transient: false,
                retry_after: None,
            }))
        };
        let raw = match members.get("token_endpoint") {
            Some(Value::String(raw)) if !raw.trim().is_empty() => raw,
            Some(Value::String(_)) | None => {
                return Err(unusable(
                    "it names no token_endpoint; set tokenEndpoint, if the server has one"
                        .to_owned(),
                ));
            }
            Some(_) => return Err(unusable("its token_endpoint is not a string".to_owned())),
        };
        let token_endpoint = resolve(start, raw).map_err(|why| unusable(why.message))?;
        if !self.is_secure(start, &token_endpoint) {
            return Err(Error::InsecureTokenEndpoint {
                document: shown,
                endpoint: token_endpoint.display(),
            });
        }
        let strings = |name: &str| {
            let values = members.get(name)?.as_array()?;
            Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        };
        Ok(Metadata {
            same_origin: token_endpoint.url().origin() == start.url().origin(),
            token_endpoint,
            document: shown,
            issuer: None,
            auth_methods: strings("token_endpoint_auth_methods_supported")
                .or_else(|| strings("token_endpoint_auth_methods")),
            signing_algorithms: strings("token_endpoint_auth_signing_alg_values_supported")
                .map(Arc::from),
            stale_at: Now::read().plus(document.freshness),
        })
    }
}

/// An absolute endpoint stays byte for byte what the server wrote: it becomes `aud`. A relative
/// one starts from the base as a folder (SD-5).
fn resolve(start: &ServerUrl, raw: &str) -> Result<ServerUrl, crate::error::Problem> {
    if Url::parse(raw).is_ok() {
        return ServerUrl::parse("its token_endpoint", raw);
    }
    let folder = format!("{}/", without_trailing_slashes(start.raw()));
    let joined = Url::parse(&folder).and_then(|folder| folder.join(raw));
    ServerUrl::parse("its token_endpoint", joined.as_ref().map_or(raw, Url::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_endpoint_is_kept_and_a_relative_one_starts_from_the_base_as_a_folder() {
        let resolved = |base: &str, raw: &str| {
            resolve(&ServerUrl::parse("base", base).unwrap(), raw).map(|url| url.raw().to_owned())
        };
        assert_eq!(
            resolved("https://h/fhir", "HTTPS://H:443/a/../t").unwrap(),
            "HTTPS://H:443/a/../t"
        );
        for base in ["https://h/fhir", "https://h/fhir/"] {
            assert_eq!(resolved(base, "token").unwrap(), "https://h/fhir/token");
            assert_eq!(resolved(base, "./token").unwrap(), "https://h/fhir/token");
            assert_eq!(resolved(base, "/token").unwrap(), "https://h/token");
            assert_eq!(resolved(base, "//other/token").unwrap(), "https://other/token");
        }
        assert!(resolved("https://h/fhir", "mailto:x").is_err());
        assert!(resolved("https://h/fhir", "https://u:p@h/").is_err());
    }
}
