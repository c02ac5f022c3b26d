//! Where the token endpoint is: found from a FHIR base URL or from an issuer (requirements SD, MD).

mod authorization_server;
mod cache;
mod capability_statement;
mod chain;
mod confirmed_issuer;
mod document;
mod policy;
#[cfg(fuzzing)]
pub(crate) mod reading;
#[cfg(any(test, fuzzing))]
mod sample;
mod smart_configuration;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

pub(crate) use cache::DiscoveryCache;
use document::Document;
pub(crate) use policy::DiscoveryPolicy;
pub use policy::DiscoverySource;

use crate::clock::Now;
use crate::error::{DiscoveryError, Error};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::reach::Reach;
use crate::server_url::{ServerUrl, is_plain, without_trailing_slashes};
use crate::transport::{RetryPolicy, Transport};

/// What discovery starts from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// SMART App Launch, "Conformance".
    FhirBase(ServerUrl),
    /// RFC 8414 and OpenID Connect Discovery.
    Issuer(ServerUrl),
}

/// A discovery to be made: everything that decides its result.
#[derive(Clone)]
pub(crate) struct DiscoveryRequest {
    pub(crate) origin: Origin,
    /// Whether the issuer that a smart-configuration names has to be confirmed.
    pub(crate) confirm_issuer: bool,
    /// `None`: the usual order.
    pub(crate) order: Option<Arc<[DiscoverySource]>>,
    /// In place of what the server says.
    pub(crate) ttl: Option<Duration>,
    pub(crate) allow_insecure_http: bool,
    /// Whether the client has a certificate, for which servers can have addresses of their own.
    pub(crate) shows_certificate: bool,
    pub(crate) trust: Fingerprint,
    pub(crate) transport: Arc<Transport>,
    pub(crate) retry: RetryPolicy,
    /// How long a failure that nothing but a change can mend answers for the server.
    pub(crate) failure_stands: Duration,
}

