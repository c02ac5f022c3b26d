//! The process's token sources: one for each identity, for as long as somebody holds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::source::TokenSource;
use crate::fingerprint::Fingerprint;

/// Holds nothing alive itself: what no interceptor uses goes away with its token.
#[derive(Default)]
pub(crate) struct SourceCache(Mutex<HashMap<Fingerprint, Weak<TokenSource>>>);

impl SourceCache {
    /// The source of this identity; made, if there is none.
    pub(crate) fn get(
        &self,
        identity: Fingerprint,
        make: impl FnOnce() -> TokenSource,
    ) -> Arc<TokenSource> {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(&identity).and_then(Weak::upgrade) {
            return source;
        }
        // Only when the table would grow, so that the cost is spread over as many insertions.
        if sources.len() == sources.capacity() {
            sources.retain(|_, source| source.strong_count() > 0);
        }
        let source = Arc::new(make());
        sources.insert(identity, Arc::downgrade(&source));
        source
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::fingerprint::Fingerprinter;
    use crate::token::RenewalPolicy;
    use crate::token::source::scripted::{Script, timer};

    fn identity(number: usize) -> Fingerprint {
        let mut fields = Fingerprinter::new("test");
        fields.field(&number.to_be_bytes());
        fields.finish()
    }

    fn make() -> TokenSource {
        Script::new([]).source(RenewalPolicy::PLAIN, timer())
    }

    #[test]
    fn one_identity_has_one_source_for_as_long_as_somebody_holds_it() {
        let cache = SourceCache::default();
        let source = cache.get(identity(1), make);
        assert!(Arc::ptr_eq(&source, &cache.get(identity(1), make)));
        assert!(!Arc::ptr_eq(&source, &cache.get(identity(2), make)));
        let gone = Arc::downgrade(&source);
        drop(source);
        assert_eq!(gone.strong_count(), 0);
        assert!(!gone.ptr_eq(&Arc::downgrade(&cache.get(identity(1), make))));
    }

    #[test]
    fn threads_that_meet_at_an_identity_make_one_source() {
        let (cache, made, everybody) =
            (SourceCache::default(), AtomicUsize::new(0), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    everybody.wait();
                    let source = cache.get(identity(1), || {
                        made.fetch_add(1, Ordering::Relaxed);
                        make()
                    });
                    // Nobody lets go before everybody has it.
                    everybody.wait();
                    drop(source);
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }

    #[test]
    fn what_has_gone_does_not_fill_the_table() {
        let cache = SourceCache::default();
        let kept: Vec<_> = (0..50).map(|number| cache.get(identity(number), make)).collect();
        for number in 50..5000 {
            drop(cache.get(identity(number), make));
        }
        assert!(cache.0.lock().unwrap().len() <= 4 * kept.len());
        for (number, source) in kept.iter().enumerate() {
            assert!(Arc::ptr_eq(source, &cache.get(identity(number), make)));
        }
    }
}
