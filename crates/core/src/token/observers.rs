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
    /// Who has taken the start, and so hears of the end.
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
            let (stale_connection, permanent) = (false, false);
            let given_up = TransportError { code, url, reason, hint, stale_connection, permanent };
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
            // Mostly the only one, in every one of many sources.
            all.reserve_exact(1);
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
        let taken = listening.iter().filter(|observer| observer.token_request(&event));
        let told = taken.map(Arc::downgrade).collect();
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::options::{ClientAuthOptions, HttpOptions, RetryOptions};
    use crate::secret::Secret;
    use crate::server_url::ServerUrl;
    use crate::{ClientAuthInterceptor, ClientAuthParams, Engine};

    #[derive(Default)]
    struct Diary {
        is_deaf: AtomicBool,
        entries: Mutex<Vec<(u64, u32, &'static str)>>,
    }

    impl Observer for Diary {
        fn is_listening(&self) -> bool {
            !self.is_deaf.load(Ordering::Relaxed)
        }

        fn token_request(&self, event: &TokenRequestEvent) -> bool {
            let phase = match &event.phase {
                TokenRequestPhase::Started => "start",
                TokenRequestPhase::Succeeded { .. } => "token",
                TokenRequestPhase::Failed { error, .. } => error.code().as_str(),
            };
            self.entries.lock().unwrap().push((event.id, event.attempt, phase));
            true
        }
    }

    impl Diary {
        fn phases(&self) -> Vec<&'static str> {
            self.entries.lock().unwrap().iter().map(|(_, _, phase)| *phase).collect()
        }
    }

    fn attached(observers: &Observers) -> (Arc<Diary>, Arc<dyn Observer>) {
        let diary = Arc::new(Diary::default());
        let observer: Arc<dyn Observer> = diary.clone();
        observers.attach(&observer);
        (diary, observer)
    }

    fn start(observers: &Observers) -> Option<Observed> {
        let request = TokenRequest {
            endpoint: ServerUrl::parse("url", "https://h/token?key=hidden").unwrap(),
            ..TokenRequest::of_client("client", "the-secret", None)
        };
        observers.started(&request, TokenRequestReason::Initial, 1)
    }

    #[test]
    fn each_observer_hears_the_start_and_the_end_once_however_often_it_is_attached() {
        let observers = Observers::default();
        let (first, again) = attached(&observers);
        let (second, _kept) = attached(&observers);
        observers.attach(&again);
        start(&observers).unwrap().ended(None);
        start(&observers).unwrap().ended(Some(&Error::Closed));
        assert_eq!(first.phases(), ["start", "token", "start", "ERR_CLOSED"]);
        assert_eq!(second.phases(), first.phases());
        let ids: Vec<_> = first.entries.lock().unwrap().iter().map(|(id, ..)| *id).collect();
        assert!(ids[0] == ids[1] && ids[1] != ids[2] && ids[2] == ids[3]);
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let observers = Observers::default();
        for _ in 0..100 {
            attached(&observers);
        }
        let (diary, _kept) = attached(&observers);
        assert_eq!(observers.lock().len(), 1);
        let leaving = attached(&observers);
        let observed = start(&observers).unwrap();
        drop(leaving);
        observed.ended(None);
        assert_eq!(diary.phases(), ["start", "token"]);
    }

    #[test]
    fn who_has_not_heard_the_start_does_not_hear_the_end() {
        let observers = Observers::default();
        let (deaf, _kept) = attached(&observers);
        deaf.is_deaf.store(true, Ordering::Relaxed);
        assert!(start(&observers).is_none());
        let (_early, _kept) = attached(&observers);
        let observed = start(&observers).unwrap();
        let (late, _kept) = attached(&observers);
        deaf.is_deaf.store(false, Ordering::Relaxed);
        observed.ended(None);
        assert_eq!(late.phases(), deaf.phases());
        assert!(late.phases().is_empty());
    }

    #[test]
    fn an_event_shows_neither_query_nor_secret() {
        let observers = Observers::default();
        let (_diary, _kept) = attached(&observers);
        let event = format!("{:?}", start(&observers).unwrap().event);
        assert!(event.contains("https://h/token"));
        assert!(!event.contains("hidden") && !event.contains("the-secret"), "{event}");
    }

    #[tokio::test]
    async fn an_attempt_that_the_deadline_cuts_off_has_an_end_too() {
        // The connection is made, and nobody answers.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let options = ClientAuthOptions {
            client_id: Some("client".to_owned()),
            client_secret: Some(Secret::new("the-secret".to_owned())),
            scope: Some(None),
            token_endpoint: Some(format!("http://{}/token", silent.local_addr().unwrap())),
            retry: RetryOptions { deadline_ms: Some(50.0), ..RetryOptions::default() },
            http: HttpOptions { proxy: Some(None), ..HttpOptions::default() },
            ..ClientAuthOptions::default()
        };
        let engine = Engine::process();
        let params = ClientAuthParams::validate(&options, &engine.keystores).unwrap();
        let diary = Arc::new(Diary::default());
        let interceptor = ClientAuthInterceptor::new(engine, params, Some(diary.clone()));
        let error = interceptor.token(None, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Timeout);
        assert_eq!(diary.phases(), ["start", "ERR_TIMEOUT"]);
    }
}
