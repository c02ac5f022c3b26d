//! From no token to a token: hook, discovery, token request (architecture, "How a header is made").

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::slot::Slot;
use super::{Inner, findings};
use crate::client_auth::ClientAuthMethod;
use crate::clock::Now;
use crate::discovery::{DiscoveryRequest, Metadata};
use crate::error::{Error, Problem};
use crate::hook::{self, PreTokenContext, PreTokenHook, TokenRequestReason};
use crate::params::{CommonParams, ServerSetting};
use crate::runtime::{Flight, launch, without_panic};
use crate::server_url::ServerUrl;
use crate::token::{Obtained, Token, TokenEndpoint, TokenRequest, TokenSource};

/// A document that was not there a moment ago is asked for again soon: it costs little.
const DISCOVERY_FAILURE_STANDS: Duration = Duration::from_secs(1);

/// One acquisition, checked.
pub(super) struct AcquisitionRequest {
    /// As the caller gave it.
    given: Option<ServerUrl>,
    fhir_base_url: Option<ServerUrl>,
    pub(super) server: Server,
}

/// Where the token endpoint comes from.
pub(super) enum Server {
    TokenEndpoint(ServerUrl),
    Discover(DiscoveryRequest),
}

/// Starts it; it ends when the interceptor is closed, and what others share goes on.
pub(super) fn start(
    inner: Arc<Inner>,
    id: u64,
    request: AcquisitionRequest,
    hook: Option<Arc<dyn PreTokenHook>>,
    slot: &Slot,
) -> Flight<Arc<Token>> {
    let reason = slot.reason();
    if let (Server::Discover(discovery), true) = (&request.server, slot.endpoint_is_gone()) {
        inner.engine.discovery.forget(discovery);
    }
    launch(async move {
        let failure_is_counted = AtomicBool::new(false);
        let work = request.run(&inner, id, hook, reason, &failure_is_counted);
        let result = tokio::select! {
            biased;
            () = inner.closing.closed() => Err(Error::Closed),
            result = without_panic(work) => result,
        };
        inner.settle(request.base(), id, result.as_ref(), failure_is_counted.into_inner());
        result
    })
}

impl Inner {
    /// `failure_is_counted`: as that of a renewal that nobody waited for when it began.
    fn settle(
        &self,
        base: Option<&str>,
        id: u64,
        result: Result<&Arc<Token>, &Error>,
        failure_is_counted: bool,
    ) {
        self.with_slot(base, id, |slot, stats| {
            slot.acquisition = None;
            match result {
                Ok(_) => slot.succeeded(),
                Err(error) => {
                    slot.failed(error, Now::read());
                    if !failure_is_counted && !matches!(error, Error::Remembered(_)) {
                        stats.count_failure(error);
                    }
                }
            }
            slot.announce();
        });
        match result {
            Ok(token) => self.lock().warn_of(token),
            // It may be the reason, and there is no token to tell it with.
            Err(_) => self.lock().warnings.extend(self.params.authentication.warnings(None)),
        }
    }

    fn source(&self, request: TokenRequest) -> Result<Arc<TokenSource>, Error> {
        let Self { params, engine, .. } = self;
        let transport = self.transport()?;
        let CommonParams { retry, renewal, .. } = &*params.common;
        let identity = request.identity(&params.common.transport, retry, renewal);
        let source = engine.sources.get(identity, || {
            let endpoint = TokenEndpoint::new(request, transport, *retry, renewal.clone());
            TokenSource::new(Box::new(endpoint), renewal.clone(), &engine.timer)
        });
        if let Some(observer) = &self.observer {
            source.attach(observer);
        }
        Ok(source)
    }

    /// An error: the settings do not allow what the document says.
    fn allowed_request(&self, metadata: &Metadata) -> Result<TokenRequest, Error> {
        let warnings = findings::judge(metadata, &self.params)?;
        self.lock().warnings.extend(warnings);
        self.discovered_request(metadata)
    }

