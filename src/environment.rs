//! `Environment`: what one JavaScript thread, more exactly one copy of `lib/` on it, has of the core.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::{Function, Unknown};
use napi::{Env, Error, Result};
use napi_derive::napi;
use slab::Slab;
use smart_m2m_core::{ClientAuthInterceptor, ClientAuthParams, Engine, Keystore, Observer};

use crate::hook::Supplied;
use crate::letter::NativeLetter;
use crate::mailbox::{Mailbox, Post};
use crate::outcome::Outcome;
use crate::settings::Settings;
use crate::signer::Signature;

/// Its interceptors, by number, and its mailbox. A native object for each interceptor would cost
/// the garbage collector more than all the rest of it: with 100,000 alive, half of the time.
#[napi]
pub struct Environment {
    pub(crate) interceptors: RefCell<Slab<ClientAuthInterceptor>>,
    mailbox: Mailbox,
    /// Keystores that are served over HTTP, by name: without a client, nobody else may have one of the
    /// folder, and each request would read it anew.
    pub(crate) served: RefCell<HashMap<String, Arc<Keystore>>>,
}

#[napi]
impl Environment {
    /// `deliver` is called with all letters that have come together.
    #[napi(constructor, catch_unwind, ts_args_type = "deliver: (letters: NativeLetter[]) => void")]
    pub fn new(deliver: Function<'_, Vec<NativeLetter>, Unknown<'static>>) -> Result<Self> {
        let (interceptors, served) = (RefCell::default(), RefCell::default());
        Ok(Self { interceptors, mailbox: Mailbox::new(&deliver)?, served })
    }

    /// Validates, reads the keystore, takes a snapshot. No network. The new interceptor's number.
    #[napi(catch_unwind, ts_return_type = "Outcome<number>")]
    pub fn create_interceptor(&self, settings: &Settings) -> Outcome<u32> {
        let engine = Engine::process();
        let observer = self.mailbox.post().clone() as Arc<dyn Observer>;
        let created = ClientAuthParams::validate(&settings.options(), &engine.keystores)
            .map(|params| ClientAuthInterceptor::new(engine, params, Some(observer)));
        let mut interceptors = self.interceptors.borrow_mut();
        Outcome(created.map(|interceptor| number(interceptors.insert(interceptor))))
    }

    /// Nobody has this number any more.
    #[napi(catch_unwind)]
    pub fn forget_interceptor(&self, interceptor: u32) {
        drop(self.interceptors.borrow_mut().try_remove(interceptor as usize));
    }

    /// Somebody waits: the process stays alive for it.
    #[napi(catch_unwind)]
    pub fn hold(&self, env: Env) -> Result<()> {
        self.mailbox.hold(env)
    }

    /// Nobody waits any more.
    #[napi(catch_unwind)]
    pub fn release(&self, env: Env) -> Result<()> {
        self.mailbox.release(env)
    }

    /// Whether events are wanted.
    #[napi(catch_unwind)]
    pub fn listen(&self, listening: bool) {
        self.mailbox.post().listen(listening);
    }

    /// What the hook returned.
    #[napi(catch_unwind, ts_args_type = "call: number, supplied: unknown")]
    pub fn answer_hook(&self, call: u32, supplied: Supplied) {
        self.mailbox.post().hook_returned(call, supplied);
    }

    /// What the signer returned.
    #[napi(catch_unwind, ts_args_type = "call: number, signature: unknown")]
    pub fn answer_signer(&self, call: u32, signature: Signature) {
        self.mailbox.post().signer_returned(call, signature);
    }

    /// The hook or the signer threw; what, stays in JavaScript.
    #[napi(catch_unwind)]
    pub fn fail_call(&self, call: u32) {
        self.mailbox.post().threw(call);
    }
}

impl Environment {
    pub(crate) fn post(&self) -> &Arc<Post> {
        self.mailbox.post()
    }

    /// A clone, so that nothing is borrowed while the core works.
    pub(crate) fn interceptor(&self, number: u32) -> Result<ClientAuthInterceptor> {
        let interceptors = self.interceptors.borrow();
        let found = interceptors.get(number as usize).cloned();
        found.ok_or_else(|| Error::from_reason("there is no interceptor of this number"))
    }
}

fn number(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
