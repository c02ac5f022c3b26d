//! `ClientAuthInterceptor`: gives a header for every request, and gets a token when it has none.

mod acquisition;
mod slot;
mod stats;
mod warning_log;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub use stats::InterceptorStats;

use crate::clock::Now;
use crate::discovery::DiscoveryRequest;
use crate::engine::Engine;
use crate::error::{Error, Problem};
use crate::events::Warning;
use crate::hook::{PreTokenHook, TokenRequestReason};
use crate::params::{ClientAuthParams, ServerSetting};
use crate::runtime::{self, Flight};
use crate::server_url::ServerUrl;
use crate::token::Token;
use crate::transport::Transport;
use acquisition::{AcquisitionRequest, Server};
use slot::{Acquisition, Slot, Slots};
use warning_log::WarningLog;

/// One client, towards any number of FHIR servers. Clones are the same interceptor.
#[derive(Clone)]
pub struct ClientAuthInterceptor(Arc<Inner>);

struct Inner {
    engine: &'static Engine,
    params: ClientAuthParams,
    transport: Arc<Transport>,
    closed: CancellationToken,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    slots: Slots,
    stats: InterceptorStats,
    warnings: WarningLog,
    acquisitions: u64,
}

impl ClientAuthInterceptor {
    /// No network, no waiting. Fails only where the system gives no thread for I/O.
    pub fn new(engine: &'static Engine, params: ClientAuthParams) -> Result<Self, Error> {
        runtime::start()?;
        let mut state = State::default();
        state.warnings.extend(params.warnings.iter().cloned());
        Ok(Self(Arc::new(Inner {
            engine,
            transport: engine.transports.get(&params.transport),
            params,
            closed: CancellationToken::new(),
            state: Mutex::new(state),
        })))
    }

