//! Checks of single settings, collected instead of ending at the first problem.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::authentication;
use super::preset::Server;
use crate::client_auth::{AssertionParams, AssertionTerms, Audience, AudienceSource, KeyIdHeader};
use crate::discovery::{DiscoveryPolicy, DiscoverySource};
use crate::error::Problem;
use crate::keys::check_key_id;
use crate::options::ClientAuthOptions;
use crate::server_url::ServerUrl;
use crate::token::{RESERVED_PARAMETERS, RenewalPolicy};
use crate::transport::RetryPolicy;

/// What was wrong so far.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) problems: Vec<Problem>,
}

impl Checks {
    pub(super) fn take<T>(&mut self, checked: Result<T, Problem>) -> Option<T> {
        checked.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn config(&mut self, message: impl Into<String>) {
        self.problems.push(Problem::config(message));
    }

    pub(super) fn additional_parameters(&mut self, options: &ClientAuthOptions) {
        for (name, _) in &options.additional_parameters {
            if name.is_empty() {
                self.config("additionalParameters: a parameter needs a name");
            } else if RESERVED_PARAMETERS.contains(&name.as_str()) {
                self.config(format!(
                    "additionalParameters: {name} is set by the client itself; use the option of that purpose"
                ));
            }
        }
    }

    pub(super) fn assertion(&mut self, options: &ClientAuthOptions) -> AssertionParams {
        let assertion = &options.assertion;
        if let KeyIdHeader::Given(key_id) = &assertion.key_id {
            self.take(check_key_id("assertion.keyId (null sends none)", key_id));
        }
        if let Some(url) = &assertion.jwks_url {
            // Servers fetch it over TLS and compare it as a string (SA-2).
            self.take(ServerUrl::parse_secure(
                "assertion.jwksUrl",
                url,
                options.allow_insecure_http,
            ));
        }
        AssertionParams {
            algorithm: assertion.algorithm,
            key_id: assertion.key_id.clone(),
            jwks_url: assertion.jwks_url.clone(),
            certificate_headers: assertion.certificate_headers.clone(),
            preferred_algorithms: options.server.map_or(&[], Server::algorithms),
            terms: self.assertion_terms(options),
        }
    }

    fn assertion_terms(&mut self, options: &ClientAuthOptions) -> AssertionTerms {
        let assertion = &options.assertion;
        let default = AssertionTerms::default();
        let lifetime_seconds = self.integer(
            "assertion.lifetimeSeconds",
            assertion.lifetime_seconds,
            1..=usize::from(AssertionTerms::LONGEST_LIFETIME),
            usize::from(default.lifetime_seconds),
        );
        if let Some(Some(typ)) = &assertion.typ
            && (typ.is_empty() || !typ.chars().all(|c| c.is_ascii_graphic()))
        {
            // RFC 7515 §4.1.9: a media type, mostly without its "application/".
            self.config(
                "assertion.typ: expected a type such as 'JWT', in printable ASCII characters without \
                 spaces; null sends none",
            );
        }
        AssertionTerms {
            lifetime_seconds: u16::try_from(lifetime_seconds).unwrap_or(default.lifetime_seconds),
            issued_at: assertion.issued_at.unwrap_or(default.issued_at),
            not_before: assertion.not_before.unwrap_or(default.not_before),
            typ: assertion.typ.clone().unwrap_or(default.typ),
            include_client_id: assertion.include_client_id.unwrap_or(default.include_client_id),
            audience: self.audience(options),
            force_http_in_audience: options.force_http_in_token_request_audience,
        }
    }

    pub(super) fn required_scopes(&mut self, options: &ClientAuthOptions) {
        if options.require_scopes.is_some() && options.scope == Some(None) {
            self.config(
                "requireScopes is about the scopes asked for, and scope null asks for none",
            );
        }
    }

    fn audience(&mut self, options: &ClientAuthOptions) -> AudienceSource {
        let Some(audience) = &options.audience else { return AudienceSource::default() };
        let method = authentication::method(options);
        if let Some(method) = method.filter(|method| !method.asserts()) {
            self.config(format!(
                "audience is that of assertions, and {} sends none; remove audience, or set keystore",
                method.as_str()
            ));
        }
        match (audience, &options.issuer) {
            (Audience::TokenEndpoint, _) => AudienceSource::TokenEndpoint,
            (Audience::Literal(words), _) => {
                if words.trim().is_empty() || words.contains(char::is_control) {
                    self.config(
                        "audience: expected 'token_endpoint', 'issuer' or the text that the server \
                         wants, without control characters",
                    );
                }
                AudienceSource::Given(words.as_str().into())
            }
            (Audience::Issuer, Some(issuer)) => AudienceSource::Given(issuer.as_str().into()),
            (Audience::Issuer, None) => {
                if options.token_endpoint.is_some() {
                    self.config(
                        "audience 'issuer' needs the option issuer: with tokenEndpoint nothing is \
                         discovered that could name it",
                    );
                }
                AudienceSource::ConfirmedIssuer
            }
        }
    }

    pub(super) fn without_query(&mut self, what: &str, url: Option<&ServerUrl>) {
        if url.is_some_and(|url| url.url().query().is_some()) {
            self.config(format!("{what}: a query (?…) does not belong here"));
        }
    }

    pub(super) fn origins(
        &mut self,
        option: &str,
        given: &[String],
        options: &ClientAuthOptions,
    ) -> Vec<String> {
        let mut origins = Vec::new();
        for (index, origin) in given.iter().enumerate() {
            let what = format!("{option}[{index}]");
            let parsed = ServerUrl::parse_secure(&what, origin, options.allow_insecure_http);
            let Some(parsed) = self.take(parsed) else { continue };
            if parsed.url().path() == "/" && parsed.url().query().is_none() {
                origins.push(parsed.url().origin().ascii_serialization());
            } else {
                self.config(format!(
                    "{what}: expected an origin such as https://files.example.org, without a path"
                ));
            }
        }
        origins
    }

    pub(super) fn token_endpoint_origins(
        &mut self,
        options: &ClientAuthOptions,
    ) -> Option<Vec<String>> {
        const OPTION: &str = "allowedTokenEndpointOrigins";
        let given = options.allowed_token_endpoint_origins.as_deref()?;
        if given.is_empty() {
            self.config(format!(
                "{OPTION} is empty, so that no discovered token endpoint could be used; name the \
                 origins, leave it out, or set tokenEndpoint"
            ));
        }
        Some(self.origins(OPTION, given, options))
    }

    pub(super) fn discovery(&mut self, options: &ClientAuthOptions) -> DiscoveryPolicy {
        const DAY: f64 = 86_400.0;
        let discovery = &options.discovery;
        if let Some(order) = &discovery.order {
            self.discovery_order(order, options);
        }
        DiscoveryPolicy {
            order: discovery.order.as_deref().map(Arc::from),
            ttl: discovery.ttl_seconds.map(|seconds| {
                let seconds = self.number("discovery.ttlSeconds", Some(seconds), 1.0..=DAY, 1.0);
                Duration::from_secs_f64(seconds)
            }),
            strict: discovery.strict,
        }
    }

    /// A given token endpoint leaves the order without effect, and so without fault.
    fn discovery_order(&mut self, order: &[DiscoverySource], options: &ClientAuthOptions) {
        if order.is_empty() {
            self.config("discovery.order is empty; name a source, or leave it out");
        }
        let is_issuer = options.issuer.is_some();
        for (index, source) in order.iter().enumerate() {
            let name = source.as_str();
            if order[..index].contains(source) {
                self.config(format!("discovery.order[{index}]: {name} is there twice"));
            } else if options.token_endpoint.is_none() && source.is_of_an_issuer() != is_issuer {
                let (publisher, remedy) = if is_issuer {
                    ("a FHIR server's and not an issuer's", "leave it out, or issuer")
                } else {
                    ("an issuer's and not a FHIR server's", "leave it out, or set issuer")
                };
                self.config(format!(
                    "discovery.order[{index}]: {name} is {publisher} document; {remedy}"
                ));
            }
        }
    }

    pub(super) fn renewal(&mut self, options: &ClientAuthOptions) -> RenewalPolicy {
        const DAY: f64 = 86_400.0;
        let renewal = &options.renewal;
        RenewalPolicy {
            margin: renewal.margin_seconds.map(|seconds| {
                Duration::from_secs_f64(self.number(
                    "renewal.marginSeconds",
                    Some(seconds),
                    0.0..=DAY,
                    0.0,
                ))
            }),
            jitter: self.number("renewal.jitter", renewal.jitter, 0.0..=1.0, 0.2),
            background: renewal.background.unwrap_or(true),
            default_lifetime: Duration::from_secs_f64(self.number(
                "renewal.defaultLifetimeSeconds",
                renewal.default_lifetime_seconds,
                1.0..=DAY,
                300.0,
            )),
            failure_cooldown: Duration::from_secs_f64(self.number(
                "renewal.failureCooldownSeconds",
                renewal.failure_cooldown_seconds,
                0.0..=3600.0,
                10.0,
            )),
        }
    }

    /// `timeout`: of one attempt. The deadline leaves room for every attempt and the waits between
    /// them, unless the user sets a shorter one.
    pub(super) fn retry(&mut self, options: &ClientAuthOptions, timeout: Duration) -> RetryPolicy {
        const SHORTEST_DEADLINE_MS: f64 = 90_000.0;
        const LONGEST_DEADLINE_MS: f64 = 7_200_000.0;
        let retry = &options.retry;
        let attempts =
            u32::try_from(self.integer("retry.attempts", retry.attempts, 1..=10, 3)).unwrap_or(1);
        let budget = RetryPolicy::budget(attempts, timeout).as_secs_f64() * 1000.0;
        RetryPolicy {
            attempts,
            max_retry_after: Duration::from_secs_f64(self.number(
                "retry.maxRetryAfterSeconds",
                retry.max_retry_after_seconds,
                0.0..=3600.0,
                60.0,
            )),
            deadline: self.milliseconds(
                "retry.deadlineMs",
                retry.deadline_ms,
                LONGEST_DEADLINE_MS,
                budget.max(SHORTEST_DEADLINE_MS),
            ),
        }
    }

    pub(super) fn milliseconds(
        &mut self,
        what: &str,
        given: Option<f64>,
        most: f64,
        default: f64,
    ) -> Duration {
        Duration::from_secs_f64(self.number(what, given, 1.0..=most, default) / 1000.0)
    }

    pub(super) fn number(
        &mut self,
        what: &str,
        given: Option<f64>,
        range: RangeInclusive<f64>,
        default: f64,
    ) -> f64 {
        let value = given.unwrap_or(default);
        if range.contains(&value) {
            return value;
        }
        self.config(format!("{what}: expected a number from {} to {}", range.start(), range.end()));
        default
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "checked to be whole and within a range far below 2^53"
    )]
    pub(super) fn integer(
        &mut self,
        what: &str,
        given: Option<f64>,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> usize {
        let (least, most) = (*range.start() as f64, *range.end() as f64);
        match given {
            None => default,
            Some(value) if value.fract() == 0.0 && (least..=most).contains(&value) => {
                value as usize
            }
            Some(_) => {
                self.config(format!("{what}: expected an integer from {least} to {most}"));
                default
            }
        }
    }
}
