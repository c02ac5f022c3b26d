//! The draft behind `ClientAuthParams`: keeps secrets where no inspection of JavaScript reaches.

use napi::Result;
use napi::bindgen_prelude::{Either3, Null, Undefined, Unknown};
use napi_derive::napi;
use smart_m2m_core::{
    AssertionOptions, Audience, BasicEncoding, CertificateHeader, ClientAuthMethod,
    ClientAuthOptions, ClientCertificateOptions, DiscoveryOptions, DiscoverySource, Error,
    HttpOptions, KeyIdHeader, RenewalOptions, RequiredScopes, RetryOptions, Secret, Server,
    SigningAlgorithm,
};

use zeroize::Zeroizing;

use crate::fields::{Fields, Read, ReadError};
use crate::outcome::{DONE, Outcome};

const NAMES: [&str; 22] = [
    "clientId",
    "keystore",
    "clientSecret",
    "scope",
    "additionalParameters",
    "forceHttpInTokenRequestAudience",
    "fhirBaseUrl",
    "issuer",
    "tokenEndpoint",
    "clientAuthMethod",
    "basicEncoding",
    "audience",
    "assertion",
    "server",
    "requireScopes",
    "allowedOrigins",
    "allowedTokenEndpointOrigins",
    "allowInsecureHttp",
    "discovery",
    "renewal",
    "retry",
    "http",
];

const ASSERTION_NAMES: [&str; 9] = [
    "algorithm",
    "keyId",
    "jwksUrl",
    "certificateHeaders",
    "lifetimeSeconds",
    "issuedAt",
    "notBefore",
    "typ",
    "includeClientId",
];

const RENEWAL_NAMES: [&str; 5] =
    ["marginSeconds", "jitter", "background", "defaultLifetimeSeconds", "failureCooldownSeconds"];

/// Settings under construction.
#[napi]
#[derive(Default)]
pub struct Settings {
    /// In a box, so that `discard` frees it without waiting for the garbage collector.
    options: Option<Box<ClientAuthOptions>>,
}

#[napi]
impl Settings {
    /// Nothing set.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts these over what was set before: all of them, or none if one is refused.
    #[napi(catch_unwind, ts_args_type = "options: unknown", ts_return_type = "Outcome<null>")]
    pub fn set(&mut self, options: Unknown<'_>) -> Result<Outcome<Null>> {
        let mut merged = self.options();
        match merge(&mut merged, options) {
            Ok(()) => {
                self.options = Some(Box::new(merged));
                Ok(Outcome(Ok(DONE)))
            }
            Err(ReadError::Problems(problems)) => Ok(Outcome(Err(Error::Problems(problems)))),
            Err(ReadError::Exception(exception)) => Err(exception),
        }
    }

    /// Wipes them: nobody reads this draft again.
    #[napi(catch_unwind)]
    pub fn discard(&mut self) {
        self.options = None;
    }

    /// `clientId`
    #[napi(getter, catch_unwind)]
    pub fn client_id(&self) -> Option<String> {
        self.options.as_ref()?.client_id.clone()
    }

    /// `keystore`
    #[napi(getter, catch_unwind)]
    pub fn keystore_name(&self) -> Option<String> {
        self.options.as_ref()?.keystore.clone()
    }

    /// `undefined`: never set; `null`: deliberately none.
    #[napi(getter, catch_unwind)]
    pub fn scope(&self) -> Either3<String, Null, Undefined> {
        match self.options.as_ref().and_then(|options| options.scope.as_ref()) {
            Some(Some(scope)) => Either3::A(scope.clone()),
            Some(None) => Either3::B(Null),
            None => Either3::C(()),
        }
    }

    /// `forceHttpInTokenRequestAudience`
    #[napi(getter, catch_unwind)]
    pub fn force_http_in_token_request_audience(&self) -> bool {
        self.options.as_ref().is_some_and(|options| options.force_http_in_token_request_audience)
    }

