//! The pre-token hook: asked on the JavaScript thread, and what it returns, of any value at all.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::{FromNapiValue, Object, TypeName, ValidateNapiValue, ValueType};
use napi::{Result, sys};
use napi_derive::napi;
use smart_m2m_core::{HookFailure, PreTokenContext, PreTokenHook, Secret, SuppliedToken};

use crate::calls::Reply;
use crate::fields::is_given;
use crate::mailbox::Post;

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

/// The hooks of whoever has this ticket, asked by letter: no function leaves its thread.
pub(crate) struct MailedHook {
    post: Arc<Post>,
    ticket: u32,
}

impl MailedHook {
    pub(crate) fn new(post: Arc<Post>, ticket: u32) -> Self {
        Self { post, ticket }
    }
}

impl PreTokenHook for MailedHook {
    fn before_token_request(
        &self,
        context: PreTokenContext,
    ) -> BoxFuture<'static, std::result::Result<Option<SuppliedToken>, HookFailure>> {
        let context = NativePreTokenContext {
            client_id: context.client_id,
            scope: context.scope,
            fhir_base_url: context.fhir_base_url,
            reason: context.reason.as_str().to_owned(),
        };
        let mut question = self.post.ask_hook(self.ticket, context);
        async move {
            match question.reply().await {
                Some(Reply::Returned(supplied)) => supplied.into(),
                // What it threw stays in JavaScript, where it becomes the error's `cause`.
                Some(Reply::Threw) => Err(HookFailure {
                    reason: "threw; see the error's cause, which is what it threw".to_owned(),
                    call: Some(question.call()),
                }),
                None => Err("could not be called: its thread has ended".to_owned().into()),
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

impl From<Supplied> for std::result::Result<Option<SuppliedToken>, HookFailure> {
    fn from(supplied: Supplied) -> Self {
        match supplied {
            Supplied::Nothing => Ok(None),
            Supplied::Token { access_token, expires_in } => {
                Ok(Some(SuppliedToken { access_token, expires_in }))
            }
            Supplied::Unusable(what) => Err(format!(
                "returned {what}; expected a token, {{ accessToken, expiresIn }}, null or undefined"
            )
            .into()),
        }
    }
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
        let given = is_given(object, "accessToken").unwrap_or(false);
        let Some(access_token) = object.get("accessToken").ok().flatten().filter(|_| given) else {
            return Self::Unusable("an object without a string accessToken");
        };
        if !is_given(object, "expiresIn").unwrap_or(false) {
            return Self::Token { access_token: Secret::new(access_token), expires_in: None };
        }
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
