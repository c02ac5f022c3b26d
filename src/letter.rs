//! What is in the mailbox, in Rust and as JavaScript gets it.

use std::sync::Arc;

use napi::bindgen_prelude::{Env, JsValue as _, Object, ToNapiValue, Uint8Array};
use napi::{Result, sys};
use napi_derive::napi;
use smart_m2m_core::{
    Diagnosis, Error, Now, SigningAlgorithm, Token, TokenRequestEvent, TokenRequestPhase, Warning,
};

use crate::hook::NativePreTokenContext;
use crate::outcome::{NativeError, NativeWarning, Outcome};

/// Something for the JavaScript thread.
pub(crate) enum Letter {
    /// The outcome of `acquire` or `renew`.
    Outcome { ticket: u32, result: std::result::Result<Arc<Token>, Error> },
    /// The hooks of whoever has this ticket are to be asked.
    Hook { ticket: u32, call: u32, context: NativePreTokenContext },
    /// The signer of this number is to sign.
    Sign { signer: u32, call: u32, input: Vec<u8>, algorithm: SigningAlgorithm },
    /// Nobody has the signer of this number any more.
    ForgetSigner { signer: u32 },
    /// The keystore's file has been looked at, for this ticket.
    Looked { ticket: u32, trouble: Option<Warning> },
    /// The diagnosis for this ticket.
    Diagnosed { ticket: u32, result: Box<std::result::Result<Diagnosis, Error>> },
    /// A token request has started or ended.
    Event(TokenRequestEvent),
}

impl Letter {
    pub(crate) fn is_event(&self) -> bool {
        matches!(self, Self::Event(_))
    }
}

/// An `AccessToken`, with its header.
#[napi(object, use_nullable = true)]
pub struct NativeToken {
    /// The value of the `Authorization` header.
    pub header: String,
    /// Epoch milliseconds.
    pub expires_at_ms: Option<f64>,
    /// The same, for a token that must not be handed out from then on; null for one that serves
    /// whoever waits for it, and nobody else.
    pub dies_at_ms: Option<f64>,
    /// As granted.
    pub granted_scopes: Vec<String>,
    /// Asked for and not granted.
    pub missing_scopes: Vec<String>,
    /// JSON text of the members that nobody interprets; null where there are none.
    pub extra: Option<String>,
    /// True when `renew` should be called, for the sake of the next one.
    pub acquisition_wanted: bool,
}

impl From<&Token> for NativeToken {
    fn from(token: &Token) -> Self {
        Self {
            header: token.header().to_owned(),
            expires_at_ms: token.expires_at().map(Now::epoch_milliseconds),
            dies_at_ms: token.dies_at().map(Now::epoch_milliseconds),
            granted_scopes: token.granted_scopes().map(str::to_owned).collect(),
            missing_scopes: token.missing_scopes().to_vec(),
            extra: token.extra().map(|extra| serde_json::Value::Object(extra.clone()).to_string()),
            acquisition_wanted: false,
        }
    }
}

/// One HTTP attempt of a token request. `durationMs` is there once it has ended, `error` if it failed.
#[napi(object)]
pub struct NativeTokenRequestEvent {
    pub id: f64,
    pub client_id: String,
    pub token_endpoint: String,
    #[napi(ts_type = "'initial' | 'expiring' | 'rejected'")]
    pub reason: String,
    pub attempt: u32,
    pub duration_ms: Option<f64>,
    pub error: Option<NativeError>,
}

impl From<TokenRequestEvent> for NativeTokenRequestEvent {
    #[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
    fn from(event: TokenRequestEvent) -> Self {
        let (took, error) = match event.phase {
            TokenRequestPhase::Started => (None, None),
            TokenRequestPhase::Succeeded { took } => (Some(took), None),
            TokenRequestPhase::Failed { took, error } => (Some(took), Some(error)),
        };
        Self {
            id: event.id as f64,
            client_id: event.client_id,
            token_endpoint: event.token_endpoint,
            reason: event.reason.as_str().to_owned(),
            attempt: event.attempt,
            duration_ms: took.map(|took| took.as_secs_f64() * 1000.0),
            error: error.as_ref().map(NativeError::from),
        }
    }
}

/// JSON text of the steps, and why there is no token, where that is so.
#[napi(object)]
pub struct NativeDiagnosis {
    pub steps: String,
    pub error: Option<NativeError>,
}

impl From<Diagnosis> for NativeDiagnosis {
    fn from(diagnosis: Diagnosis) -> Self {
        Self {
            // Plain data: nothing in it cannot be written.
            steps: serde_json::to_string(&diagnosis).unwrap_or_default(),
            error: diagnosis.error.as_ref().map(NativeError::from),
        }
    }
}

/// One of the shapes of `NativeLetter` in JavaScript.
pub struct NativeLetter(Letter);

impl From<Letter> for NativeLetter {
    fn from(letter: Letter) -> Self {
        Self(letter)
    }
}

impl ToNapiValue for NativeLetter {
    // SAFETY: napi calls it with a live environment.
    unsafe fn to_napi_value(env: sys::napi_env, letter: Self) -> Result<sys::napi_value> {
        let mut object = Object::new(&Env::from_raw(env))?;
        match letter.0 {
            Letter::Outcome { ticket, result } => {
                object.set("ticket", ticket)?;
                object.set("outcome", Outcome(result.map(|token| NativeToken::from(&*token))))?;
            }
            Letter::Hook { ticket, call, context } => {
                object.set("ticket", ticket)?;
                object.set("call", call)?;
                object.set("context", context)?;
            }
            Letter::Sign { signer, call, input, algorithm } => {
                object.set("signer", signer)?;
                object.set("call", call)?;
                object.set("input", Uint8Array::from(input))?;
                object.set("algorithm", algorithm.as_str())?;
            }
            Letter::ForgetSigner { signer } => object.set("forgottenSigner", signer)?,
            Letter::Looked { ticket, trouble } => {
                object.set("lookedFor", ticket)?;
                object.set("trouble", trouble.map(NativeWarning::from))?;
            }
            Letter::Diagnosed { ticket, result } => {
                object.set("diagnosed", ticket)?;
                object.set("diagnosis", Outcome(result.map(NativeDiagnosis::from)))?;
            }
            Letter::Event(event) => object.set("event", NativeTokenRequestEvent::from(event))?,
        }
        Ok(object.raw())
    }
}
