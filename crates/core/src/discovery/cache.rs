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
        match entries.get(&identity) {
            Some(Entry::Asking { flight, .. }) => return flight.clone(),
            Some(Entry::Known(metadata)) if !Now::read().has_reached(metadata.stale_at) => {
                return settled(Ok(metadata.clone()));
            }
            Some(Entry::Failed { error, until })
                if !request.failure_stands.is_zero() && !Now::read().has_reached(*until) =>
            {
                return settled(Err(error.clone().remembered()));
            }
            _ => {}
        }
        make_room(&mut entries);
        let id = next_id();
        let flight = launch(async move {
            let found = without_panic(request.discover()).await.map(Arc::new);
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
