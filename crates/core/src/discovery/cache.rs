//! One discovery at a time for each server, and its result for as long as it is fresh (SD-11).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DiscoveryRequest, Metadata};
use crate::clock::Now;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::runtime::{Flight, launch, settled, without_panic};

/// One process talks to far fewer servers; a caller that makes up base URLs must not fill the memory.
const MAX_SERVERS: usize = 4096;

/// The process's discovery results. A failure that can pass is not kept: the next caller asks again.
#[derive(Default)]
pub(crate) struct DiscoveryCache(Mutex<HashMap<Fingerprint, Entry>>);

enum Entry {
    Asking { flight: Flight<Arc<Metadata>>, id: u64 },
    Known(Arc<Metadata>),
    Failed { error: Error, until: Now },
}

/// Tells one flight from the next for the same server.
fn next_id() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl DiscoveryCache {
    /// The known result, the flight that is under way, or a new one.
    pub(crate) fn get(&'static self, request: DiscoveryRequest) -> Flight<Arc<Metadata>> {
        let identity = request.identity();
        let mut entries = self.lock();
        let now = Now::read();
        let before = match entries.get(&identity) {
            Some(Entry::Asking { flight, .. }) => return flight.clone(),
            Some(Entry::Known(metadata)) if !now.has_reached(metadata.stale_at) => {
                return settled(Ok(metadata.clone()));
            }
            Some(Entry::Known(metadata)) => {
                Some(metadata.clone()).filter(|metadata| !now.has_reached(metadata.usable_until))
            }
            Some(Entry::Failed { error, until })
                if !request.failure_stands.is_zero() && !now.has_reached(*until) =>
            {
                return settled(Err(error.clone().remembered()));
            }
            _ => None,
        };
        make_room(&mut entries);
        let id = next_id();
        let flight = launch(async move {
            let found = match (without_panic(request.discover(before.is_some())).await, before) {
                (Err(error), Some(before)) if error.is_transient() => {
                    Ok(before.in_spite_of(&error))
                }
                (found, _) => found,
            };
            let found = found.map(Arc::new);
            let mut entries = self.lock();
            // Forgotten or replaced meanwhile: then this result is for its waiting callers only.
            let current = matches!(entries.get(&identity), Some(Entry::Asking { id: asking, .. }) if *asking == id);
            if current {
                match &found {
                    Ok(metadata) => {
                        entries.insert(identity, Entry::Known(metadata.clone()));
                    }
                    Err(error) if !error.is_transient() && !request.failure_stands.is_zero() => {
                        let until = Now::read().plus(request.failure_stands);
                        entries.insert(identity, Entry::Failed { error: error.clone(), until });
                    }
                    Err(_) => drop(entries.remove(&identity)),
                }
            }
            found
        });
        entries.insert(identity, Entry::Asking { flight: flight.clone(), id });
        flight
    }

    /// The token endpoint is gone: the server may have moved.
    pub(crate) fn forget(&self, request: &DiscoveryRequest) {
        self.lock().remove(&request.identity());
    }

    /// What it says was refused: it is asked for again soon, in case it is put right, instead of at
    /// the end of its time.
    pub(crate) fn doubt(&self, request: &DiscoveryRequest, refused: &Arc<Metadata>) {
        if let Some(Entry::Known(known)) = self.lock().get_mut(&request.identity())
            && Arc::ptr_eq(known, refused)
        {
            let soon = Now::read().plus(request.failure_stands);
            let stale_at = known.stale_at.or_earlier(soon);
            *known = Arc::new(Metadata { stale_at, ..(**known).clone() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<Fingerprint, Entry>) {
    if entries.len() < MAX_SERVERS {
        return;
    }
    let now = Now::read();
    entries.retain(|_, entry| match entry {
        Entry::Asking { .. } => true,
        Entry::Known(metadata) => !now.has_reached(metadata.stale_at),
        Entry::Failed { until, .. } => !now.has_reached(*until),
    });
    if entries.len() >= MAX_SERVERS
        && let Some(any) = entries.keys().next().copied()
    {
        entries.remove(&any);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::sample::{read, request};
    use super::*;
    use crate::error::ErrorCode;

    /// A cache that knows a result for a server that nobody can reach.
    fn cache(age: Duration) -> (&'static DiscoveryCache, DiscoveryRequest) {
        let mut request = request("https://localhost:1/fhir", false);
        request.ttl = Some(Duration::ZERO);
        let mut metadata = read(&request, &json!({ "token_endpoint": "token" })).unwrap();
        let end = Now::read().plus(super::super::STALE_IF_ERROR);
        let left = super::super::STALE_IF_ERROR.saturating_sub(age);
        metadata.usable_until = Now::read().plus(left).or_earlier(end);
        let cache: &'static DiscoveryCache = Box::leak(Box::default());
        cache.lock().insert(request.identity(), Entry::Known(Arc::new(metadata)));
        (cache, request)
    }

    #[tokio::test]
    async fn a_result_is_used_past_its_time_while_the_server_is_away_and_asked_for_again_later() {
        let (cache, request) = cache(Duration::from_secs(3600));
        let metadata = cache.get(request.clone()).await.unwrap();
        assert!(metadata.trouble.as_ref().unwrap().contains("stays in use"));
        let pause = Now::read().until(metadata.stale_at).as_secs();
        assert!((25..=30).contains(&pause), "{pause}");
        // Not asked again before that.
        assert!(Arc::ptr_eq(&cache.get(request).await.unwrap(), &metadata));
    }

    #[tokio::test]
    async fn after_a_day_there_is_no_result_any_more() {
        let (cache, request) = cache(Duration::from_secs(24 * 3600));
        assert_eq!(cache.get(request).await.unwrap_err().code(), ErrorCode::Network);
    }

    #[tokio::test]
    async fn a_result_that_was_forgotten_does_not_come_back() {
        let (cache, request) = cache(Duration::from_secs(3600));
        cache.forget(&request);
        assert!(cache.get(request).await.is_err());
    }

    #[tokio::test]
    async fn a_refused_result_is_asked_for_again_soon() {
        let (cache, mut request) = cache(Duration::ZERO);
        request.ttl = Some(Duration::from_secs(3600));
        let metadata = Arc::new(read(&request, &json!({ "token_endpoint": "token" })).unwrap());
        cache.lock().insert(request.identity(), Entry::Known(metadata.clone()));
        cache.doubt(&request, &metadata);
        let doubted = cache.get(request.clone()).await.unwrap();
        let soon = Now::read().until(doubted.stale_at);
        assert!(soon <= Duration::from_secs(1), "{soon:?}");
        // Refusing it again puts nothing off.
        cache.doubt(&request, &doubted);
        assert!(Now::read().until(cache.get(request).await.unwrap().stale_at) <= soon);
    }
}
