//! `Interceptor`: one client, seen from JavaScript.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{AbortHandle, abortable};
use napi::bindgen_prelude::{Function, Object, Promise};
use napi::{Env, Result};
use napi_derive::napi;
use smart_m2m_core::{
    ClientAuthInterceptor, ClientAuthParams, Engine, Error, Now, PreTokenHook, Token, spawn,
};

use crate::hook::{LentHook, NativePreTokenContext, Supplied};
use crate::outcome::Outcome;
use crate::settings::Settings;

/// An `AccessToken`, with its header.
#[napi(object, use_nullable = true)]
pub struct NativeToken {
    /// The value of the `Authorization` header.
    pub header: String,
    /// The bare token.
    pub access_token: String,
    /// `Bearer`
    pub token_type: String,
    /// Epoch milliseconds.
    pub expires_at_ms: Option<f64>,
    /// As granted.
    pub granted_scopes: Vec<String>,
    /// Asked for and not granted.
    pub missing_scopes: Vec<String>,
    /// JSON text of the members that nobody interprets.
    pub extra: String,
}

impl From<&Token> for NativeToken {
    fn from(token: &Token) -> Self {
        Self {
            header: token.header().to_owned(),
            access_token: token.access_token().to_owned(),
            token_type: "Bearer".to_owned(),
            expires_at_ms: token.expires_at().map(Now::epoch_milliseconds),
            granted_scopes: token.granted_scopes.clone(),
            missing_scopes: token.missing_scopes.clone(),
            extra: serde_json::Value::Object(token.extra.clone()).to_string(),
        }
    }
}

/// `InterceptorStats`
#[napi(object, use_nullable = true)]
pub struct NativeStats {
    pub token_requests: f64,
    pub cache_hits: f64,
    pub renewals: f64,
    pub failures: f64,
    pub invalidations: f64,
    pub last_error_code: Option<String>,
    pub expires_at_ms: Option<f64>,
    pub renews_at_ms: Option<f64>,
}

/// A warning on its way to the diagnostics channel.
#[napi(object)]
pub struct NativeWarning {
    pub code: String,
    pub message: String,
}

/// Not constructible from JavaScript: `createInterceptor` validates first.
#[napi]
pub struct Interceptor {
    interceptor: ClientAuthInterceptor,
    waiting: Arc<Waiting>,
}

/// Callers' tickets, so that one whose caller left does not keep the process alive.
#[derive(Default)]
struct Waiting(Mutex<HashMap<u32, AbortHandle>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Validates, reads the keystore, takes a snapshot. No network.
#[napi(catch_unwind, ts_return_type = "Outcome<Interceptor>")]
pub fn create_interceptor(settings: &Settings) -> Outcome<Interceptor> {
    let engine = Engine::process();
    let created = ClientAuthParams::validate(&settings.options, &engine.keystores)
        .and_then(|params| ClientAuthInterceptor::new(engine, params));
    Outcome(created.map(|interceptor| Interceptor { interceptor, waiting: Arc::default() }))
}

#[napi]
impl Interceptor {
    /// The client's id.
    #[napi(getter, catch_unwind)]
    pub fn client_id(&self) -> String {
        self.interceptor.client_id().to_owned()
    }

    /// Of the settings.
    #[napi(getter, catch_unwind)]
    pub fn fhir_base_url(&self) -> Option<String> {
        self.interceptor.fhir_base_url().map(str::to_owned)
    }

    /// Origins besides the FHIR base's that may receive the token.
    #[napi(getter, catch_unwind)]
    pub fn allowed_origins(&self) -> Vec<String> {
        self.interceptor.allowed_origins().to_vec()
    }

    /// How long the pre-token hook may take.
    #[napi(getter, catch_unwind)]
    pub fn hook_timeout_ms(&self) -> f64 {
        self.interceptor.hook_timeout().as_secs_f64() * 1000.0
    }

    /// The living header, or null where `acquire` has something to do.
    #[napi(catch_unwind)]
    pub fn cached_header(&self, fhir_base_url: Option<String>) -> Option<String> {
        let token = self.interceptor.cached(fhir_base_url.as_deref())?;
        Some(token.header().to_owned())
    }

    /// The same, with what the server said about it.
    #[napi(catch_unwind)]
    pub fn cached_token(&self, fhir_base_url: Option<String>) -> Option<NativeToken> {
        self.interceptor.cached(fhir_base_url.as_deref()).map(|token| NativeToken::from(&*token))
    }

    /// A token, sooner or later. Never rejects.
    #[napi(
        catch_unwind,
        ts_args_type = "ticket: number, fhirBaseUrl: string | null, hook: ((context: NativePreTokenContext) => Promise<unknown>) | null",
        ts_return_type = "Promise<Outcome<NativeToken>>"
    )]
    pub fn acquire<'env>(
        &self,
        env: &'env Env,
        ticket: u32,
        fhir_base_url: Option<String>,
        hook: Option<Function<'_, NativePreTokenContext, Promise<Supplied>>>,
    ) -> Result<Object<'env>> {
        let hook = hook.as_ref().map(LentHook::new).transpose()?;
        let hook = hook.map(|hook| Arc::new(hook) as Arc<dyn PreTokenHook>);
        let (deferred, promise) = env.create_deferred()?;
        let interceptor = self.interceptor.clone();
        let (token, abort) =
            abortable(async move { interceptor.token(fhir_base_url.as_deref(), hook).await });
        self.waiting.lock().insert(ticket, abort);
        let waiting = self.waiting.clone();
        spawn(async move {
            let outcome = token.await.unwrap_or(Err(Error::Closed));
            waiting.lock().remove(&ticket);
            deferred.resolve(move |_| Ok(Outcome(outcome.map(|token| NativeToken::from(&*token)))));
        });
        Ok(promise)
    }

    /// Nobody waits for this ticket any more. What it started goes on for the others.
    #[napi(catch_unwind)]
    pub fn abandon(&self, ticket: u32) {
        if let Some(abort) = self.waiting.lock().remove(&ticket) {
            abort.abort();
        }
    }

    /// True if a token was dropped.
    #[napi(catch_unwind)]
    pub fn invalidate(&self, header: Option<String>, fhir_base_url: Option<String>) -> bool {
        self.interceptor.invalidate(header.as_deref(), fhir_base_url.as_deref())
    }

    /// JSON text.
    #[napi(catch_unwind, ts_return_type = "Outcome<string>")]
    pub fn public_jwks(&self) -> Outcome<String> {
        Outcome(self.interceptor.public_jwks().map(ToString::to_string))
    }

    /// Numbers so far.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeStats {
        let stats = self.interceptor.stats();
        NativeStats {
            token_requests: count(stats.token_requests),
            cache_hits: count(stats.cache_hits),
            renewals: count(stats.renewals),
            failures: count(stats.failures),
            invalidations: count(stats.invalidations),
            last_error_code: stats.last_error.map(|code| code.as_str().to_owned()),
            expires_at_ms: stats.expires_at.map(Now::epoch_milliseconds),
            renews_at_ms: stats.renews_at.map(Now::epoch_milliseconds),
        }
    }

    /// Warnings since the last call.
    #[napi(catch_unwind)]
    pub fn take_warnings(&self) -> Vec<NativeWarning> {
        let warnings = self.interceptor.take_warnings().into_iter();
        warnings
            .map(|warning| NativeWarning {
                code: warning.code.to_owned(),
                message: warning.message,
            })
            .collect()
    }

    /// Ends it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.interceptor.close();
    }
}

#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}
