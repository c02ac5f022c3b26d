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