/// The members that matter here.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) token_endpoint: ServerUrl,
    /// `mtls_endpoint_aliases.token_endpoint`, of a client with a certificate (RFC 8705 §5).
    pub(crate) mtls_alias: Option<ServerUrl>,
    /// The document's address, for messages.
    pub(crate) document: String,
    /// `token_endpoint_auth_methods_supported`
    pub(crate) auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg_values_supported`
    pub(crate) signing_algorithms: Option<Arc<[String]>>,
    /// The issuer, where it was to be confirmed.
    pub(crate) issuer: Option<Arc<str>>,
    /// `grant_types_supported`
    pub(crate) grant_types: Option<Vec<String>>,
    /// `capabilities` of a smart-configuration
    pub(crate) capabilities: Option<Vec<String>>,
    /// What discovery started from.
    pub(crate) start: ServerUrl,
    /// True where a document that came over https calls its server an http one, as one does that does
    /// not know of the TLS in front of it.
    pub(crate) http_advertised: bool,
    /// From then on the server should be asked again.
    pub(crate) stale_at: Now,
    /// Until then it stands in where asking again fails.
    pub(crate) usable_until: Now,
    /// Why it is used past its time.
    pub(crate) trouble: Option<String>,
}

/// How long a result may be used past its time, while the server gives no other.
const STALE_IF_ERROR: Duration = Duration::from_secs(24 * 3600);
/// Before a newer one is asked for; longer where the server says so.
const SHORTEST_STALE_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_STALE_PAUSE: Duration = Duration::from_secs(3600);

impl Metadata {
    /// Where the client asks for tokens.
    pub(crate) fn endpoint(&self) -> &ServerUrl {
        self.mtls_alias.as_ref().unwrap_or(&self.token_endpoint)
    }

    /// True where that has the origin that discovery started from (BP-5).
    pub(crate) fn is_same_origin(&self) -> bool {
        self.endpoint().url().origin() == self.start.url().origin()
    }

    /// What kind of address that is, where it is nearer than the server that discovery started from.
    pub(crate) fn nearer_address(&self) -> Option<&'static str> {
        let reach = Reach::of(self.endpoint().url());
        (reach < Reach::of(self.start.url())).then(|| reach.in_words())
    }

    /// The same for a while longer: nobody should be without tokens because a document is away.
    fn in_spite_of(&self, error: &Error) -> Self {
        let pause = error.retry_after().unwrap_or_default();
        let pause = pause.clamp(SHORTEST_STALE_PAUSE, LONGEST_STALE_PAUSE);
        let trouble = Some(format!(
            "{error}; what {} said before stays in use, for a day at most, while it is asked for again",
            self.document
        ));
        Self { stale_at: Now::read().plus(pause), trouble, ..self.clone() }
    }
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
        let ttl = self.ttl.map(|ttl| ttl.as_nanos().to_be_bytes());
        fields.optional(ttl.as_ref().map(<[u8; 16]>::as_slice));
        for source in self.order.iter().flat_map(|order| order.iter()) {
            fields.field(source.as_str().as_bytes());
        }
        fields.finish()
    }

    fn start(&self) -> &ServerUrl {
        match &self.origin {
            Origin::FhirBase(url) | Origin::Issuer(url) => url,
        }
    }

    /// Clear text on the loopback interface is for servers that are themselves on it.
    fn is_secure(&self, start: &ServerUrl, named: &ServerUrl) -> bool {
        named.is_https() || self.allow_insecure_http || (named.is_loopback() && start.is_loopback())
    }

    /// `refresh`: there is an older result to use meanwhile, and retries would only keep callers waiting.
    async fn discover(&self, refresh: bool) -> Result<Metadata, Error> {
        let attempts = if refresh { 1 } else { self.retry.attempts };
        chain::discover(self, &RetryPolicy { attempts, ..self.retry }).await
    }

    /// Reads what all kinds of document share. Only `token_endpoint` is needed (SD-6): servers
    /// leave out or misname the rest (QK-1).
    fn read(&self, url: &Url, document: &Document) -> Result<Metadata, Error> {
        let (start, members) = (self.start(), &document.members);
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
        let endpoint = |raw: &str| {
            let endpoint = resolve(start, raw)
                .map_err(|why| unusable(format!("{}; set tokenEndpoint", why.message)))?;
            if self.is_secure(start, &endpoint) {
                return Ok(endpoint);
            }
            Err(Error::InsecureTokenEndpoint {
                document: shown.clone(),
                endpoint: endpoint.display(),
            })
        };
        let token_endpoint = match members.get("token_endpoint") {
            Some(Value::String(raw)) if !raw.trim().is_empty() => endpoint(raw)?,
            Some(Value::String(_)) | None => {
                return Err(unusable(
                    "it names no token_endpoint; set tokenEndpoint, if the server has one"
                        .to_owned(),
                ));
            }
            Some(_) => {
                let why = "its token_endpoint is not a string; set tokenEndpoint";
                return Err(unusable(why.to_owned()));
            }
        };
        // Optional: what is no address there is as good as nothing.
        let mtls_alias = members.get("mtls_endpoint_aliases").filter(|_| self.shows_certificate);
        let mtls_alias = mtls_alias.and_then(|aliases| aliases.get("token_endpoint")?.as_str());
        let mtls_alias =
            mtls_alias.filter(|raw| !raw.trim().is_empty()).map(endpoint).transpose()?;
        let strings = |name: &str| {
            let values = members.get(name)?.as_array()?;
            Some(values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        };
        let stale_at = Now::read().plus(self.ttl.unwrap_or(document.freshness));
        Ok(Metadata {
            start: start.clone(),
            http_advertised: url.scheme() == "https" && calls_itself_http(members),
            token_endpoint,
            mtls_alias,
            document: shown,
            issuer: None,
            auth_methods: strings("token_endpoint_auth_methods_supported")
                .or_else(|| strings("token_endpoint_auth_methods")),
            signing_algorithms: strings("token_endpoint_auth_signing_alg_values_supported")
                .map(Arc::from),
            grant_types: strings("grant_types_supported"),
            capabilities: strings("capabilities"),
            stale_at,
            usable_until: stale_at.plus(STALE_IF_ERROR),
            trouble: None,
        })
    }
}

/// An absolute endpoint stays byte for byte what the server wrote: it becomes `aud`. A relative
/// one starts from the base as a folder (SD-5).
fn resolve(start: &ServerUrl, raw: &str) -> Result<ServerUrl, crate::error::Problem> {
    // Joined, what does not belong into a URL would be gone before anybody refuses it.
    if !is_plain(raw) || Url::parse(raw).is_ok() {
        return ServerUrl::parse("its token_endpoint", raw);
    }
    let folder = format!("{}/", without_trailing_slashes(start.raw()));
    let joined = Url::parse(&folder).and_then(|folder| folder.join(raw));
    ServerUrl::parse("its token_endpoint", joined.as_ref().map_or(raw, Url::as_str))
}

fn calls_itself_http(members: &Map<String, Value>) -> bool {
    ["issuer", "jwks_uri", "authorization_endpoint", "introspection_endpoint"].iter().any(|name| {
        let url = members.get(*name).and_then(Value::as_str).unwrap_or_default();
        url.get(.."http:".len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::sample::{read, request};
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn an_https_document_cannot_lead_to_an_http_endpoint_unless_the_user_allows_clear_text() {
        let mut request = request("https://h/fhir", false);
        for endpoint in ["http://h/token", "HTTP://h/token", "http://localhost/token"] {
            let error = read(&request, &json!({ "token_endpoint": endpoint })).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InsecureUrl, "{endpoint}");
        }
        assert!(read(&request, &json!({ "token_endpoint": "//h/token" })).is_ok());
        request.allow_insecure_http = true;
        assert!(read(&request, &json!({ "token_endpoint": "http://h/token" })).is_ok());
    }

    #[test]
    fn a_client_with_a_certificate_goes_to_the_address_for_certificates() {
        let mut request = request("https://h/fhir", false);
        let members = |alias: serde_json::Value| json!({ "token_endpoint": "https://h/t", "mtls_endpoint_aliases": { "token_endpoint": alias } });
        let endpoint = |request: &DiscoveryRequest, alias: serde_json::Value| {
            read(request, &members(alias)).map(|metadata| metadata.endpoint().raw().to_owned())
        };
        let alias = || json!("https://mtls.h:9443/t");
        assert_eq!(endpoint(&request, alias()).unwrap(), "https://h/t");
        request.shows_certificate = true;
        assert_eq!(endpoint(&request, alias()).unwrap(), "https://mtls.h:9443/t");
        assert!(!read(&request, &members(alias())).unwrap().is_same_origin());
        let nearer = read(&request, &members(json!("https://10.0.0.1/t"))).unwrap();
        assert_eq!(nearer.nearer_address(), Some("a private address"));
        for none in [json!(null), json!(" "), json!(["https://m/t"])] {
            assert_eq!(endpoint(&request, none).unwrap(), "https://h/t");
        }
        let error = endpoint(&request, json!("http://mtls.h/t")).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InsecureUrl);
    }

    #[test]
    fn a_server_that_takes_itself_for_an_http_one_is_noticed_over_https_alone() {
        let advertised = |base: &str, members: &Value| {
            read(&request(base, false), members).unwrap().http_advertised
        };
        let issuer = |issuer: &str| json!({ "token_endpoint": "t", "issuer": issuer });
        assert!(advertised("https://h/fhir", &issuer("http://h")));
        assert!(advertised(
            "https://h/fhir",
            &json!({ "token_endpoint": "t", "jwks_uri": "HTTP://h/j" })
        ));
        assert!(!advertised("https://h/fhir", &issuer("https://h")));
        let members = issuer("http://localhost").as_object().unwrap().clone();
        let document = Document { members, freshness: Duration::from_secs(300) };
        let url = Url::parse("http://localhost/fhir/metadata").unwrap();
        let clear = request("http://localhost/fhir", false).read(&url, &document).unwrap();
        assert!(!clear.http_advertised);
    }

    #[test]
    fn a_ttl_stands_in_for_what_the_server_says_and_keeps_results_apart() {
        let mut request = request("https://h/fhir", false);
        let stays = |request: &DiscoveryRequest| {
            let metadata = read(request, &json!({ "token_endpoint": "t" })).unwrap();
            Now::read().until(metadata.stale_at).as_secs()
        };
        assert!((295..=300).contains(&stays(&request)));
        let usual = request.identity();
        request.ttl = Some(Duration::from_secs(20));
        assert!((15..=20).contains(&stays(&request)));
        assert_ne!(request.identity(), usual);
        request.ttl = None;
        request.order = Some([DiscoverySource::SmartConfiguration].into());
        assert_ne!(request.identity(), usual);
    }

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
        for odd in [r"\\evil/token", r"/\evil/token", "/\t/evil/token", "token\n", " token"] {
            assert!(resolved("https://h/fhir", odd).is_err(), "{odd:?}");
        }
        assert!(resolved("https://h/fhir", "https://u:p@h/").is_err());
    }
}
