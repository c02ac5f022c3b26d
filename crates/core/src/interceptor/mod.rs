//! `ClientAuthInterceptor`: gives a header for every request, and gets a token when it has none.

mod acquisition;
mod closing;
mod diagnosis;
pub(crate) mod findings;
mod slot;
mod slots;
mod stats;
mod warning_log;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

pub use slot::CachedToken;
pub use stats::{Counts, InterceptorStats};

use crate::clock::Now;
use crate::engine::Engine;
use crate::error::{Error, Problem};
use crate::events::{Observer, Warning};
use crate::hook::{PreTokenHook, TokenRequestReason};
use crate::params::ClientAuthParams;
use crate::runtime::{self, Flight, without_panic};
use crate::server_url::ServerUrl;
use crate::token::{Obtained, Token};
use crate::transport::Transport;
use acquisition::AcquisitionRequest;
use closing::Closing;
use slot::{Acquisition, Slot};
use slots::Slots;
use warning_log::WarningLog;

/// One client, towards any number of FHIR servers. Clones are the same interceptor.
#[derive(Clone)]
pub struct ClientAuthInterceptor(Arc<Inner>);

struct Inner {
    engine: &'static Engine,
    params: ClientAuthParams,
    observer: Option<Arc<dyn Observer>>,
    closing: Closing,
    state: Mutex<State>,
}

struct State {
    /// `None` once it is closed: its connections end with whoever else uses them.
    transport: Option<Arc<Transport>>,
    slots: Slots,
    stats: Counts,
    warnings: WarningLog,
    acquisitions: u64,
}

/// What a call can do at once.
enum Step {
    Token(Arc<Token>),
    /// Waits for a request of the slot's own source.
    Request {
        flight: Flight<Arc<Token>>,
        unattended: bool,
    },
    /// Waits for hook, discovery and token request.
    Acquisition(Flight<Arc<Token>>),
}

impl ClientAuthInterceptor {
    /// No network, no waiting, no thread. `observer` hears of the token requests made for this
    /// interceptor.
    #[must_use]
    pub fn new(
        engine: &'static Engine,
        params: ClientAuthParams,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let mut params = params;
        let mut warnings = WarningLog::default();
        warnings.extend(std::mem::take(&mut params.warnings));
        let slots = Slots::new(params.common.fhir_base_url.clone());
        let stats = Counts::default();
        let transport = Some(engine.transports.get(&params.common.transport));
        Self(Arc::new(Inner {
            engine,
            params,
            observer,
            closing: Closing::default(),
            state: Mutex::new(State { transport, slots, stats, warnings, acquisitions: 0 }),
        }))
    }

