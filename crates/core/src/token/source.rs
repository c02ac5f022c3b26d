//! One token for one identity: the state machine, moved by callers, answers and the timer.

#[cfg(test)]
pub(super) mod scripted;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;

use super::Token;
use super::schedule::RenewalPolicy;
use super::state::{Answer, Departure, State};
use super::timer::Timer;
use crate::clock::Now;
use crate::epoch::EpochCell;
use crate::error::{Error, ErrorCode};
use crate::events::Observer;
use crate::hook::TokenRequestReason;
use crate::runtime::{self, Flight};

/// Gets a token from wherever tokens come from.
pub(crate) trait RequestToken: Send + Sync {
    fn request_token(&self, reason: TokenRequestReason) -> BoxFuture<'_, Result<Token, Error>>;

    /// Tells this one as well of every token request from now on.
    fn attach(&self, observer: &Arc<dyn Observer>);

    /// True where the next request would not be the one that was refused: another key is there.
    fn would_ask_anew(&self) -> bool {
        false
    }
}

/// Requests, keeps and renews one token.
pub(crate) struct TokenSource {
    id: u64,
    requester: Box<dyn RequestToken>,
    cell: EpochCell,
    timer: &'static Timer,
    moving: Mutex<Moving>,
}

struct Moving {
    state: State,
    flight: Option<Flight<Arc<Token>>>,
    wakes_at: Option<Instant>,
    unattended: Unattended,
    endpoint_gone: bool,
}

/// Renewals that nobody waited for, so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unattended {
    pub(crate) renewals: u64,
    pub(crate) failures: u64,
    pub(crate) last_error: Option<ErrorCode>,
}

/// What a caller that is ready to wait gets at once.
pub(crate) enum Obtained {
    /// A token that needs no renewal yet.
    Token(Arc<Token>),
    /// A request that was started now or before; `unattended`: as a renewal that nobody waited for.
    Flight { flight: Flight<Arc<Token>>, unattended: bool },
    /// The server's refusal of a moment ago.
    Refused(Error),
}

/// A living token and for how long it can be used without another look.
pub(crate) struct Served {
    pub(crate) token: Arc<Token>,
    pub(crate) look_again_at: Now,
    /// The cell's value before anything that happens to the token later.
    pub(crate) epoch: i32,
}

