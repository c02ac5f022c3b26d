//! From no token to a token: hook, discovery, token request (architecture, "How a header is made").

use std::sync::Arc;

use super::Inner;
use crate::client_auth::ClientAuthentication;
use crate::clock::Now;
use crate::discovery::{DiscoveryRequest, Metadata, Origin};
use crate::error::Error;
use crate::events::Warning;
use crate::hook::{self, PreTokenContext, PreTokenHook, TokenRequestReason};
use crate::params::ServerSetting;
use crate::runtime::{Flight, launch};
use crate::server_url::ServerUrl;
use crate::token::{Obtained, Token, TokenRequest, TokenSource};

/// One acquisition, checked.
pub(super) struct AcquisitionRequest {
    pub(super) slot_name: String,
    pub(super) fhir_base_url: Option<ServerUrl>,
    /// `None`: the token endpoint is given.
    pub(super) discover_from: Option<Origin>,
}

/// Starts it; it ends when the interceptor is closed, and what others share goes on.
pub(super) fn start(
    inner: Arc<Inner>,
    id: u64,
    request: AcquisitionRequest,
    hook: Option<Arc<dyn PreTokenHook>>,
    reason: TokenRequestReason,
) -> Flight<Arc<Token>> {
    launch(async move {
        let result = tokio::select! {
            result = request.run(&inner, id, hook, reason) => result,
            () = inner.closed.cancelled() => Err(Error::Closed),
        };
        inner.settle(&request.slot_name, id, result.as_ref());
        result
    })
}

impl Inner {
    fn settle(&self, slot_name: &str, id: u64, result: Result<&Arc<Token>, &Error>) {
        self.with_slot(slot_name, id, |slot, stats| {
            slot.acquisition = None;
            match result {
                Ok(_) => slot.succeeded(),
                Err(error) => {
                    slot.failed(error, Now::read());
                    stats.failures += 1;
                    stats.last_error = Some(error.code());
                }
            }
        });
        if let Ok(token) = result {
            self.lock().warnings.extend(token.warnings.iter().cloned());
        }
    }

    fn source(&self, request: TokenRequest) -> Arc<TokenSource> {
        let identity = request.identity(&self.params.transport.trust_fingerprint());
        let Self { params, transport, .. } = self;
        self.engine.sources.get(identity, || {
            TokenSource::new(request, transport.clone(), params.retry, params.renewal)
        })
    }

    /// With a given token endpoint the shared source is known before anything is asked.
    pub(super) fn source_without_discovery(&self) -> Option<Arc<TokenSource>> {
        match &self.params.server {
            ServerSetting::TokenEndpoint(endpoint) => {
                Some(self.source(self.token_request(endpoint.clone(), None)))
            }
            _ => None,
        }
    }

    fn token_request(&self, endpoint: ServerUrl, hint: Option<String>) -> TokenRequest {
        let params = &self.params;
        TokenRequest {
            endpoint,
            client_id: params.client_id.clone(),
            authentication: params.authentication.clone(),
            scope: params.scope.clone(),
            additional_parameters: params.additional_parameters.clone(),
            hint,
        }
    }
}

impl AcquisitionRequest {
    async fn run(
        &self,
        inner: &Arc<Inner>,
        id: u64,
        hook: Option<Arc<dyn PreTokenHook>>,
        reason: TokenRequestReason,
    ) -> Result<Arc<Token>, Error> {
        if let Some(hook) = hook
            && let Some(token) = self.ask_hook(inner, id, &hook, reason).await?
        {
            return Ok(token);
        }
        let discovery = self.discover_from.clone().map(|origin| DiscoveryRequest {
            origin,
            allow_insecure_http: inner.params.allow_insecure_http,
            trust: inner.params.transport.trust_fingerprint(),
            transport: inner.transport.clone(),
            retry: inner.params.retry,
        });
        let source = match &discovery {
            Some(discovery) => self.discovered_source(inner, discovery).await?,
            None => inner.source_without_discovery().ok_or_else(|| Error::Internal {
                reason: "no token endpoint and nothing to discover it from".to_owned(),
            })?,
        };
        inner.with_slot(&self.slot_name, id, |slot, _| slot.source = Some(source.clone()));
        let flight = match source.obtain() {
            Obtained::Token(token) => return Ok(token),
            Obtained::Flight(flight) => flight,
        };
        inner.count_token_request(reason);
        let result = flight.await;
        if let (Some(discovery), Err(error)) = (&discovery, &result)
            && matches!(error.status(), Some(404 | 410))
        {
            inner.engine.discovery.forget(discovery);
        }
        result
    }

