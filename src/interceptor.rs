//! `Interceptor`: one client, seen from JavaScript.

use std::sync::Arc;

use napi_derive::napi;
use smart_m2m_core::{
    ClientAuthInterceptor, ClientAuthParams, Engine, Now, Observer, PreTokenHook, spawn,
};

use crate::epochs::coarse_moment;
use crate::hook::MailedHook;
use crate::letter::{Letter, NativeToken};
use crate::mailbox::{Mailbox, Post};
use crate::outcome::Outcome;
use crate::settings::Settings;

/// A living header, and for how long it needs no other look: while `epochs[cell]` is `epoch`, and
/// both clocks are before their ends.
#[napi(object)]
pub struct NativeHeader {
    /// The value of the `Authorization` header.
    pub header: String,
    pub cell: u32,
    pub epoch: i32,
    /// Epoch milliseconds, by `clocks[0]`.
    pub wall_end_ms: f64,
    /// By `clocks[1]`.
    pub monotonic_end_ms: f64,
    /// True when `renew` should be called, for the sake of the next one.
    pub acquisition_wanted: bool,
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
    post: Arc<Post>,
}

/// Validates, reads the keystore, takes a snapshot. No network.
#[napi(catch_unwind, ts_return_type = "Outcome<Interceptor>")]
pub fn create_interceptor(settings: &Settings, mailbox: &Mailbox) -> Outcome<Interceptor> {
    let engine = Engine::process();
    let post = mailbox.post();
    let created =
        ClientAuthParams::validate(&settings.options, &engine.keystores).and_then(|params| {
            ClientAuthInterceptor::new(engine, params, Some(post.clone() as Arc<dyn Observer>))
        });
    Outcome(created.map(|interceptor| Interceptor { interceptor, post }))
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

    /// The living header, or null where it has to be waited for. Without a hook its renewal, if
    /// due, goes on behind it.
    #[napi(catch_unwind)]
    pub fn cached_header(
        &self,
        fhir_base_url: Option<String>,
        hooked: bool,
    ) -> Option<NativeHeader> {
        let cached = self.interceptor.cached(fhir_base_url.as_deref(), hooked)?;
        let (wall_end_ms, monotonic_end_ms) = coarse_moment(Now::read(), cached.look_again_at);
        Some(NativeHeader {
            header: cached.token.header().to_owned(),
            cell: u32::try_from(cached.cell).unwrap_or(0),
            epoch: cached.epoch,
            wall_end_ms,
            monotonic_end_ms,
            acquisition_wanted: cached.acquisition_wanted,
        })
    }

    /// The living token with what the server said about it.
    #[napi(catch_unwind)]
    pub fn cached_token(&self, fhir_base_url: Option<String>, hooked: bool) -> Option<NativeToken> {
        let cached = self.interceptor.cached(fhir_base_url.as_deref(), hooked)?;
        let acquisition_wanted = cached.acquisition_wanted;
        Some(NativeToken { acquisition_wanted, ..NativeToken::from(&*cached.token) })
    }

    /// A token, sooner or later, as a letter for this ticket.
    #[napi(catch_unwind)]
    pub fn acquire(&self, ticket: u32, fhir_base_url: Option<String>, hooked: bool) {
        let hook = self.hook(ticket, hooked);
        let Self { interceptor, post } = self;
        let (interceptor, post) = (interceptor.clone(), post.clone());
        spawn(async move {
            let result = interceptor.token(fhir_base_url.as_deref(), hook).await;
            post.send(Letter::Outcome { ticket, result });
        });
    }

    /// The next token, while the living one serves: as `acquire`, but nobody waits.
    #[napi(catch_unwind)]
    pub fn renew(&self, ticket: u32, fhir_base_url: Option<String>, hooked: bool) {
        let hook = self.hook(ticket, hooked);
        let Self { interceptor, post } = self;
        let (interceptor, post) = (interceptor.clone(), post.clone());
        spawn(async move {
            let result = interceptor.renew(fhir_base_url.as_deref(), hook).await;
            post.send(Letter::Outcome { ticket, result });
        });
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

impl Interceptor {
    fn hook(&self, ticket: u32, hooked: bool) -> Option<Arc<dyn PreTokenHook>> {
        hooked
            .then(|| Arc::new(MailedHook::new(self.post.clone(), ticket)) as Arc<dyn PreTokenHook>)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}
