//! Interceptors, seen from JavaScript: by their numbers in the environment.

use std::sync::Arc;

use napi::Result;
use napi_derive::napi;
use smart_m2m_core::{Error, InterceptorStats, Now, PreTokenHook, Token, spawn};

use crate::environment::Environment;
use crate::epochs::coarse_moment;
use crate::hook::MailedHook;
use crate::letter::{Letter, NativeToken};
use crate::mailbox::Post;
use crate::outcome::{NativeWarning, Outcome};

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

#[napi]
impl Environment {
    /// The client's id.
    #[napi(catch_unwind)]
    pub fn client_id(&self, interceptor: u32) -> Result<String> {
        Ok(self.interceptor(interceptor)?.client_id().to_owned())
    }

    /// Of the settings.
    #[napi(catch_unwind)]
    pub fn fhir_base_url(&self, interceptor: u32) -> Result<Option<String>> {
        Ok(self.interceptor(interceptor)?.fhir_base_url().map(str::to_owned))
    }

    /// Origins besides the FHIR base's that may receive the token.
    #[napi(catch_unwind)]
    pub fn allowed_origins(&self, interceptor: u32) -> Result<Vec<String>> {
        Ok(self.interceptor(interceptor)?.allowed_origins().to_vec())
    }

    /// How long the pre-token hook may take.
    #[napi(catch_unwind)]
    pub fn hook_timeout_ms(&self, interceptor: u32) -> Result<f64> {
        Ok(self.interceptor(interceptor)?.hook_timeout().as_secs_f64() * 1000.0)
    }

    /// The living header, or null where it has to be waited for. Without a hook its renewal, if
    /// due, goes on behind it.
    #[napi(catch_unwind)]
    pub fn cached_header(
        &self,
        interceptor: u32,
        fhir_base_url: Option<String>,
        hooked: bool,
    ) -> Result<Option<NativeHeader>> {
        let interceptor = self.interceptor(interceptor)?;
        let cached = interceptor.cached(fhir_base_url.as_deref(), hooked);
        Ok(cached.map(|cached| {
            let (wall_end_ms, monotonic_end_ms) = coarse_moment(Now::read(), cached.look_again_at);
            NativeHeader {
                header: cached.token.header().to_owned(),
                cell: u32::try_from(cached.cell).unwrap_or(0),
                epoch: cached.epoch,
                wall_end_ms,
                monotonic_end_ms,
                acquisition_wanted: cached.acquisition_wanted,
            }
        }))
    }

    /// The living token with what the server said about it.
    #[napi(catch_unwind)]
    pub fn cached_token(
        &self,
        interceptor: u32,
        fhir_base_url: Option<String>,
        hooked: bool,
    ) -> Result<Option<NativeToken>> {
        let interceptor = self.interceptor(interceptor)?;
        let cached = interceptor.cached(fhir_base_url.as_deref(), hooked);
        Ok(cached.map(|cached| {
            let acquisition_wanted = cached.acquisition_wanted;
            NativeToken { acquisition_wanted, ..NativeToken::from(&*cached.token) }
        }))
    }

    /// A token, sooner or later, as a letter for this ticket.
    #[napi(catch_unwind)]
    pub fn acquire(
        &self,
        interceptor: u32,
        ticket: u32,
        fhir_base_url: Option<String>,
        hooked: bool,
    ) -> Result<()> {
        let interceptor = self.interceptor(interceptor)?;
        self.answer(ticket, hooked, |hook| async move {
            interceptor.token(fhir_base_url.as_deref(), hook).await
        });
        Ok(())
    }

    /// The next token, while the living one serves: as `acquire`, but nobody waits.
    #[napi(catch_unwind)]
    pub fn renew(
        &self,
        interceptor: u32,
        ticket: u32,
        fhir_base_url: Option<String>,
        hooked: bool,
    ) -> Result<()> {
        let interceptor = self.interceptor(interceptor)?;
        self.answer(ticket, hooked, |hook| async move {
            interceptor.renew(fhir_base_url.as_deref(), hook).await
        });
        Ok(())
    }

    /// What a token request brings to light, as a letter for this ticket.
    #[napi(catch_unwind)]
    pub fn diagnose(
        &self,
        interceptor: u32,
        ticket: u32,
        fhir_base_url: Option<String>,
    ) -> Result<()> {
        let interceptor = self.interceptor(interceptor)?;
        let post = self.post().clone();
        let delivered = post.clone();
        let send = move |post: &Post, result| {
            post.send(Letter::Diagnosed { ticket, result: Box::new(result) });
        };
        let started = spawn(async move {
            send(&delivered, interceptor.diagnose(fhir_base_url.as_deref()).await);
        });
        if let Err(error) = started {
            send(&post, Err(error));
        }
        Ok(())
    }

    /// True if a token was dropped.
    #[napi(catch_unwind)]
    pub fn invalidate(
        &self,
        interceptor: u32,
        header: Option<String>,
        fhir_base_url: Option<String>,
    ) -> Result<bool> {
        let interceptor = self.interceptor(interceptor)?;
        Ok(interceptor.invalidate(header.as_deref(), fhir_base_url.as_deref()))
    }

    /// JSON text.
    #[napi(catch_unwind, ts_return_type = "Outcome<string>")]
    pub fn public_jwks(&self, interceptor: u32) -> Result<Outcome<String>> {
        let interceptor = self.interceptor(interceptor)?;
        Ok(Outcome(interceptor.public_jwks().map(|jwks| jwks.to_string())))
    }

    /// Numbers so far.
    #[napi(catch_unwind)]
    pub fn stats(&self, interceptor: u32) -> Result<NativeStats> {
        let InterceptorStats { counts, expires_at, renews_at } =
            self.interceptor(interceptor)?.stats();
        Ok(NativeStats {
            token_requests: count(counts.token_requests),
            cache_hits: count(counts.cache_hits),
            renewals: count(counts.renewals),
            failures: count(counts.failures),
            invalidations: count(counts.invalidations),
            last_error_code: counts.last_error.map(|code| code.as_str().to_owned()),
            expires_at_ms: expires_at.map(Now::epoch_milliseconds),
            renews_at_ms: renews_at.map(Now::epoch_milliseconds),
        })
    }

    /// Warnings since the last call.
    #[napi(catch_unwind)]
    pub fn take_warnings(&self, interceptor: u32) -> Result<Vec<NativeWarning>> {
        let warnings = self.interceptor(interceptor)?.take_warnings().into_iter();
        Ok(warnings.map(NativeWarning::from).collect())
    }

    /// Ends it.
    #[napi(catch_unwind)]
    pub fn close(&self, interceptor: u32) -> Result<()> {
        self.interceptor(interceptor)?.close();
        Ok(())
    }
}

type Hook = Option<Arc<dyn PreTokenHook>>;

impl Environment {
    /// Posts what the work brings, as a letter for this ticket.
    fn answer<F>(&self, ticket: u32, hooked: bool, work: impl FnOnce(Hook) -> F)
    where
        F: Future<Output = std::result::Result<Arc<Token>, Error>> + Send + 'static,
    {
        let post = self.post().clone();
        let hook = hooked.then(|| Arc::new(MailedHook::new(post.clone(), ticket)) as _);
        let work = work(hook);
        let delivered = post.clone();
        let started =
            spawn(async move { delivered.send(Letter::Outcome { ticket, result: work.await }) });
        if let Err(error) = started {
            post.send(Letter::Outcome { ticket, result: Err(error) });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}