    async fn ask_hook(
        &self,
        inner: &Inner,
        id: u64,
        hook: &Arc<dyn PreTokenHook>,
        reason: TokenRequestReason,
    ) -> Result<Option<Arc<Token>>, Error> {
        let params = &inner.params;
        let context = PreTokenContext {
            client_id: params.client_id.clone(),
            scope: params.scope.clone(),
            fhir_base_url: self.fhir_base_url.as_ref().map(|url| url.raw().to_owned()),
            reason,
        };
        let supplied = hook::ask(hook, context, params.transport.timeout, &params.renewal).await?;
        let supplied = supplied.map(Arc::new);
        inner.with_slot(&self.slot_name, id, |slot, _| {
            // Once the hook says "go on", its earlier token gives way to the requested one.
            slot.supplied = supplied.clone().filter(|token| token.is_live(Now::read()));
        });
        Ok(supplied)
    }

    async fn discovered_source(
        &self,
        inner: &Inner,
        discovery: &DiscoveryRequest,
    ) -> Result<Arc<TokenSource>, Error> {
        let metadata = inner.engine.discovery.get(discovery.clone()).await?;
        let algorithms = unlisted_algorithm(&inner.params.authentication, &metadata);
        let warnings =
            [other_origin(&metadata), unlisted_method(&inner.params.authentication, &metadata)];
        inner.lock().warnings.extend(
            warnings
                .into_iter()
                .flatten()
                .chain(algorithms.clone().map(|text| Warning::new("ALGORITHM_NOT_LISTED", text))),
        );
        Ok(inner.source(inner.token_request(metadata.token_endpoint.clone(), algorithms)))
    }
}

/// Very common, and worth knowing once (BP-5).
fn other_origin(metadata: &Metadata) -> Option<Warning> {
    (!metadata.same_origin).then(|| {
        Warning::new(
            "TOKEN_ENDPOINT_ORIGIN",
            format!(
                "{} names the token endpoint {}, on another origin; if that is not expected, set tokenEndpoint",
                metadata.document,
                metadata.token_endpoint.display()
            ),
        )
    })
}

/// Servers leave out what they support (QK-1): a warning, never a refusal.
fn unlisted_method(authentication: &ClientAuthentication, metadata: &Metadata) -> Option<Warning> {
    let method = authentication.method().as_str();
    let listed = metadata.auth_methods.as_ref()?;
    (!listed.iter().any(|other| other == method)).then(|| {
        Warning::new(
            "AUTH_METHOD_NOT_LISTED",
            format!(
                "{} lists {} and not {method}, which is used all the same",
                metadata.document,
                enumerate(listed)
            ),
        )
    })
}

/// The trap of KF-12: keys that say RS256 at servers that list RS384.
fn unlisted_algorithm(
    authentication: &ClientAuthentication,
    metadata: &Metadata,
) -> Option<String> {
    let ClientAuthentication::PrivateKeyJwt { key, .. } = authentication else { return None };
    let algorithm = key.algorithm.as_str();
    let listed = metadata.signing_algorithms.as_ref()?;
    (!listed.iter().any(|other| other == algorithm))
        .then(|| format!("the key signs {algorithm}, while the server lists {}", enumerate(listed)))
}

fn enumerate(listed: &[String]) -> String {
    const SHOWN: usize = 12;
    if listed.is_empty() {
        return "none".to_owned();
    }
    let names = listed
        .iter()
        .take(SHOWN)
        .map(|name| name.chars().filter(|c| !c.is_control()).take(40).collect());
    names.collect::<Vec<String>>().join(", ")
}
