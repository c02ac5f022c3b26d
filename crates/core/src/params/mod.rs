//! What the client is: validated, immutable.

mod authentication;
mod checks;
mod common;
mod preset;
mod transport;

use std::sync::Arc;

use crate::client_auth::ClientAuthentication;
use crate::error::{Error, Problem};
use crate::events::Warning;
use crate::keystore::Keystores;
use crate::options::ClientAuthOptions;
use crate::server_url::ServerUrl;
use crate::token::is_scope_token;
use checks::Checks;
pub use preset::Server;

pub(crate) use common::{CommonParams, ServerSetting};

/// A client that can ask for tokens.
#[derive(Debug)]
pub struct ClientAuthParams {
    pub(crate) client_id: Arc<str>,
    pub(crate) authentication: Arc<ClientAuthentication>,
    pub(crate) common: Arc<CommonParams>,
    pub(crate) warnings: Vec<Warning>,
}

impl ClientAuthParams {
    /// Checks everything that can be checked without the network; all problems are told at once.
    pub fn validate(options: &ClientAuthOptions, keystores: &Keystores) -> Result<Self, Error> {
        let options = &*preset::applied(options);
        let mut checks = Checks::default();
        let client_id = checks.take(client_id(options));
        let keystore = checks.take(authentication::keystore(options, keystores)).flatten();
        let assertion = checks.assertion(options);
        let authentication = checks
            .take(authentication::authentication(options, keystore.as_ref(), assertion))
            .flatten();
        let scope = checks.take(scope(options));
        checks.required_scopes(options);
        checks.additional_parameters(options);
        let url = |what: &str, url: &Option<String>| {
            url.as_deref()
                .map(|url| ServerUrl::parse_secure(what, url, options.allow_insecure_http))
                .transpose()
        };
        let token_endpoint = checks.take(url("tokenEndpoint", &options.token_endpoint)).flatten();
        let issuer = checks.take(url("issuer", &options.issuer)).flatten();
        let fhir_base_url = checks.take(url("fhirBaseUrl", &options.fhir_base_url)).flatten();
        checks.without_query("issuer", issuer.as_ref());
        checks.without_query("fhirBaseUrl", fhir_base_url.as_ref());
        let allowed_origins = checks.origins("allowedOrigins", &options.allowed_origins, options);
        let allowed_token_endpoint_origins = checks.token_endpoint_origins(options);
        let discovery = checks.discovery(options);
        let renewal = checks.renewal(options);
        let transport = checks.transport(options);
        let retry = checks.retry(options, transport.timeout);
        let problems = checks.problems;
        let (Some(client_id), Some(authentication), Some(scope), true) =
            (client_id, authentication, scope, problems.is_empty())
        else {
            return Err(Error::Problems(problems));
        };
        let common = CommonParams {
            scope: scope.map(Arc::from),
            required_scopes: options.require_scopes,
            additional_parameters: options.additional_parameters.as_slice().into(),
            server: match (token_endpoint, issuer) {
                (Some(endpoint), _) => ServerSetting::TokenEndpoint(endpoint),
                (None, Some(issuer)) => ServerSetting::Issuer(issuer),
                (None, None) => ServerSetting::FhirBase,
            },
            fhir_base_url,
            allowed_origins,
            allowed_token_endpoint_origins,
            discovery,
            allow_insecure_http: options.allow_insecure_http,
            renewal: Arc::new(renewal),
            retry,
            transport,
        };
        let warnings = authentication.warnings(None);
        Ok(Self {
            client_id: client_id.into(),
            authentication: Arc::new(authentication),
            common: common.shared(),
            warnings,
        })
    }
}

fn client_id(options: &ClientAuthOptions) -> Result<String, Problem> {
    match options.client_id.as_deref() {
        None | Some("") => Err(Problem::config(
            "clientId is missing; it is the id that the server gave this client",
        )),
        Some(id) if id.chars().any(char::is_control) => Err(Problem::config(
            "clientId: control characters are not allowed (a stray line break?)",
        )),
        Some(id) => Ok(id.to_owned()),
    }
}