    /// The client's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.params.client_id
    }

    /// Of the settings.
    #[must_use]
    pub fn fhir_base_url(&self) -> Option<&str> {
        self.0.params.fhir_base_url.as_ref().map(ServerUrl::raw)
    }

    /// Origins besides the FHIR base's that may receive the token.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        &self.0.params.allowed_origins
    }

    /// How long the pre-token hook may take.
    #[must_use]
    pub fn hook_timeout(&self) -> Duration {
        self.0.params.transport.timeout
    }

    /// The token, if it can be handed out with nothing left to do: living, and not in need of a
    /// renewal that nobody has started.
    #[must_use]
    pub fn cached(&self, fhir_base_url: Option<&str>) -> Option<Arc<Token>> {
        let now = Now::read();
        let mut state = self.0.lock();
        let slot = state.slots.get_used(self.0.slot_name(fhir_base_url))?;
        let token = slot.live(now)?;
        if slot.needs_renewal(&token, now) {
            return None;
        }
        state.stats.cache_hits += 1;
        Some(token)
    }

    /// The token: at once if there is a living one (its renewal goes on behind it), else after
    /// one acquisition that all callers share. `hook` is asked if this call starts it.
    pub async fn token(
        &self,
        fhir_base_url: Option<&str>,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Result<Arc<Token>, Error> {
        if self.0.closed.is_cancelled() {
            return Err(Error::Closed);
        }
        let request = self.0.acquisition_request(fhir_base_url)?;
        let slot_name = self.0.slot_name(fhir_base_url);
        let flight = {
            let now = Now::read();
            let mut state = self.0.lock();
            let slot = state.slots.get_or_insert(slot_name);
            let live = slot.live(now);
            match live {
                Some(token) if !slot.needs_renewal(&token, now) => {
                    state.stats.cache_hits += 1;
                    return Ok(token);
                }
                live => {
                    let flight = match &slot.acquisition {
                        Some(acquisition) => acquisition.flight.clone(),
                        None => self.0.start(&mut state, request, hook),
                    };
                    if let Some(token) = live {
                        state.stats.cache_hits += 1;
                        return Ok(token);
                    }
                    flight
                }
            }
        };
        tokio::select! {
            result = flight => result,
            () = self.0.closed.cancelled() => Err(Error::Closed),
        }
    }

    /// Drops a token that a server refused. With a header: that token, wherever it is current.
    /// Without: whatever is current for this FHIR server.
    #[must_use]
    pub fn invalidate(&self, header: Option<&str>, fhir_base_url: Option<&str>) -> bool {
        let mut state = self.0.lock();
        let dropped = match (header, fhir_base_url) {
            (Some(header), None) => state
                .slots
                .iter_mut()
                .fold(false, |dropped, slot| slot.invalidate(Some(header)) | dropped),
            (header, base) => {
                let name = self.0.slot_name(base);
                state.slots.get(name).is_some_and(|slot| slot.invalidate(header))
            }
        };
        state.stats.invalidations += u64::from(dropped);
        dropped
    }

    /// The signing keystore's public keys.
    pub fn public_jwks(&self) -> Result<&Value, Error> {
        self.0.params.public_jwks.as_ref().ok_or_else(|| {
            Problem::config(
                "publicJwks: this client authenticates with a secret; it has no keystore",
            )
            .into()
        })
    }

    /// Numbers so far.
    #[must_use]
    pub fn stats(&self) -> InterceptorStats {
        let state = self.0.lock();
        let token = state.slots.last_used().and_then(|slot| slot.live(Now::read()));
        let schedule = token.and_then(|token| token.schedule);
        InterceptorStats {
            expires_at: schedule.map(|schedule| schedule.expires_at),
            renews_at: schedule.map(|schedule| schedule.renews_at),
            ..state.stats
        }
    }

    /// Warnings since the last call.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<Warning> {
        self.0.lock().warnings.take()
    }

    /// Ends it: waiting and later calls fail, its tokens are dropped. Requests that others share go on.
    pub fn close(&self) {
        self.0.closed.cancel();
        self.0.lock().slots.clear();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A base with and without a trailing slash is one server (SD-1).
    fn slot_name<'a>(&'a self, fhir_base_url: Option<&'a str>) -> &'a str {
        let own = || self.params.fhir_base_url.as_ref().map_or("", ServerUrl::raw);
        fhir_base_url.unwrap_or_else(own).trim_end_matches('/')
    }

    /// Everything that can be wrong with the call itself is found here, before anything starts.
    fn acquisition_request(
        &self,
        fhir_base_url: Option<&str>,
    ) -> Result<AcquisitionRequest, Error> {
        let given = fhir_base_url
            .map(|url| ServerUrl::parse_secure("fhirBaseUrl", url, self.params.allow_insecure_http))
            .transpose()?;
        if given.as_ref().is_some_and(|url| url.url().query().is_some()) {
            return Err(Problem::config("fhirBaseUrl: a query (?…) does not belong here").into());
        }
        let params = &self.params;
        let server = match &params.server {
            ServerSetting::TokenEndpoint(endpoint) => Server::TokenEndpoint(endpoint.clone()),
            _ => Server::Discover(DiscoveryRequest {
                origin: params.discovery_origin(given.as_ref())?,
                allow_insecure_http: params.allow_insecure_http,
                trust: params.transport.trust_fingerprint(),
                transport: self.transport.clone(),
                retry: params.retry,
            }),
        };
        Ok(AcquisitionRequest {
            slot_name: self.slot_name(fhir_base_url).to_owned(),
            fhir_base_url: given.or_else(|| self.params.fhir_base_url.clone()),
            server,
        })
    }

    fn start(
        self: &Arc<Self>,
        state: &mut State,
        request: AcquisitionRequest,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Flight<Arc<Token>> {
        state.acquisitions += 1;
        let id = state.acquisitions;
        let slot_name = request.slot_name.clone();
        let slot = state.slots.get_or_insert(&slot_name);
        let flight = acquisition::start(self.clone(), id, request, hook, slot.reason());
        slot.acquisition = Some(Acquisition { id, flight: flight.clone() });
        flight
    }

    /// The acquisition's slot, unless it was closed or replaced meanwhile.
    fn with_slot<T>(
        &self,
        slot_name: &str,
        id: u64,
        change: impl FnOnce(&mut Slot, &mut InterceptorStats) -> T,
    ) -> Option<T> {
        let State { slots, stats, .. } = &mut *self.lock();
        let slot = slots
            .get(slot_name)
            .filter(|slot| slot.acquisition.as_ref().is_some_and(|current| current.id == id))?;
        Some(change(slot, stats))
    }

    fn count_token_request(&self, reason: TokenRequestReason) {
        let stats = &mut self.lock().stats;
        stats.token_requests += 1;
        stats.renewals += u64::from(reason == TokenRequestReason::Expiring);
    }
}
