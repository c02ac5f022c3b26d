//! Results as plain data: `{ value }` or `{ error }`; warnings.

use napi::bindgen_prelude::{Env, JsValue as _, Null, Object, ToNapiValue};
use napi::{Result, sys};
use napi_derive::napi;
use smart_m2m_core::{Error, Problem, Warning};

/// What `lib/` makes a `ClientAuthError` from.
#[napi(object)]
pub struct NativeError {
    pub code: String,
    pub message: String,
    pub transient: bool,
    pub url: Option<String>,
    pub status: Option<u32>,
    pub oauth: Option<NativeOAuthError>,
    pub retry_after_ms: Option<f64>,
    pub attempts: Option<u32>,
    pub problems: Option<Vec<NativeProblem>>,
    /// The call of the hook or signer that threw: what it threw is in JavaScript.
    pub failed_call: Option<u32>,
}

/// RFC 6749 §5.2.
#[napi(object)]
pub struct NativeOAuthError {
    pub error: String,
    pub error_description: Option<String>,
    pub error_uri: Option<String>,
}

/// One of several.
#[napi(object)]
pub struct NativeProblem {
    pub code: String,
    pub message: String,
}

impl From<&Error> for NativeError {
    fn from(error: &Error) -> Self {
        let problems: Vec<_> = error.problems().iter().map(NativeProblem::from).collect();
        Self {
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
            transient: error.is_transient(),
            url: error.url().map(str::to_owned),
            status: error.status().map(u32::from),
            oauth: error.oauth().map(|oauth| NativeOAuthError {
                error: oauth.error.clone(),
                error_description: oauth.description.clone(),
                error_uri: oauth.uri.clone(),
            }),
            retry_after_ms: error.retry_after().map(|wait| wait.as_secs_f64() * 1000.0),
            attempts: error.attempts(),
            problems: Some(problems).filter(|problems| !problems.is_empty()),
            failed_call: error.failed_call(),
        }
    }
}

impl From<&Problem> for NativeProblem {
    fn from(problem: &Problem) -> Self {
        Self { code: problem.code.as_str().to_owned(), message: problem.message.clone() }
    }
}

/// A warning on its way to the diagnostics channel.
#[napi(object)]
pub struct NativeWarning {
    pub code: String,
    pub message: String,
}

impl From<Warning> for NativeWarning {
    fn from(warning: Warning) -> Self {
        Self { code: warning.code.to_owned(), message: warning.message }
    }
}

/// `{ value: T } | { error: NativeError }` in JavaScript.
pub struct Outcome<T>(pub std::result::Result<T, Error>);

/// A success without a value.
pub const DONE: Null = Null;

impl<T: ToNapiValue> ToNapiValue for Outcome<T> {
    // SAFETY: napi calls it with a live environment.
    unsafe fn to_napi_value(env: sys::napi_env, outcome: Self) -> Result<sys::napi_value> {
        let mut object = Object::new(&Env::from_raw(env))?;
        match outcome.0 {
            Ok(value) => object.set("value", value)?,
            Err(error) => object.set("error", NativeError::from(&error))?,
        }
        Ok(object.raw())
    }
}