    pub(super) fn discovered_request(&self, metadata: &Metadata) -> Result<TokenRequest, Error> {
        self.token_request(metadata.endpoint(), Some(metadata))
    }

    pub(super) fn token_request(
        &self,
        endpoint: &ServerUrl,
        metadata: Option<&Metadata>,
    ) -> Result<TokenRequest, Error> {
        let params = &self.params;
        let is_by_certificate = params.authentication.method() == ClientAuthMethod::TlsClientAuth;
        if is_by_certificate && !endpoint.is_https() {
            return Err(Problem::config(format!(
                "the token endpoint {} is not https, and without TLS there is no certificate to \
                 authenticate with (tls_client_auth): nothing was sent",
                endpoint.display()
            ))
            .into());
        }
        Ok(TokenRequest {
            endpoint: endpoint.clone(),
            client_id: params.client_id.clone(),
            authentication: params.authentication.clone(),
            audience: params
                .authentication
                .audience(metadata.and_then(|metadata| metadata.issuer.as_ref()))?,
            scope: params.common.scope.clone(),
            required_scopes: params.common.required_scopes,
            additional_parameters: params.common.additional_parameters.clone(),
            signing_algorithms: metadata.and_then(|metadata| metadata.signing_algorithms.clone()),
            http_advertised: metadata.is_some_and(|metadata| metadata.http_advertised),
        })
    }
}

impl AcquisitionRequest {
    /// Everything that can be wrong with the call itself is found here, before anything starts.
    pub(super) fn new(inner: &Inner, fhir_base_url: Option<&str>) -> Result<Self, Error> {
        let params = &*inner.params.common;
        let given = fhir_base_url
            .map(|url| ServerUrl::parse_secure("fhirBaseUrl", url, params.allow_insecure_http))
            .transpose()?;
        if given.as_ref().is_some_and(|url| url.url().query().is_some()) {
            return Err(Problem::config("fhirBaseUrl: a query (?…) does not belong here").into());
        }
        let server = match &params.server {
            ServerSetting::TokenEndpoint(endpoint) => Server::TokenEndpoint(endpoint.clone()),
            _ => Server::Discover(DiscoveryRequest {
                origin: params.discovery_origin(given.as_ref())?,
                confirm_issuer: inner.params.authentication.wants_confirmed_issuer(),
                order: params.discovery.order.clone(),
                ttl: params.discovery.ttl,
                allow_insecure_http: params.allow_insecure_http,
                shows_certificate: params.transport.client_certificate.is_some(),
                trust: params.transport.trust_fingerprint(),
                transport: inner.transport()?,
                retry: params.retry,
                failure_stands: params.renewal.failure_cooldown.min(DISCOVERY_FAILURE_STANDS),
            }),
        };
        let fhir_base_url = given.clone().or_else(|| params.fhir_base_url.clone());
        Ok(Self { given, fhir_base_url, server })
    }

    /// The slot's name, as the caller gave it.
    pub(super) fn base(&self) -> Option<&str> {
        self.given.as_ref().map(ServerUrl::raw)
    }