    /// The client's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0.params.client_id
    }

    /// Of the settings.
    #[must_use]
    pub fn fhir_base_url(&self) -> Option<&str> {
        self.0.params.common.fhir_base_url.as_ref().map(ServerUrl::raw)
    }

    /// Origins besides the FHIR base's that may receive the token.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        &self.0.params.common.allowed_origins
    }

    /// How long the pre-token hook may take.
    #[must_use]
    pub fn hook_timeout(&self) -> Duration {
        self.0.params.common.transport.timeout
    }

    /// The living token, if it can be handed out at once. Without a hook its renewal, if due, goes
    /// on behind it; `hooked`: the hook has to be asked first, by a call of `renew`.
    #[must_use]
    pub fn cached(&self, fhir_base_url: Option<&str>, hooked: bool) -> Option<CachedToken> {
        let mut state = self.0.lock();
        let slot = state.slots.get_used(fhir_base_url)?;
        let cached = slot.serve(hooked, self.0.params.common.renewal.background, Now::read())?;
        state.hand_out(&cached.token);
        Some(cached)
    }

    /// The token: at once if there is a living one, else after one acquisition that all callers
    /// share. `hook` is asked if this call starts it. Without a hook the renewal of a living token,
    /// if due, goes on behind it; with one it is for `renew`.
    pub async fn token(
        &self,
        fhir_base_url: Option<&str>,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Result<Arc<Token>, Error> {
        runtime::start()?;
        without_panic(self.acquire(fhir_base_url, hook)).await
    }

    async fn acquire(
        &self,
        fhir_base_url: Option<&str>,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Result<Arc<Token>, Error> {
        let first = self.0.wait_for_token(fhir_base_url, hook.as_ref()).await;
        match first {
            // The server may have moved: discovery tells. The hook has been asked already.
            Err(_) if self.0.endpoint_is_gone(fhir_base_url) => {
                match self.0.wait_for_token(fhir_base_url, None).await {
                    // It has not.
                    Err(Error::Remembered(_)) => first,
                    second => second,
                }
            }
            // On its way to this process the token has died: a process can be frozen for longer
            // than a token lives.
            Ok(token) if token.has_died(Now::read()) => {
                self.0.wait_for_token(fhir_base_url, hook.as_ref()).await
            }
            first => first,
        }
    }

    /// The next token, while the living one goes on serving others.
    pub async fn renew(
        &self,
        fhir_base_url: Option<&str>,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Result<Arc<Token>, Error> {
        runtime::start()?;
        let flight = {
            let request = AcquisitionRequest::new(&self.0, fhir_base_url)?;
            let mut state = self.0.lock_open()?;
            let slot = state.slots.get_or_insert(request.base());
            match &slot.acquisition {
                Some(acquisition) => acquisition.flight.clone(),
                None => self.0.start(&mut state, request, hook),
            }
        };
        self.0.until_closed(flight).await
    }

    /// Drops a token that a server refused. With a header: that token, wherever it is current.
    /// Without: whatever is current for this FHIR server.
    #[must_use]
    pub fn invalidate(&self, header: Option<&str>, fhir_base_url: Option<&str>) -> bool {
        let State { slots, stats, .. } = &mut *self.0.lock();
        let dropped = match (header, fhir_base_url) {
            (Some(header), None) => slots
                .iter_mut()
                .fold(false, |dropped, slot| slot.invalidate(Some(header)) | dropped),
            // Whatever is current: where no server is the interceptor's own, that of each.
            (None, None) if !slots.has_own_base() => {
                slots.iter_mut().fold(false, |dropped, slot| slot.invalidate(None) | dropped)
            }
            (header, base) => slots.get(base).is_some_and(|slot| slot.invalidate(header)),
        };
        stats.invalidations += u64::from(dropped);
        dropped
    }

    /// The signing keystore's public keys.
    pub fn public_jwks(&self) -> Result<Value, Error> {
        self.0.params.authentication.public_jwks().ok_or_else(|| {
            Problem::config(
                "publicJwks: this client authenticates with a secret; it has no keystore",
            )
            .into()
        })
    }

    /// Numbers so far.
    #[must_use]
    pub fn stats(&self) -> InterceptorStats {
        let State { slots, stats, .. } = &mut *self.0.lock();
        for slot in slots.iter_mut() {
            slot.count_unattended(stats);
        }
        let token = slots.last_used().and_then(|slot| slot.live(Now::read()));
        let schedule = token.and_then(|token| token.schedule);
        InterceptorStats {
            counts: *stats,
            expires_at: schedule.map(|schedule| schedule.expires_at),
            renews_at: schedule.map(|schedule| schedule.renews_at),
        }
    }

    /// Warnings since the last call.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<Warning> {
        self.0.lock().warnings.take()
    }

    /// Ends it: waiting and later calls fail, its tokens are dropped, and connections that nobody
    /// else uses end. Requests that others share go on.
    pub fn close(&self) {
        self.0.closing.close();
        let mut state = self.0.lock();
        state.slots.clear();
        state.transport = None;
    }
}

impl State {
    /// A living token goes out.
    fn hand_out(&mut self, token: &Token) {
        self.stats.cache_hits += 1;
        self.warn_of(token);
    }

    fn warn_of(&mut self, token: &Token) {
        self.warnings.extend(token.warnings().iter().cloned());
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn transport(&self) -> Result<Arc<Transport>, Error> {
        self.lock().transport.clone().ok_or(Error::Closed)
    }

    /// A closed interceptor holds no slot ever again.
    fn lock_open(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.lock();
        if self.closing.is_closed() { Err(Error::Closed) } else { Ok(state) }
    }

    async fn wait_for_token(
        self: &Arc<Self>,
        fhir_base_url: Option<&str>,
        hook: Option<&Arc<dyn PreTokenHook>>,
    ) -> Result<Arc<Token>, Error> {
        let request = AcquisitionRequest::new(self, fhir_base_url)?;
        let result = match self.step(request, hook)? {
            Step::Token(token) => return Ok(token),
            Step::Acquisition(flight) => self.until_closed(flight).await,
            Step::Request { flight, unattended } => {
                let result = self.until_closed(flight).await;
                self.arrived(fhir_base_url, unattended, &result);
                result
            }
        };
        // A renewal was waited for and failed: the old token is as good as before.
        result.or_else(|error| {
            let living =
                self.lock().slots.get(fhir_base_url).and_then(|slot| slot.live(Now::read()));
            living.ok_or(error)
        })
    }

    async fn until_closed(&self, flight: Flight<Arc<Token>>) -> Result<Arc<Token>, Error> {
        tokio::select! {
            biased;
            () = self.closing.closed() => Err(Error::Closed),
            result = flight => result,
        }
    }

    fn step(
        self: &Arc<Self>,
        request: AcquisitionRequest,
        hook: Option<&Arc<dyn PreTokenHook>>,
    ) -> Result<Step, Error> {
        let now = Now::read();
        let mut state = self.lock_open()?;
        let background = self.params.common.renewal.background;
        let slot = state.slots.get_or_insert(request.base());
        if let Some(cached) = slot.serve(hook.is_some(), background, now) {
            state.hand_out(&cached.token);
            // A hook is lent for as long as its caller waits, and this one does not.
            if cached.acquisition_wanted && hook.is_none() {
                drop(self.start(&mut state, request, None));
            }
            return Ok(Step::Token(cached.token));
        }
        let State { slots, stats, .. } = &mut *state;
        let slot = slots.get_or_insert(request.base());
        if let Some(acquisition) = &slot.acquisition {
            return Ok(Step::Acquisition(acquisition.flight.clone()));
        }
        let Some(source) = slot.source(now).filter(|_| hook.is_none()) else {
            return Ok(Step::Acquisition(self.start(&mut state, request, hook.cloned())));
        };
        match source.obtain(false, now) {
            Obtained::Token(token) => {
                stats.cache_hits += 1;
                Ok(Step::Token(token))
            }
            Obtained::Refused(error) => Err(error),
            Obtained::Flight { flight, unattended } => {
                if !unattended {
                    stats.count_token_request(slot.reason());
                }
                Ok(Step::Request { flight, unattended })
            }
        }
    }

    fn arrived(&self, base: Option<&str>, unattended: bool, result: &Result<Arc<Token>, Error>) {
        let mut state = self.lock();
        if result.is_err() {
            state.warnings.extend(self.params.authentication.warnings(None));
        }
        let State { slots, stats, .. } = &mut *state;
        let Some(slot) = slots.get(base) else { return };
        match result {
            Ok(token) => {
                slot.succeeded();
                state.warn_of(token);
            }
            Err(error) if !unattended => stats.count_failure(error),
            Err(_) => {}
        }
    }

    /// True if the token endpoint was a discovered one, and has just answered that it is gone.
    fn endpoint_is_gone(&self, fhir_base_url: Option<&str>) -> bool {
        self.lock().slots.get(fhir_base_url).is_some_and(|slot| slot.endpoint_is_gone())
    }

    fn start(
        self: &Arc<Self>,
        state: &mut State,
        request: AcquisitionRequest,
        hook: Option<Arc<dyn PreTokenHook>>,
    ) -> Flight<Arc<Token>> {
        state.acquisitions += 1;
        let id = state.acquisitions;
        let slot = state.slots.get_or_insert(request.base());
        let flight = acquisition::start(self.clone(), id, request, hook, slot);
        slot.acquisition = Some(Acquisition { id, flight: flight.clone() });
        flight
    }

    /// The acquisition's slot, unless it was closed or replaced meanwhile.
    fn with_slot<T>(
        &self,
        base: Option<&str>,
        id: u64,
        change: impl FnOnce(&mut Slot, &mut Counts) -> T,
    ) -> Option<T> {
        let State { slots, stats, .. } = &mut *self.lock();
        let slot = slots
            .get(base)
            .filter(|slot| slot.acquisition.as_ref().is_some_and(|current| current.id == id))?;
        Some(change(slot, stats))
    }

    fn count_token_request(&self, reason: TokenRequestReason) {
        self.lock().stats.count_token_request(reason);
    }
}