    /// Whether there is one; never which.
    #[napi(getter, catch_unwind)]
    pub fn has_client_secret(&self) -> bool {
        self.options.as_ref().is_some_and(|options| options.client_secret.is_some())
    }
}

impl Settings {
    pub(crate) fn options(&self) -> ClientAuthOptions {
        self.options.as_deref().cloned().unwrap_or_default()
    }
}

fn merge(options: &mut ClientAuthOptions, given: Unknown<'_>) -> Read<()> {
    let fields = Fields::of(given, "", &NAMES)?;
    replace_some(&mut options.client_id, fields.string("clientId")?);
    replace_some(&mut options.keystore, fields.string("keystore")?);
    replace_some(&mut options.client_secret, fields.secret("clientSecret")?);
    replace_some(&mut options.scope, fields.string_or_null("scope")?);
    replace(&mut options.additional_parameters, fields.pairs("additionalParameters")?);
    replace(
        &mut options.force_http_in_token_request_audience,
        fields.boolean("forceHttpInTokenRequestAudience")?,
    );
    replace_some(&mut options.fhir_base_url, fields.string("fhirBaseUrl")?);
    replace_some(&mut options.issuer, fields.string("issuer")?);
    replace_some(&mut options.token_endpoint, fields.string("tokenEndpoint")?);
    let methods = ClientAuthMethod::ALL.map(|method| (method.as_str(), method));
    replace_some(&mut options.client_auth_method, fields.choice("clientAuthMethod", &methods)?);
    let encodings = [("rfc6749", BasicEncoding::Rfc6749), ("raw", BasicEncoding::Raw)];
    replace(&mut options.basic_encoding, fields.choice("basicEncoding", &encodings)?);
    replace_some(&mut options.audience, fields.string("audience")?.map(audience));
    if let Some(fields) = fields.object("assertion", &ASSERTION_NAMES)? {
        merge_assertion(&mut options.assertion, &fields)?;
    }
    let servers = Server::ALL.map(|server| (server.as_str(), server));
    replace_some(&mut options.server, fields.choice("server", &servers)?);
    let required = [RequiredScopes::Any, RequiredScopes::All].map(|all| (all.as_str(), all));
    replace_some(&mut options.require_scopes, fields.choice("requireScopes", &required)?);
    replace(&mut options.allowed_origins, fields.strings("allowedOrigins")?);
    replace_some(
        &mut options.allowed_token_endpoint_origins,
        fields.strings("allowedTokenEndpointOrigins")?,
    );
    replace(&mut options.allow_insecure_http, fields.boolean("allowInsecureHttp")?);
    if let Some(fields) = fields.object("discovery", &["order", "ttlSeconds", "strict"])? {
        merge_discovery(&mut options.discovery, &fields)?;
    }
    if let Some(fields) = fields.object("renewal", &RENEWAL_NAMES)? {
        merge_renewal(&mut options.renewal, &fields)?;
    }
    if let Some(fields) =
        fields.object("retry", &["attempts", "maxRetryAfterSeconds", "deadlineMs"])?
    {
        merge_retry(&mut options.retry, &fields)?;
    }
    let names = [
        "timeoutMs",
        "connectTimeoutMs",
        "proxy",
        "noProxy",
        "ca",
        "clientCertificate",
        "maxResponseBytes",
        "userAgent",
    ];
    if let Some(fields) = fields.object("http", &names)? {
        merge_http(&mut options.http, &fields)?;
    }
    fields.check()
}

fn audience(given: String) -> Audience {
    match given.as_str() {
        "token_endpoint" => Audience::TokenEndpoint,
        "issuer" => Audience::Issuer,
        _ => Audience::Literal(given),
    }
}

