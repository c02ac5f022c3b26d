//! External signers: asked on the thread that registered them.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use napi::bindgen_prelude::{FromNapiValue, TypeName, Uint8Array, ValidateNapiValue, ValueType};
use napi::{Result, sys};
use smart_m2m_core::{ExternalSigner, SignerFailure, SigningAlgorithm};

use crate::calls::Reply;
use crate::letter::Letter;
use crate::mailbox::Post;

/// A `sign` function, by its number on its thread: no function leaves it.
pub(crate) struct MailedSigner {
    post: Arc<Post>,
    signer: u32,
}

impl MailedSigner {
    pub(crate) fn new(post: Arc<Post>, signer: u32) -> Self {
        Self { post, signer }
    }
}

impl Drop for MailedSigner {
    /// No keystore has it any more.
    fn drop(&mut self) {
        self.post.send(Letter::ForgetSigner { signer: self.signer });
    }
}

impl ExternalSigner for MailedSigner {
    fn sign(
        &self,
        signing_input: &[u8],
        algorithm: SigningAlgorithm,
    ) -> BoxFuture<'static, std::result::Result<Vec<u8>, SignerFailure>> {
        let mut question = self.post.ask_signer(self.signer, signing_input.to_vec(), algorithm);
        async move {
            let (reason, call, transient) = match question.reply().await {
                Some(Reply::Returned(Signature(Some(signature)))) => return Ok(signature),
                Some(Reply::Returned(Signature(None))) => {
                    ("returned no Uint8Array; expected the signature's bytes", None, false)
                }
                Some(Reply::Threw) => {
                    ("threw; what, is the error's cause on the thread that registered it", Some(question.call()), true)
                }
                None => (
                    "cannot be called: the thread that registered it has ended; register it on one that stays",
                    None,
                    false,
                ),
            };
            Err(SignerFailure { reason: reason.to_owned(), call, transient })
        }
        .boxed()
    }
}

/// What a signer returned: bytes, or anything else.
pub struct Signature(Option<Vec<u8>>);

impl TypeName for Signature {
    fn type_name() -> &'static str {
        "Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

/// Any value passes: an unusable one is an outcome, not an exception.
impl ValidateNapiValue for Signature {}

impl FromNapiValue for Signature {
    // SAFETY: napi calls it with a live environment and a value of it.
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: `env` and `value` are those that N-API hands to this conversion.
        let bytes = unsafe { Uint8Array::from_napi_value(env, value) };
        Ok(Self(bytes.ok().map(|bytes| bytes.to_vec())))
    }
}