impl TokenSource {
    pub(crate) fn new(
        requester: Box<dyn RequestToken>,
        policy: impl Into<Arc<RenewalPolicy>>,
        timer: &'static Timer,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            requester,
            cell: EpochCell::assign(),
            timer,
            moving: Mutex::new(Moving {
                state: State::new(policy),
                flight: None,
                wakes_at: None,
                unattended: Unattended::default(),
                endpoint_gone: false,
            }),
        }
    }

    /// Tells this one as well of every token request from now on.
    pub(crate) fn attach(&self, observer: &Arc<dyn Observer>) {
        self.requester.attach(observer);
    }

    pub(crate) fn cell(&self) -> EpochCell {
        self.cell
    }

    /// The token that may still be used.
    pub(crate) fn live(&self, now: Now) -> Option<Arc<Token>> {
        self.lock().state.live(now).cloned()
    }

    /// The living token at once; its renewal, if it is due, goes on behind it.
    pub(crate) fn serve(self: &Arc<Self>, now: Now) -> Option<Served> {
        let mut moving = self.lock();
        let served = moving.state.serve(now)?;
        if let Some(departure) = served.departure {
            drop(self.depart(&mut moving, departure, true));
            self.set_timer(&mut moving, now);
        }
        Some(Served {
            token: served.token,
            look_again_at: served.look_again_at,
            epoch: self.cell.value(),
        })
    }

    /// The living token, for a caller that sees to its renewal itself; whether that is due.
    pub(crate) fn peek(&self, now: Now) -> Option<(Served, bool)> {
        let (served, due) = self.lock().state.peek(now)?;
        let epoch = self.cell.value();
        Some((Served { token: served.token, look_again_at: served.look_again_at, epoch }, due))
    }

    /// The token while it is fresh, else the one flight for the next.
    /// `hooked`: a caller that asks its hook before it comes here, and again before the next one.
    pub(crate) fn obtain(self: &Arc<Self>, hooked: bool, now: Now) -> Obtained {
        let mut moving = self.lock();
        let ask = |state: &mut State| {
            if hooked { state.ask_without_use(now) } else { state.ask(now) }
        };
        let mut answer = ask(&mut moving.state);
        if matches!(answer, Answer::Refused(_)) && self.requester.would_ask_anew() {
            moving.state.forget_setback();
            answer = ask(&mut moving.state);
        }
        match answer {
            Answer::Token(token) => Obtained::Token(token),
            Answer::Refused(error) => Obtained::Refused(error.remembered()),
            Answer::Wait { unattended } => match &moving.flight {
                Some(flight) => Obtained::Flight { flight: flight.clone(), unattended },
                None => Obtained::Refused(Error::Internal {
                    reason: "a token request is under way that nobody can wait for".to_owned(),
                }),
            },
            Answer::Depart(departure) => {
                let flight = self.depart(&mut moving, departure, false);
                self.set_timer(&mut moving, now);
                Obtained::Flight { flight, unattended: false }
            }
        }
    }

    /// Drops the token that a resource server refused: the one with this header (BT-2).
    pub(crate) fn reject(self: &Arc<Self>, header: &str) -> bool {
        self.change(|state, now| state.reject(header, now))
    }

    /// Drops whatever there is. A request that is under way answers its waiting callers and is not kept.
    pub(crate) fn clear(self: &Arc<Self>) -> bool {
        let mut moving = self.lock();
        let dropped = moving.state.clear();
        moving.flight = None;
        self.set_timer(&mut moving, Now::read());
        self.cell.advance();
        dropped
    }

    pub(crate) fn unattended(&self) -> Unattended {
        self.lock().unattended
    }

    /// True when the token endpoint has answered 404 or 410 to the latest request.
    pub(crate) fn endpoint_is_gone(&self) -> bool {
        self.lock().endpoint_gone
    }

    /// Discovery names this endpoint all the same.
    pub(crate) fn confirm_endpoint(&self) {
        self.lock().endpoint_gone = false;
    }

    /// Called by the timer, whose entry for `at` is gone.
    pub(super) fn wake(self: &Arc<Self>, at: Instant) {
        let now = Now::read();
        let mut moving = self.lock();
        moving.wakes_at.take_if(|wakes_at| *wakes_at == at);
        let (departure, wiped) = moving.state.wake(now);
        if let Some(departure) = departure {
            drop(self.depart(&mut moving, departure, true));
        }
        self.set_timer(&mut moving, now);
        if wiped {
            self.cell.advance();
        }
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut State, Now) -> bool) -> bool {
        let now = Now::read();
        let mut moving = self.lock();
        let changed = change(&mut moving.state, now);
        if changed {
            self.set_timer(&mut moving, now);
            self.cell.advance();
        }
        changed
    }

    fn depart(
        self: &Arc<Self>,
        moving: &mut Moving,
        departure: Departure,
        unattended: bool,
    ) -> Flight<Arc<Token>> {
        moving.unattended.renewals += u64::from(unattended);
        let this = self.clone();
        let flight = runtime::launch(async move {
            // From its very first line: a flight that never settles would be waited for for ever.
            let request = async { this.requester.request_token(departure.reason).await };
            let result = runtime::without_panic(request).await.map(Arc::new);
            this.settle(departure, result.as_ref(), unattended);
            result
        });
        moving.flight = Some(flight.clone());
        flight
    }

    fn settle(
        self: &Arc<Self>,
        departure: Departure,
        result: Result<&Arc<Token>, &Error>,
        unattended: bool,
    ) {
        let now = Now::read();
        let mut moving = self.lock();
        if !moving.state.settle(departure.id, result, now) {
            return;
        }
        moving.flight = None;
        moving.endpoint_gone = false;
        if let Err(error) = result {
            moving.endpoint_gone = matches!(error.status(), Some(404 | 410));
            if unattended {
                moving.unattended.failures += 1;
                moving.unattended.last_error = Some(error.code());
            }
        }
        self.set_timer(&mut moving, now);
        self.cell.advance();
    }

    fn set_timer(self: &Arc<Self>, moving: &mut Moving, now: Now) {
        let wakes_at = moving.state.wakes_at(now);
        if wakes_at != moving.wakes_at {
            self.timer.set(self, self.id, moving.wakes_at, wakes_at);
            moving.wakes_at = wakes_at;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TokenSource {
    fn drop(&mut self) {
        let moving = self.moving.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(wakes_at) = moving.wakes_at {
            self.timer.remove(self.id, wakes_at);
        }
    }
}
