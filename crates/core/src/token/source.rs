//! One token and one request at a time for one identity.
//!
//! ```text
//!             request              token               due
//!    Empty ───────────▶ Requesting ───────▶ Fresh ───────────▶ Renewing
//!      ▲                    │ failed          │ expired           │ token, or failed:
//!      └────────────────────┴─────────────────┘                   └──▶ Fresh
//! ```
//!
//! The two fields of [`State`] are these states: no token and no flight is *Empty*, a flight alone
//! *Requesting*, a token alone *Fresh*, both together *Renewing*.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::exchange::exchange;
use super::{RenewalPolicy, Token, TokenRequest};
use crate::clock::Now;
use crate::error::Error;
use crate::runtime::{Flight, launch};
use crate::transport::{RetryPolicy, Transport};

/// Requests and keeps one token.
#[derive(Debug)]
pub(crate) struct TokenSource {
    request: TokenRequest,
    transport: Arc<Transport>,
    retry: RetryPolicy,
    renewal: RenewalPolicy,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    flight: Option<TokenFlight>,
    flights: u64,
}

#[derive(Debug)]
struct TokenFlight {
    id: u64,
    flight: Flight<Arc<Token>>,
}

/// What a caller gets at once.
pub(crate) enum Obtained {
    /// A token that needs no renewal yet.
    Token(Arc<Token>),
    /// A request that was started now or before.
    Flight(Flight<Arc<Token>>),
}

impl TokenSource {
    pub(crate) fn new(
        request: TokenRequest,
        transport: Arc<Transport>,
        retry: RetryPolicy,
        renewal: RenewalPolicy,
    ) -> Self {
        Self { request, transport, retry, renewal, state: Mutex::default() }
    }

    /// The token that may still be used.
    pub(crate) fn live(&self, now: Now) -> Option<Arc<Token>> {
        self.lock().token.as_ref().filter(|token| token.is_live(now)).cloned()
    }

    /// The token while it is fresh, else the one flight for the next.
    pub(crate) fn obtain(self: &Arc<Self>) -> Obtained {
        let now = Now::read();
        let mut state = self.lock();
        if let Some(token) = &state.token
            && token.is_live(now)
            && !token.is_due(now)
        {
            return Obtained::Token(token.clone());
        }
        if let Some(TokenFlight { flight, .. }) = &state.flight {
            return Obtained::Flight(flight.clone());
        }
        state.flights += 1;
        let id = state.flights;
        let this = self.clone();
        let flight = launch(async move {
            let result = exchange(&this.request, &this.transport, &this.retry, &this.renewal).await;
            let result = result.map(Arc::new);
            this.settle(id, result.as_ref());
            result
        });
        state.flight = Some(TokenFlight { id, flight: flight.clone() });
        Obtained::Flight(flight)
    }

    /// Drops the token: the one with this header, or whichever there is. A request that is under
    /// way when everything is dropped answers its waiting callers and is not kept.
    pub(crate) fn invalidate(&self, header: Option<&str>) -> bool {
        let mut state = self.lock();
        if let Some(header) = header {
            return state.token.take_if(|token| token.header() == header).is_some();
        }
        let flight = state.flight.take();
        state.token.take().is_some() || flight.is_some()
    }

    fn settle(&self, id: u64, result: Result<&Arc<Token>, &Error>) {
        let now = Now::read();
        let mut state = self.lock();
        if state.flight.take_if(|flight| flight.id == id).is_none() {
            return;
        }
        if let Ok(token) = result {
            // One that is over already serves those who wait and nobody else (TC-2).
            state.token = Some(token.clone()).filter(|token| token.is_live(now));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
