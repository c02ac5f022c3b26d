//! What the core has for one JavaScript thread: outcomes, hooks to ask, events. One queue and one
//! crossing for all that has come together, instead of one for each promise.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;
use napi::bindgen_prelude::{Function, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, sys};
use smart_m2m_core::{Observer, TokenRequestEvent, TokenRequestPhase};

use crate::hook::{HookAnswer, NativePreTokenContext, Supplied};
use crate::letter::{Letter, NativeLetter};

/// While so many wait, no further token request is told of: a thread that does not read must not
/// fill the memory. The ends of those it was told of still come.
const MOST_EVENTS: usize = 1024;

/// Weak: on its own it does not keep the process alive.
type Wake = ThreadsafeFunction<(), Unknown<'static>, Vec<NativeLetter>, Status, false, true>;

/// The thread's end.
pub(crate) struct Mailbox {
    post: Arc<Post>,
}

/// A hook that was asked. A hook that never answers is forgotten with the question.
pub(crate) struct HookQuestion {
    post: Arc<Post>,
    call: u32,
    answer: oneshot::Receiver<HookAnswer>,
}

impl HookQuestion {
    pub(crate) fn call(&self) -> u32 {
        self.call
    }

    pub(crate) fn answer(&mut self) -> &mut oneshot::Receiver<HookAnswer> {
        &mut self.answer
    }
}

impl Drop for HookQuestion {
    fn drop(&mut self) {
        self.post.hooks().remove(&self.call);
    }
}

/// The core's end.
pub(crate) struct Post {
    letters: Arc<Letters>,
    wake: Wake,
    listening: AtomicBool,
    hooks: Mutex<HashMap<u32, oneshot::Sender<HookAnswer>>>,
    calls: AtomicU32,
}

#[derive(Default)]
struct Letters {
    waiting: Mutex<Vec<Letter>>,
    closed: AtomicBool,
}

impl Mailbox {
    pub(crate) fn new(deliver: &Function<'_, Vec<NativeLetter>, Unknown<'static>>) -> Result<Self> {
        let letters = Arc::<Letters>::default();
        let drained = letters.clone();
        let wake = deliver
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                Ok(drained.take().into_iter().map(NativeLetter::from).collect())
            })?;
        let hooks = Mutex::default();
        let listening = AtomicBool::new(false);
        let calls = AtomicU32::new(0);
        Ok(Self { post: Arc::new(Post { letters, wake, listening, hooks, calls }) })
    }

    pub(crate) fn post(&self) -> &Arc<Post> {
        &self.post
    }

    /// The process stays alive.
    pub(crate) fn hold(&self, env: Env) -> Result<()> {
        // SAFETY: `env` is the live environment that made the function, which `post` keeps.
        napi::check_status!(unsafe {
            sys::napi_ref_threadsafe_function(env.raw(), self.post.wake.raw())
        })
    }

    /// The mailbox alone does not keep it alive.
    pub(crate) fn release(&self, env: Env) -> Result<()> {
        // SAFETY: as in `hold`.
        napi::check_status!(unsafe {
            sys::napi_unref_threadsafe_function(env.raw(), self.post.wake.raw())
        })
    }
}

impl Drop for Mailbox {
    /// The thread has ended: hooks that it was asked will not answer.
    fn drop(&mut self) {
        self.post.letters.closed.store(true, Ordering::Relaxed);
        self.post.letters.take();
        self.post.hooks().clear();
    }
}

impl Post {
    pub(crate) fn send(&self, letter: Letter) {
        if self.letters.put(letter) {
            // A thread that is ending takes nothing; then the letters end with it.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Asks the thread's hook; the answer is dropped with the thread.
    pub(crate) fn ask_hook(
        self: &Arc<Self>,
        ticket: u32,
        context: NativePreTokenContext,
    ) -> HookQuestion {
        let (sender, answer) = oneshot::channel();
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.letters.closed.load(Ordering::Relaxed) {
            self.hooks().insert(call, sender);
            self.send(Letter::Hook { ticket, call, context });
        }
        HookQuestion { post: self.clone(), call, answer }
    }

    /// Whether events are wanted.
    pub(crate) fn listen(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    pub(crate) fn hook_returned(&self, call: u32, supplied: Supplied) {
        self.answer(call, HookAnswer::Returned(supplied));
    }

    pub(crate) fn hook_threw(&self, call: u32) {
        self.answer(call, HookAnswer::Threw);
    }

    fn answer(&self, call: u32, answer: HookAnswer) {
        if let Some(waiting) = self.hooks().remove(&call) {
            // Nobody may wait any more: then the answer came too late.
            drop(waiting.send(answer));
        }
    }

    fn hooks(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<HookAnswer>>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Post {
    fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    fn token_request(&self, event: &TokenRequestEvent) -> bool {
        let starts = matches!(event.phase, TokenRequestPhase::Started);
        if starts && self.letters.has_many_events() {
            return false;
        }
        self.send(Letter::Event(event.clone()));
        true
    }
}

impl Letters {
    /// True if the thread has to be woken: no other letter was waiting.
    fn put(&self, letter: Letter) -> bool {
        let mut waiting = self.lock();
        if self.closed.load(Ordering::Relaxed) {
            return false;
        }
        waiting.push(letter);
        waiting.len() == 1
    }

    fn has_many_events(&self) -> bool {
        self.lock().iter().filter(|letter| letter.is_event()).take(MOST_EVENTS).count()
            == MOST_EVENTS
    }

    fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
