//! The end of an interceptor, for those who wait.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Closed once, for ever.
#[derive(Default)]
pub(super) struct Closing {
    closed: AtomicBool,
    notify: Notify,
}

impl Closing {
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.notify.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Returns once it is closed.
    pub(super) async fn closed(&self) {
        let notified = self.notify.notified();
        // Created before the look: `notify_waiters` reaches it from here on.
        if !self.is_closed() {
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_and_whoever_comes_later_learns_of_the_end() {
        let closing = Closing::default();
        let mut waiting = Box::pin(closing.closed());
        assert!((&mut waiting).now_or_never().is_none());
        closing.close();
        waiting.await;
        closing.closed().await;
        assert!(closing.is_closed());
    }
}
