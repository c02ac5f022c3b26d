//! Settings as they were given: nothing checked, nothing defaulted. `ClientAuthParams` is what
//! becomes of them.

use std::fmt;

use zeroize::Zeroizing;

use crate::client_auth::{
    Audience, BasicEncoding, CertificateHeader, ClientAuthMethod, KeyIdHeader,
};
use crate::discovery::DiscoverySource;
use crate::keys::SigningAlgorithm;
use crate::params::Server;
use crate::secret::Secret;
use crate::token::RequiredScopes;

/// `ClientAuthOptions` of the public contract, whose documentation says what each means. Numbers
/// are as JavaScript has them; whether they are whole and in range is checked with everything else.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct ClientAuthOptions {
    pub client_id: Option<String>,
    pub keystore: Option<String>,
    pub client_secret: Option<Secret>,
    /// Outer: given or not. Inner: a scope, or deliberately none.
    pub scope: Option<Option<String>>,
    pub additional_parameters: Vec<(String, Secret)>,
    pub force_http_in_token_request_audience: bool,
    pub fhir_base_url: Option<String>,
    pub issuer: Option<String>,
    pub token_endpoint: Option<String>,
    pub client_auth_method: Option<ClientAuthMethod>,
    pub basic_encoding: BasicEncoding,
    pub audience: Option<Audience>,
    pub server: Option<Server>,
    pub assertion: AssertionOptions,
    pub require_scopes: Option<RequiredScopes>,
    pub allowed_origins: Vec<String>,
    /// `None`: any origin.
    pub allowed_token_endpoint_origins: Option<Vec<String>>,
    pub allow_insecure_http: bool,
    pub discovery: DiscoveryOptions,
    pub renewal: RenewalOptions,
    pub retry: RetryOptions,
    pub http: HttpOptions,
}

/// `assertion`
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct AssertionOptions {
    pub algorithm: Option<SigningAlgorithm>,
    pub key_id: KeyIdHeader,
    pub jwks_url: Option<String>,
    pub certificate_headers: Vec<CertificateHeader>,
    pub lifetime_seconds: Option<f64>,
    pub issued_at: Option<bool>,
    pub not_before: Option<bool>,
    /// Outer: given or not. Inner: a `typ`, or deliberately none.
    pub typ: Option<Option<String>>,
    pub include_client_id: Option<bool>,
}

/// `discovery`
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct DiscoveryOptions {
    pub order: Option<Vec<DiscoverySource>>,
    pub ttl_seconds: Option<f64>,
    pub strict: bool,
}

/// `renewal`
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct RenewalOptions {
    pub margin_seconds: Option<f64>,
    pub jitter: Option<f64>,
    pub background: Option<bool>,
    pub default_lifetime_seconds: Option<f64>,
    pub failure_cooldown_seconds: Option<f64>,
}

/// `retry`
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct RetryOptions {
    pub attempts: Option<f64>,
    pub max_retry_after_seconds: Option<f64>,
    pub deadline_ms: Option<f64>,
}

/// `http`
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct HttpOptions {
    pub timeout_ms: Option<f64>,
    pub connect_timeout_ms: Option<f64>,
    /// Outer: given or not. Inner: a proxy, or deliberately none.
    pub proxy: Option<Option<Secret>>,
    pub no_proxy: Option<String>,
    /// PEM texts or DER certificates.
    pub ca: Vec<Vec<u8>>,
    pub client_certificate: Option<ClientCertificateOptions>,
    pub max_response_bytes: Option<f64>,
    pub user_agent: Option<String>,
}

/// `http.clientCertificate`
#[derive(Clone)]
#[expect(missing_docs, reason = "named and documented as in index.d.ts")]
pub struct ClientCertificateOptions {
    /// Whatever `pem` or `pkcs12` has: what it is, is seen from its content.
    pub bytes: Zeroizing<Vec<u8>>,
    pub passphrase: Option<Secret>,
}

impl fmt::Debug for ClientCertificateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[client certificate]")
    }
}