/// As written; only runs of white space become one space (SC-2).
fn scope(options: &ClientAuthOptions) -> Result<Option<String>, Problem> {
    let Some(scope) = &options.scope else {
        return Err(Problem::config(
            "scope is missing; set the scopes to ask for, or null to send none",
        ));
    };
    let Some(scope) = scope else { return Ok(None) };
    let tokens: Vec<_> = scope.split_ascii_whitespace().collect();
    if tokens.is_empty() {
        return Err(Problem::config("scope is empty; set it to null to send none"));
    }
    if let Some(bad) = tokens.iter().position(|token| !is_scope_token(token)) {
        // By its place: what stands there may be a secret that was put into the wrong option.
        return Err(Problem::config(format!(
            "scope: number {} of its {} scopes has characters that RFC 6749 §3.3 does not allow",
            bad + 1,
            tokens.len()
        )));
    }
    Ok(Some(tokens.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_auth::{Audience, AudienceSource, ClientAuthMethod};
    use crate::discovery::DiscoverySource;
    use crate::error::ErrorCode;
    use crate::keystore::KeystoreOrigin;
    use crate::options::{DiscoveryOptions, HttpOptions, RenewalOptions, RetryOptions};
    use crate::secret::Secret;
    use crate::token::RESERVED_PARAMETERS;

    fn with_secret() -> ClientAuthOptions {
        ClientAuthOptions {
            client_id: Some("client".to_owned()),
            client_secret: Some(Secret::new("secret".to_owned())),
            scope: Some(Some("system/*.rs".to_owned())),
            ..ClientAuthOptions::default()
        }
    }

    fn keystores() -> Keystores {
        const ES384: &[u8] =
            include_bytes!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
        let keystores = Keystores::default();
        keystores.register("key", KeystoreOrigin::Data(ES384.to_vec().into()).into()).unwrap();
        keystores
    }

    fn method_of(options: &ClientAuthOptions) -> ClientAuthMethod {
        ClientAuthParams::validate(options, &keystores()).unwrap().authentication.method()
    }

    fn problems(options: &ClientAuthOptions) -> Vec<String> {
        match ClientAuthParams::validate(options, &keystores()) {
            Err(Error::Problems(problems)) => {
                problems.into_iter().map(|problem| problem.message).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_missing_setting_is_told_at_once() {
        let told = problems(&ClientAuthOptions::default());
        assert_eq!(told.len(), 3, "{told:?}");
        for (message, word) in told.iter().zip(["clientId", "keystore", "scope"]) {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_keystore_wins_over_a_secret_unless_the_method_says_otherwise() {
        let mut options = with_secret();
        assert_eq!(method_of(&options), ClientAuthMethod::ClientSecretBasic);
        options.keystore = Some("key".to_owned());
        assert_eq!(method_of(&options), ClientAuthMethod::PrivateKeyJwt);
        options.client_auth_method = Some(ClientAuthMethod::ClientSecretPost);
        assert_eq!(method_of(&options), ClientAuthMethod::ClientSecretPost);
    }

    #[test]
    fn a_method_without_what_it_needs_is_a_problem() {
        let mut options = with_secret();
        options.client_auth_method = Some(ClientAuthMethod::PrivateKeyJwt);
        assert_eq!(problems(&options).len(), 1);
        options.client_secret = None;
        options.client_auth_method = Some(ClientAuthMethod::ClientSecretBasic);
        assert!(problems(&options)[0].contains("client_secret_basic needs clientSecret"));
    }

    #[test]
    fn the_audience_is_known_at_once_unless_discovery_has_to_name_the_issuer() {
        let source = |audience, issuer: Option<&str>| {
            let options = ClientAuthOptions {
                keystore: Some("key".to_owned()),
                audience,
                issuer: issuer.map(str::to_owned),
                ..with_secret()
            };
            let params = ClientAuthParams::validate(&options, &keystores()).unwrap();
            params.authentication.terms().unwrap().audience.clone()
        };
        let given = |words: &str| AudienceSource::Given(words.into());
        assert_eq!(source(None, Some("https://h")), AudienceSource::TokenEndpoint);
        assert_eq!(source(Some(Audience::Issuer), None), AudienceSource::ConfirmedIssuer);
        assert_eq!(source(Some(Audience::Issuer), Some("https://H/")), given("https://H/"));
        assert_eq!(source(Some(Audience::Literal("a b".to_owned())), None), given("a b"));
    }

    #[test]
    fn an_audience_that_nothing_would_use_or_know_is_refused() {
        let refused = |change: &dyn Fn(&mut ClientAuthOptions)| {
            let mut options = with_secret();
            options.audience = Some(Audience::Issuer);
            options.keystore = Some("key".to_owned());
            change(&mut options);
            let told = problems(&options);
            assert!(told.len() == 1 && told[0].starts_with("audience"), "{told:?}");
        };
        refused(&|options| options.keystore = None);
        refused(&|options| options.client_auth_method = Some(ClientAuthMethod::ClientSecretPost));
        refused(&|options| options.token_endpoint = Some("https://h/token".to_owned()));
        for words in ["", " ", "a\n"] {
            refused(&|options| options.audience = Some(Audience::Literal(words.to_owned())));
        }
    }

    #[test]
    fn an_unknown_keystore_is_told_once_under_its_own_code() {
        let mut options = with_secret();
        options.keystore = Some("other".to_owned());
        let error = ClientAuthParams::validate(&options, &keystores()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeystoreNotFound);
    }

    #[test]
    fn a_scope_keeps_its_words_and_null_means_none() {
        let scope = |scope: Option<&str>| {
            let options =
                ClientAuthOptions { scope: Some(scope.map(str::to_owned)), ..with_secret() };
            ClientAuthParams::validate(&options, &keystores())
                .map(|params| params.common.scope.clone())
        };
        assert_eq!(scope(Some(" b/x.rs  a\t*.* ")).unwrap().as_deref(), Some("b/x.rs a *.*"));
        assert_eq!(scope(None).unwrap(), None);
        for bad in ["", "  ", "a\"b", "a\\b", "ä"] {
            assert!(scope(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn reserved_parameters_are_refused_without_their_values() {
        let mut options = with_secret();
        for name in RESERVED_PARAMETERS {
            options.additional_parameters =
                vec![(name.to_owned(), Secret::new("s3cret".to_owned()))];
            let told = problems(&options);
            assert!(told[0].contains(name) && !told[0].contains("s3cret"));
        }
    }

    #[test]
    fn numbers_out_of_range_name_the_option_and_the_range() {
        let options = ClientAuthOptions {
            renewal: RenewalOptions {
                margin_seconds: Some(f64::NAN),
                jitter: Some(1.5),
                background: None,
                default_lifetime_seconds: Some(0.0),
                failure_cooldown_seconds: Some(-1.0),
            },
            retry: RetryOptions {
                attempts: Some(1.5),
                max_retry_after_seconds: Some(-1.0),
                deadline_ms: Some(0.0),
            },
            http: HttpOptions {
                timeout_ms: Some(f64::INFINITY),
                connect_timeout_ms: Some(0.5),
                max_response_bytes: Some(1.0),
                ..HttpOptions::default()
            },
            discovery: DiscoveryOptions { ttl_seconds: Some(0.5), ..DiscoveryOptions::default() },
            ..with_secret()
        };
        let told = problems(&options);
        assert_eq!(told.len(), 11, "{told:?}");
        assert!(told.contains(&"retry.attempts: expected an integer from 1 to 10".to_owned()));
    }

    #[test]
    fn urls_are_checked_under_their_own_names() {
        let options = ClientAuthOptions {
            fhir_base_url: Some("http://fhir.example.org".to_owned()),
            issuer: Some("https://as.example.org/?x".to_owned()),
            token_endpoint: Some("/token".to_owned()),
            allowed_token_endpoint_origins: Some(vec!["as.example.org".to_owned()]),
            allowed_origins: vec![
                "https://files.example.org/x".to_owned(),
                "https://Files.example.org:443".to_owned(),
            ],
            http: HttpOptions {
                proxy: Some(Some(Secret::new("::".to_owned()))),
                ..HttpOptions::default()
            },
            ..with_secret()
        };
        let told = problems(&options);
        for name in [
            "fhirBaseUrl",
            "issuer",
            "tokenEndpoint",
            "allowedOrigins[0]",
            "allowedTokenEndpointOrigins[0]",
            "http.proxy",
        ] {
            assert_eq!(
                told.iter().filter(|message| message.starts_with(name)).count(),
                1,
                "{name}: {told:?}"
            );
        }
        let options = ClientAuthOptions {
            allowed_origins: options.allowed_origins[1..].to_vec(),
            ..with_secret()
        };
        let params = ClientAuthParams::validate(&options, &keystores()).unwrap();
        assert_eq!(params.common.allowed_origins, ["https://files.example.org"]);
    }

    #[test]
    fn sources_that_do_not_fit_where_discovery_starts_are_named() {
        use DiscoverySource::{CapabilityStatement, OauthAuthorizationServer, SmartConfiguration};
        let told = |order: &[DiscoverySource], issuer: Option<&str>, endpoint: Option<&str>| {
            let discovery =
                DiscoveryOptions { order: Some(order.to_vec()), ..DiscoveryOptions::default() };
            let (issuer, token_endpoint) = (issuer.map(str::to_owned), endpoint.map(str::to_owned));
            let options = ClientAuthOptions { issuer, token_endpoint, discovery, ..with_secret() };
            match ClientAuthParams::validate(&options, &keystores()) {
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            }
        };
        let issuer = Some("https://as.example.org");
        assert_eq!(told(&[CapabilityStatement, SmartConfiguration], None, None), "");
        assert_eq!(told(&[OauthAuthorizationServer], issuer, None), "");
        assert_eq!(told(&[OauthAuthorizationServer], None, Some("https://as.example.org/t")), "");
        let message = told(&[OauthAuthorizationServer, CapabilityStatement], issuer, None);
        assert!(message.contains("order[1]: capability-statement is a FHIR server's"), "{message}");
        let message = told(&[OauthAuthorizationServer], None, None);
        assert!(
            message.contains("order[0]: oauth-authorization-server is an issuer's"),
            "{message}"
        );
        let message = told(&[SmartConfiguration, SmartConfiguration], None, None);
        assert!(message.contains("order[1]: smart-configuration is there twice"), "{message}");
        assert!(told(&[], None, None).contains("empty"));
    }
}
