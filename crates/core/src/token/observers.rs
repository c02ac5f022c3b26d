//! Who hears of a source's token requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::TokenRequest;
use crate::error::{Error, ErrorCode, TransportError};
use crate::events::{Observer, TokenRequestEvent, TokenRequestPhase};
use crate::hook::TokenRequestReason;

/// Each at most once, for as long as it lives: there is one for each JavaScript thread.
#[derive(Default)]
pub(super) struct Observers(Mutex<Vec<Weak<dyn Observer>>>);

/// An attempt whose end somebody wants to hear of: also when it is given up at the deadline.
pub(super) struct Observed {
    /// Who has heard of the start, and so hears of the end.
    told: Vec<Weak<dyn Observer>>,
    event: TokenRequestEvent,
    began: Instant,
    ended: bool,
}

impl Observed {
    pub(super) fn ended(mut self, error: Option<&Error>) {
        self.tell(error);
    }

    fn tell(&mut self, error: Option<&Error>) {
        self.ended = true;
        let took = self.began.elapsed();
        self.event.phase = match error {
            None => TokenRequestPhase::Succeeded { took },
            Some(error) => TokenRequestPhase::Failed { took, error: error.clone() },
        };
        for observer in self.told.iter().filter_map(Weak::upgrade) {
            observer.token_request(&self.event);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !self.ended {
            let url = self.event.token_endpoint.clone();
            let reason = "given up without an answer".to_owned();
            let hint = Some("the deadline is retry.deadlineMs".to_owned());
            let code = ErrorCode::Timeout;
            let given_up = TransportError { code, url, reason, hint, stale_connection: false };
            self.tell(Some(&given_up.into()));
        }
    }
}

impl Observers {
    pub(super) fn attach(&self, observer: &Arc<dyn Observer>) {
        let observer = Arc::downgrade(observer);
        let mut all = self.lock();
        if !all.iter().any(|other| other.ptr_eq(&observer)) {
            all.retain(|other| other.strong_count() > 0);
            all.push(observer);
        }
    }

    pub(super) fn started(
        &self,
        request: &TokenRequest,
        reason: TokenRequestReason,
        attempt: u32,
    ) -> Option<Observed> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let listening = self.listening();
        if listening.is_empty() {
            return None;
        }
        let event = TokenRequestEvent {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            client_id: request.client_id.to_string(),
            token_endpoint: request.endpoint.display(),
            reason,
            attempt,
            phase: TokenRequestPhase::Started,
        };
        for observer in &listening {
            observer.token_request(&event);
        }
        let told = listening.iter().map(Arc::downgrade).collect();
        Some(Observed { told, event, began: Instant::now(), ended: false })
    }

    /// Told without the lock.
    fn listening(&self) -> Vec<Arc<dyn Observer>> {
        let alive = |observer: &Weak<dyn Observer>| observer.upgrade();
        self.lock().iter().filter_map(alive).filter(|observer| observer.is_listening()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn Observer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
