//! One timer for all sources: it wakes each at its renewal point and at its token's end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::source::TokenSource;
use crate::runtime;

/// Who is to be woken when. An entry a source: 100,000 sleeping tasks would cost a few times as much.
#[derive(Default)]
pub(crate) struct Timer {
    entries: Mutex<BTreeMap<(Instant, u64), Weak<TokenSource>>>,
    earlier: Notify,
    started: OnceLock<()>,
}

impl Timer {
    /// Moves the source's entry from one moment to another; `None`: no entry.
    pub(super) fn set(
        &'static self,
        source: &Arc<TokenSource>,
        id: u64,
        from: Option<Instant>,
        to: Option<Instant>,
    ) {
        let mut entries = self.lock();
        if let Some(from) = from {
            entries.remove(&(from, id));
        }
        let Some(to) = to else { return };
        entries.insert((to, id), Arc::downgrade(source));
        let first = entries.first_key_value().is_some_and(|(key, _)| *key == (to, id));
        drop(entries);
        if first {
            self.earlier.notify_one();
        }
        // A source has an entry once it has asked: there is a runtime by then.
        self.started.get_or_init(|| drop(runtime::spawn(self.run())));
    }

    pub(super) fn remove(&self, id: u64, at: Instant) {
        self.lock().remove(&(at, id));
    }

    async fn run(&'static self) {
        loop {
            match self.next() {
                Some(at) => tokio::select! {
                    () = sleep_until(at.into()) => self.wake_due(),
                    () = self.earlier.notified() => {}
                },
                None => self.earlier.notified().await,
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        self.lock().first_key_value().map(|((at, _), _)| *at)
    }

    fn wake_due(&self) {
        let now = Instant::now();
        loop {
            // A source is woken without the lock: it sets its next entry itself.
            let ((at, _), due) = {
                let mut entries = self.lock();
                let Some(first) = entries.first_entry().filter(|first| first.key().0 <= now) else {
                    return;
                };
                first.remove_entry()
            };
            if let Some(source) = due.upgrade() {
                // A panic ends here: the timer is everybody's. That source has no entry any more.
                drop(catch_unwind(AssertUnwindSafe(|| source.wake(at))));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Weak<TokenSource>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::RenewalPolicy;
    use super::super::source::scripted::{Outcome, Script, timer, until};
    use super::super::source::{Obtained, TokenSource};
    use super::*;
    use crate::clock::Now;

    async fn holding(timer: &'static Timer, outcome: &Outcome) -> Arc<TokenSource> {
        let script = Script::new([outcome.clone()]);
        let source = Arc::new(script.source(RenewalPolicy::PLAIN, timer));
        let Obtained::Flight { flight, .. } = source.obtain(false, Now::read()) else {
            panic!("asked")
        };
        flight.await.unwrap();
        source
    }

    #[tokio::test]
    async fn a_source_has_one_entry_and_takes_it_along_when_it_goes() {
        let timer = timer();
        let kept = holding(timer, &Outcome::LASTING).await;
        for _ in 0..100 {
            drop(holding(timer, &Outcome::LASTING).await);
        }
        until("the others are gone", || timer.lock().len() == 1).await;
        kept.clear();
        assert!(timer.lock().is_empty());
    }

    #[tokio::test]
    async fn an_earlier_entry_is_not_kept_waiting_by_a_later_one() {
        let timer = timer();
        let later = holding(timer, &Outcome::LASTING).await;
        let _earlier = holding(timer, &Outcome::SHORT).await;
        until("the earlier one is wiped", || timer.lock().len() == 1).await;
        assert!(later.live(Now::read()).is_some());
    }

    #[tokio::test]
    async fn a_crowd_of_sources_is_woken_to_the_last_one() {
        let timer = timer();
        let mut sources = Vec::new();
        for _ in 0..300 {
            sources.push(holding(timer, &Outcome::SHORT).await);
        }
        until("all tokens are wiped", || timer.lock().is_empty()).await;
        assert!(sources.iter().all(|source| source.live(Now::read()).is_none()));
    }
}