    async fn run(
        &self,
        inner: &Arc<Inner>,
        id: u64,
        hook: Option<Arc<dyn PreTokenHook>>,
        reason: TokenRequestReason,
        failure_is_counted: &AtomicBool,
    ) -> Result<Arc<Token>, Error> {
        let hooked = hook.is_some();
        if let Some(hook) = hook
            && let Some(token) = self.ask_hook(inner, id, &hook, reason).await?
        {
            return Ok(token);
        }
        let (source, stale_at) = match &self.server {
            Server::TokenEndpoint(endpoint) => {
                (inner.source(inner.token_request(endpoint, None)?)?, None)
            }
            Server::Discover(discovery) => {
                let metadata = inner.engine.discovery.get(discovery.clone()).await?;
                let request = inner
                    .allowed_request(&metadata)
                    .inspect_err(|_| inner.engine.discovery.doubt(discovery, &metadata))?;
                let source = inner.source(request)?;
                // Discovery has just named it: it is asked once more, and this answer counts.
                source.confirm_endpoint();
                (source, Some(metadata.stale_at))
            }
        };
        let attach = |slot: &mut Slot| slot.attach(&source, stale_at);
        // A source that holds a living token stays until this one has another.
        let living = inner.with_slot(self.base(), id, |slot, stats| {
            slot.count_unattended(stats);
            let now = Now::read();
            slot.has_no_living_source(now).then(|| {
                attach(slot);
                source.live(now)
            })
        });
        let token = match living.flatten().flatten() {
            // Others have one, and may be renewing it: whoever has none does not wait for that.
            Some(token) => token,
            None => match source.obtain(hooked, Now::read()) {
                Obtained::Token(token) => token,
                Obtained::Refused(error) => return Err(error),
                Obtained::Flight { flight, unattended } => {
                    if !unattended {
                        inner.count_token_request(reason);
                    }
                    failure_is_counted.store(unattended, Ordering::Relaxed);
                    flight.await?
                }
            },
        };
        // The hook said "go on": its earlier token has served until there was another one.
        inner.with_slot(self.base(), id, |slot, stats| {
            slot.count_unattended(stats);
            slot.forget_supplied();
            attach(slot);
        });
        Ok(token)
    }

    async fn ask_hook(
        &self,
        inner: &Inner,
        id: u64,
        hook: &Arc<dyn PreTokenHook>,
        reason: TokenRequestReason,
    ) -> Result<Option<Arc<Token>>, Error> {
        let (params, common) = (&inner.params, &inner.params.common);
        let context = PreTokenContext {
            client_id: params.client_id.to_string(),
            scope: common.scope.as_deref().map(str::to_owned),
            fhir_base_url: self.fhir_base_url.as_ref().map(|url| url.raw().to_owned()),
            reason,
        };
        let supplied = hook::ask(hook, context, common.transport.timeout, &common.renewal).await?;
        let Some(token) = supplied.map(Arc::new) else { return Ok(None) };
        inner.with_slot(self.base(), id, |slot, _| {
            slot.keep_supplied(&token, Now::read());
        });
        Ok(Some(token))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::engine::Engine;
    use crate::interceptor::ClientAuthInterceptor;
    use crate::options::{ClientAuthOptions, HttpOptions};
    use crate::params::ClientAuthParams;
    use crate::secret::Secret;

    /// Answers one request for metadata, and ends.
    fn serve_metadata_once() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap());
        let body = r#"{"token_endpoint":"token"}"#;
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let length = body.len();
            write!(connection, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
                .unwrap();
        });
        base
    }

    fn interceptor(base: &str) -> ClientAuthInterceptor {
        let options = ClientAuthOptions {
            client_id: Some("client".to_owned()),
            client_secret: Some(Secret::new("the-secret".to_owned())),
            scope: Some(None),
            fhir_base_url: Some(base.to_owned()),
            http: HttpOptions { proxy: Some(None), ..HttpOptions::default() },
            ..ClientAuthOptions::default()
        };
        let engine = Engine::process();
        let params = ClientAuthParams::validate(&options, &engine.keystores).unwrap();
        ClientAuthInterceptor::new(engine, params, None)
    }

    /// `close` can come from another thread between discovery and what follows it.
    #[tokio::test]
    async fn closing_an_interceptor_casts_no_doubt_on_what_others_have_discovered() {
        let interceptor = interceptor(&serve_metadata_once());
        let inner = &interceptor.0;
        let request = AcquisitionRequest::new(inner, None).unwrap();
        let Server::Discover(discovery) = &request.server else { unreachable!() };
        let discovery = discovery.clone();
        inner.engine.discovery.get(discovery.clone()).await.unwrap();
        interceptor.close();
        let result =
            request.run(inner, 0, None, TokenRequestReason::Initial, &AtomicBool::new(false)).await;
        assert!(matches!(result, Err(Error::Closed)));
        let known = inner.engine.discovery.get(discovery).await.unwrap();
        assert!(Now::read().until(known.stale_at) > Duration::from_secs(60));
    }
}