fn merge_assertion(options: &mut AssertionOptions, fields: &Fields<'_>) -> Result<()> {
    let algorithms = SigningAlgorithm::ALL.map(|algorithm| (algorithm.as_str(), algorithm));
    replace_some(&mut options.algorithm, fields.choice("algorithm", &algorithms)?);
    let key_id = fields.string_or_null("keyId")?;
    replace(
        &mut options.key_id,
        key_id.map(|key_id| key_id.map_or(KeyIdHeader::Omitted, KeyIdHeader::Given)),
    );
    replace_some(&mut options.jwks_url, fields.string("jwksUrl")?);
    let headers = CertificateHeader::ALL.map(|header| (header.as_str(), header));
    replace(&mut options.certificate_headers, fields.choices("certificateHeaders", &headers)?);
    replace_some(&mut options.lifetime_seconds, fields.number("lifetimeSeconds")?);
    replace_some(&mut options.issued_at, fields.boolean("issuedAt")?);
    replace_some(&mut options.not_before, fields.boolean("notBefore")?);
    replace_some(&mut options.typ, fields.string_or_null("typ")?);
    replace_some(&mut options.include_client_id, fields.boolean("includeClientId")?);
    Ok(())
}

fn merge_discovery(options: &mut DiscoveryOptions, fields: &Fields<'_>) -> Result<()> {
    let sources = DiscoverySource::ALL.map(|source| (source.as_str(), source));
    replace_some(&mut options.order, fields.choices("order", &sources)?);
    replace_some(&mut options.ttl_seconds, fields.number("ttlSeconds")?);
    replace(&mut options.strict, fields.boolean("strict")?);
    Ok(())
}

fn merge_renewal(options: &mut RenewalOptions, fields: &Fields<'_>) -> Result<()> {
    replace_some(&mut options.margin_seconds, fields.number("marginSeconds")?);
    replace_some(&mut options.jitter, fields.number("jitter")?);
    replace_some(&mut options.background, fields.boolean("background")?);
    replace_some(&mut options.failure_cooldown_seconds, fields.number("failureCooldownSeconds")?);
    replace_some(&mut options.default_lifetime_seconds, fields.number("defaultLifetimeSeconds")?);
    Ok(())
}

fn merge_retry(options: &mut RetryOptions, fields: &Fields<'_>) -> Result<()> {
    replace_some(&mut options.attempts, fields.number("attempts")?);
    replace_some(&mut options.max_retry_after_seconds, fields.number("maxRetryAfterSeconds")?);
    replace_some(&mut options.deadline_ms, fields.number("deadlineMs")?);
    Ok(())
}

fn merge_http(options: &mut HttpOptions, fields: &Fields<'_>) -> Result<()> {
    replace_some(&mut options.timeout_ms, fields.number("timeoutMs")?);
    replace_some(&mut options.connect_timeout_ms, fields.number("connectTimeoutMs")?);
    let proxy = fields.string_or_null("proxy")?.map(|proxy| proxy.map(Secret::new));
    replace_some(&mut options.proxy, proxy);
    replace_some(&mut options.no_proxy, fields.string("noProxy")?);
    replace(&mut options.ca, fields.list_of_bytes("ca")?);
    if let Some(fields) = fields.object("clientCertificate", &["pem", "pkcs12", "passphrase"])? {
        options.client_certificate = client_certificate(&fields)?;
    }
    replace_some(&mut options.max_response_bytes, fields.number("maxResponseBytes")?);
    replace_some(&mut options.user_agent, fields.string("userAgent")?);
    Ok(())
}

fn client_certificate(fields: &Fields<'_>) -> Result<Option<ClientCertificateOptions>> {
    if fields.has("pem")? == fields.has("pkcs12")? {
        fields.refuse_all("expected exactly one of pem and pkcs12 (undefined counts as left out)");
    }
    let bytes = fields.bytes("pem")?.or(fields.bytes("pkcs12")?).map(Zeroizing::new);
    let passphrase = fields.passphrase("passphrase")?;
    Ok(bytes.map(|bytes| ClientCertificateOptions { bytes, passphrase }))
}

fn replace<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

fn replace_some<T>(setting: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *setting = given;
    }
}
