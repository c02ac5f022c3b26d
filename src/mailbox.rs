//! What the core has for one JavaScript thread: outcomes, hooks and signers to ask, events. One queue and one
//! crossing for all that has come together, instead of one for each promise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{Function, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, sys};
use smart_m2m_core::{Observer, SigningAlgorithm, TokenRequestEvent, TokenRequestPhase};

use crate::calls::{Calls, Question, Reply};
use crate::hook::{NativePreTokenContext, Supplied};
use crate::letter::{Letter, NativeLetter};
use crate::signer::Signature;

/// While so many wait, no further token request is told of: a thread that does not read must not
/// fill the memory. The ends of those it was told of still come.
const MOST_EVENTS: usize = 1024;

/// Weak: on its own it does not keep the process alive.
type Wake = ThreadsafeFunction<(), Unknown<'static>, Vec<NativeLetter>, Status, false, true>;

/// The thread's end.
pub(crate) struct Mailbox {
    post: Arc<Post>,
}

/// The core's end.
pub(crate) struct Post {
    letters: Arc<Letters>,
    wake: Wake,
    listening: AtomicBool,
    hooks: Arc<Calls<Supplied>>,
    signers: Arc<Calls<Signature>>,
}

#[derive(Default)]
struct Letters {
    waiting: Mutex<Vec<Letter>>,
    closed: AtomicBool,
}

impl Mailbox {
    pub(crate) fn new(deliver: &Function<'_, Vec<NativeLetter>, Unknown<'static>>) -> Result<Self> {
        let letters = Arc::<Letters>::default();
        let (hooks, signers) = (Arc::default(), Arc::<Calls<Signature>>::default());
        let (drained, asked) = (letters.clone(), signers.clone());
        let wake = deliver
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                // A signature that nobody waits for any more may cost money all the same.
                let is_wanted = |letter: &Letter| match letter {
                    Letter::Sign { call, .. } => asked.is_open(*call),
                    _ => true,
                };
                let letters = drained.take().into_iter().filter(is_wanted);
                Ok(letters.map(NativeLetter::from).collect())
            })?;
        let listening = AtomicBool::new(false);
        Ok(Self { post: Arc::new(Post { letters, wake, listening, hooks, signers }) })
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
    /// The thread has ended: what it was asked will not be answered.
    fn drop(&mut self) {
        self.post.letters.closed.store(true, Ordering::Relaxed);
        // Outside the lock: a letter that goes may end a signer, which posts another.
        drop(self.post.letters.take());
        self.post.hooks.abandon();
        self.post.signers.abandon();
    }
}

impl Post {
    pub(crate) fn send(&self, letter: Letter) {
        if self.letters.put(letter) {
            // A thread that is ending takes nothing; then the letters end with it.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Asks the thread's hook; no answer comes once the thread has ended.
    pub(crate) fn ask_hook(
        &self,
        ticket: u32,
        context: NativePreTokenContext,
    ) -> Question<Supplied> {
        let question = self.hooks.open();
        self.send(Letter::Hook { ticket, call: question.call(), context });
        self.unless_closed(&self.hooks);
        question
    }

    /// Asks a signer of the thread.
    pub(crate) fn ask_signer(
        &self,
        signer: u32,
        input: Vec<u8>,
        algorithm: SigningAlgorithm,
    ) -> Question<Signature> {
        let question = self.signers.open();
        self.send(Letter::Sign { signer, call: question.call(), input, algorithm });
        self.unless_closed(&self.signers);
        question
    }

    /// A thread that ended a moment ago answers nothing: no question may be left open.
    fn unless_closed<T>(&self, calls: &Calls<T>) {
        if self.letters.closed.load(Ordering::Relaxed) {
            calls.abandon();
        }
    }

    /// Whether events are wanted.
    pub(crate) fn listen(&self, listening: bool) {
        self.listening.store(listening, Ordering::Relaxed);
    }

    pub(crate) fn hook_returned(&self, call: u32, supplied: Supplied) {
        self.hooks.answer(call, Reply::Returned(supplied));
    }

    pub(crate) fn signer_returned(&self, call: u32, signature: Signature) {
        self.signers.answer(call, Reply::Returned(signature));
    }

    /// A hook or a signer.
    pub(crate) fn threw(&self, call: u32) {
        if !self.hooks.answer(call, Reply::Threw) {
            self.signers.answer(call, Reply::Threw);
        }
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
