//! Questions to JavaScript: asked by letter, answered by number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

/// Of the whole process: an error that names its call may reach a thread that was never asked.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// How a call ended; what was thrown stays in JavaScript.
pub(crate) enum Reply<T> {
    Returned(T),
    Threw,
}

/// Calls of one kind that one thread has not answered yet.
pub(crate) struct Calls<T>(Mutex<HashMap<u32, oneshot::Sender<Reply<T>>>>);

/// A call that was made. One that is never answered is forgotten with the question.
pub(crate) struct Question<T> {
    calls: Arc<Calls<T>>,
    call: u32,
    reply: oneshot::Receiver<Reply<T>>,
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Calls<T> {
    /// A call to make.
    pub(crate) fn open(self: &Arc<Self>) -> Question<T> {
        let (sender, reply) = oneshot::channel();
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(call, sender);
        Question { calls: self.clone(), call, reply }
    }

    /// True if somebody asked.
    pub(crate) fn answer(&self, call: u32, reply: Reply<T>) -> bool {
        let waiting = self.lock().remove(&call);
        // Nobody may wait any more: then the answer came too late.
        waiting.map(|waiting| drop(waiting.send(reply))).is_some()
    }

    /// True while somebody waits for the answer.
    pub(crate) fn is_open(&self, call: u32) -> bool {
        self.lock().contains_key(&call)
    }

    /// None of them will be answered.
    pub(crate) fn abandon(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Reply<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Question<T> {
    pub(crate) fn call(&self) -> u32 {
        self.call
    }

    /// `None`: the thread has ended.
    pub(crate) async fn reply(&mut self) -> Option<Reply<T>> {
        (&mut self.reply).await.ok()
    }
}

impl<T> Drop for Question<T> {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.call);
    }
}
