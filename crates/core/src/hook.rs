//! The pre-token hook: the pointcut `CLIENT_AUTH_PRE_TOKEN_REQUEST`, seen from the core.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use crate::clock::Now;
use crate::error::Error;
use crate::random;
use crate::secret::Secret;
use crate::token::{RenewalPolicy, Token, is_b64token};

/// Why a token is about to be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRequestReason {
    /// There has been none yet.
    Initial,
    /// The one there was is at its end.
    Expiring,
    /// A server refused the one there was.
    Rejected,
}

impl TokenRequestReason {
    /// Its name in `PreTokenContext`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Expiring => "expiring",
            Self::Rejected => "rejected",
        }
    }
}

/// What the hook is told.
#[derive(Clone, Debug)]
pub struct PreTokenContext {
    /// The client's id.
    pub client_id: String,
    /// The scopes about to be asked for.
    pub scope: Option<String>,
    /// The FHIR server of the request at hand.
    pub fhir_base_url: Option<String>,
    /// Why now.
    pub reason: TokenRequestReason,
}

/// A token that the hook has.
pub struct SuppliedToken {
    /// Without the scheme.
    pub access_token: Secret,
    /// Seconds; `None`: it serves the calls that wait and is not kept.
    pub expires_in: Option<f64>,
}

/// Why a hook gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFailure {
    /// A phrase that follows the pointcut's name, such as `threw: …`.
    pub reason: String,
    /// Which call it was, where the hook's own side knows more of it by that number.
    pub call: Option<u32>,
}

impl From<String> for HookFailure {
    fn from(reason: String) -> Self {
        Self { reason, call: None }
    }
}

/// Asked before every token request.
pub trait PreTokenHook: Send + Sync {
    /// A token to use instead, `None` to go on, or what went wrong.
    fn before_token_request(
        &self,
        context: PreTokenContext,
    ) -> BoxFuture<'static, Result<Option<SuppliedToken>, HookFailure>>;
}

/// Calls the hook and treats what it returns like any input from outside.
pub(crate) async fn ask(
    hook: &Arc<dyn PreTokenHook>,
    context: PreTokenContext,
    time: Duration,
    renewal: &RenewalPolicy,
) -> Result<Option<Token>, Error> {
    let asked_at = Now::read();
    let failed = |reason: String| Error::PreTokenHook(reason.into());
    let supplied = timeout(time, hook.before_token_request(context))
        .await
        .map_err(|_| {
            failed(format!("did not answer within {} ms (http.timeoutMs)", time.as_millis()))
        })?
        .map_err(Error::PreTokenHook)?;
    let Some(SuppliedToken { access_token, expires_in }) = supplied else { return Ok(None) };
    if !is_b64token(access_token.expose()) {
        return Err(failed(
            "returned a token that no Authorization header may carry: empty, or with spaces, \
             control or non-ASCII characters (return the bare token, without 'Bearer ')"
                .to_owned(),
        ));
    }
    let schedule = match expires_in {
        None => None,
        // A year is cut to a day by the schedule; NaN and infinity are nobody's lifetime.
        Some(seconds) if seconds.is_finite() => {
            let lifetime = Duration::from_secs_f64(seconds.clamp(0.0, 1e9));
            let took = asked_at.until(Now::read());
            Some(renewal.schedule(asked_at, took, lifetime, random::fraction()))
        }
        Some(_) => {
            return Err(failed("returned an expiresIn that is no number of seconds".to_owned()));
        }
    };
    Ok(Some(Token::bearer(&access_token, schedule)))
}
