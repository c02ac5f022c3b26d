//! The pre-token hook: a JavaScript function lent to the core for one call.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::{
    FromNapiValue, Function, Object, Promise, TypeName, ValidateNapiValue, ValueType,
};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Result, Status, sys};
use napi_derive::napi;
use smart_m2m_core::{PreTokenContext, PreTokenHook, Secret, SuppliedToken};

/// `PreTokenContext` without the signal, which is the face's.
#[napi(object, use_nullable = true)]
pub struct NativePreTokenContext {
    /// The client's id.
    pub client_id: String,
    /// The scopes about to be asked for.
    pub scope: Option<String>,
    /// The FHIR server of the request at hand.
    pub fhir_base_url: Option<String>,
    /// Why now.
    #[napi(ts_type = "'initial' | 'expiring' | 'rejected'")]
    pub reason: String,
}

/// Weak, so that it never keeps the process alive; bounded, because it is called once.
type LentFunction = ThreadsafeFunction<
    NativePreTokenContext,
    Promise<Supplied>,
    NativePreTokenContext,
    Status,
    false,
    true,
    1,
>;

/// Keeps the function for as long as the call needs it.
pub(crate) struct LentHook(Arc<LentFunction>);

impl LentHook {
    pub(crate) fn new(
        function: &Function<'_, NativePreTokenContext, Promise<Supplied>>,
    ) -> Result<Self> {
        let lent = function
            .build_threadsafe_function::<NativePreTokenContext>()
            .callee_handled::<false>()
            .weak::<true>()
            .max_queue_size::<1>()
            .build()?;
        Ok(Self(Arc::new(lent)))
    }
}

impl PreTokenHook for LentHook {
    fn before_token_request(
        &self,
        context: PreTokenContext,
    ) -> BoxFuture<'static, std::result::Result<Option<SuppliedToken>, String>> {
        let function = self.0.clone();
        let context = NativePreTokenContext {
            client_id: context.client_id,
            scope: context.scope,
            fhir_base_url: context.fhir_base_url,
            reason: context.reason.as_str().to_owned(),
        };
        async move {
            // The face wraps the hooks in an async function: what fails here is the thread itself.
            let promise = function
                .call_async_catch(context)
                .await
                .map_err(|_| "could not be called: its thread has ended".to_owned())?;
            match promise.await {
                Ok(Supplied::Nothing) => Ok(None),
                Ok(Supplied::Token { access_token, expires_in }) => {
                    Ok(Some(SuppliedToken { access_token, expires_in }))
                }
                Ok(Supplied::Unusable(what)) => Err(format!(
                    "returned {what}; expected a token, {{ accessToken, expiresIn }}, null or undefined"
                )),
                // What it threw stays in JavaScript, where it becomes the error's `cause`.
                Err(_) => Err("threw; the error's cause is what it threw".to_owned()),
            }
        }
        .boxed()
    }
}

/// `SuppliedToken`, of any value at all.
pub enum Supplied {
    Nothing,
    Token { access_token: Secret, expires_in: Option<f64> },
    Unusable(&'static str),
}

impl TypeName for Supplied {
    fn type_name() -> &'static str {
        "SuppliedToken"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

/// Any value passes: an unusable one is an outcome, not an exception.
impl ValidateNapiValue for Supplied {}

impl FromNapiValue for Supplied {
    // SAFETY: napi calls it with a live environment and a value of it.
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: `env` and `value` are those that N-API hands to this conversion.
        Ok(match unsafe { kind_of(env, value)? } {
            ValueType::Undefined | ValueType::Null => Self::Nothing,
            ValueType::String => {
                // SAFETY: as above, and it is a string.
                let token = unsafe { String::from_napi_value(env, value)? };
                Self::Token { access_token: Secret::new(token), expires_in: None }
            }
            ValueType::Object => {
                // SAFETY: as above, and it is an object.
                let object = unsafe { Object::from_napi_value(env, value)? };
                Self::from_object(&object)
            }
            _ => Self::Unusable("a value of the wrong type"),
        })
    }
}

impl Supplied {
    /// A getter that throws counts as a member of the wrong type.
    fn from_object(object: &Object<'_>) -> Self {
        let Ok(Some(access_token)) = object.get::<String>("accessToken") else {
            return Self::Unusable("an object without a string accessToken");
        };
        match object.get::<Option<f64>>("expiresIn") {
            Ok(expires_in) => Self::Token {
                access_token: Secret::new(access_token),
                expires_in: expires_in.flatten(),
            },
            Err(_) => Self::Unusable("an expiresIn that is no number of seconds"),
        }
    }
}

// SAFETY: callers hand over a live environment and a value of it.
unsafe fn kind_of(env: sys::napi_env, value: sys::napi_value) -> Result<ValueType> {
    let mut kind = -1;
    // SAFETY: the caller's promise; `kind` outlives the call.
    let status = unsafe { sys::napi_typeof(env, value, &raw mut kind) };
    napi::check_status!(status)?;
    Ok(ValueType::from(kind))
}
