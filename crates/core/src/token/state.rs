//! The state machine of one token source: which token there is, and who asks for the next one when.
//!
//! ```text
//!                ask                 token                  due: served, or woken
//!    Empty ───────────▶ Requesting ─────────▶ Fresh ───────────────────────────▶ Renewing
//!      ▲  ▲                 │   ▲               │  ▲                                │
//!      │  │          failed │   │ ask           │  └───── token, or failed ─────────┤
//!      │  │ time over       ▼   │               │                                   │
//!      │  └──────────── CoolingDown             │                                   │
//!      │                                        │ expired, rejected, cleared        │ cleared
//!      └────────────────────────────────────────┴───────────────────────────────────┘
//! ```
//!
//! The states are what is there: neither token nor flight is `Empty`, a flight alone `Requesting`, a
//! token alone `Fresh`, both `Renewing` (`Requesting`, once the token expires); a setback that answers
//! for the server, and no token, `CoolingDown`. Failures that can pass lead from `Requesting` back to
//! `Empty`: the next caller asks anew.
//!
//! Pure: time is handed in and nothing is sent here, so that every moment can be played through.
//! What holds in all of them (`interleavings.rs` tests it):
//!
//! - there is at most one flight whose result would be kept;
//! - no token is handed out at or past its end, by either clock;
//! - a token is handed out by the source that requested it, and by no other;
//! - who waits, waits for a flight, and every flight settles;
//! - a token that arrives after `clear` is not kept;
//! - nothing is asked of a server while its refusal stands.

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod transitions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{RenewalPolicy, Token};
use crate::clock::Now;
use crate::error::Error;
use crate::hook::TokenRequestReason;

/// A refusal stands this long, then twice as long, and so on.
const FIRST_SETBACK: Duration = Duration::from_secs(1);
/// Between renewals that fail while the token lives.
const LONGEST_RENEWAL_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_RENEWAL_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct State {
    policy: Arc<RenewalPolicy>,
    token: Option<Held>,
    flight: Option<UnderWay>,
    flights: u64,
    /// Seldom there, and large.
    setback: Option<Box<Setback>>,
    failed_renewals_in_a_row: u32,
    refusals_in_a_row: u32,
    rejections_in_a_row: u32,
    next_reason: TokenRequestReason,
    /// Since the last renewal began: who does not use a token needs no new one.
    used: bool,
}

struct Held {
    token: Arc<Token>,
    since: Now,
    /// Requested because its predecessor was rejected.
    replacement: bool,
    /// And rejected as well, before the time for another one had come.
    disliked: bool,
}

#[derive(Clone, Copy)]
struct UnderWay {
    id: u64,
    reason: TokenRequestReason,
    unattended: bool,
}

/// What a failure leaves behind.
struct Setback {
    error: Error,
    /// No renewal of a living token before this.
    renew_from: Now,
    /// Until then the error answers for the server.
    stands_until: Option<Now>,
}

/// A request that has to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    pub(super) id: u64,
    pub(super) reason: TokenRequestReason,
}

/// What a caller that is ready to wait gets.
pub(super) enum Answer {
    Token(Arc<Token>),
    /// Whatever the flight under way brings; whether it began without anybody waiting for it.
    Wait {
        unattended: bool,
    },
    Depart(Departure),
    /// The server refused a moment ago.
    Refused(Error),
}

/// A living token for a caller that does not wait.
pub(super) struct Served {
    pub(super) token: Arc<Token>,
    /// The token need not be looked at again before this, unless something happens to it.
    pub(super) look_again_at: Now,
    /// A renewal that this call has set off.
    pub(super) departure: Option<Departure>,
}

impl State {
    pub(super) fn new(policy: impl Into<Arc<RenewalPolicy>>) -> Self {
        Self {
            policy: policy.into(),
            token: None,
            flight: None,
            flights: 0,
            setback: None,
            failed_renewals_in_a_row: 0,
            refusals_in_a_row: 0,
            rejections_in_a_row: 0,
            next_reason: TokenRequestReason::Initial,
            used: false,
        }
    }

    /// The token that may still be handed out.
    pub(super) fn live(&self, now: Now) -> Option<&Arc<Token>> {
        self.token.as_ref().map(|held| &held.token).filter(|token| token.is_live(now))
    }

    /// The living token at once; its renewal, if it is due, goes on behind it. `None`: `ask`.
    pub(super) fn serve(&mut self, now: Now) -> Option<Served> {
        let token = self.live(now)?.clone();
        let due = self.renewal_is_due(&token, now);
        if due && !self.policy.background {
            return None;
        }
        self.used = true;
        let departure = due.then(|| self.depart(true));
        Some(Served { look_again_at: self.look_again_at(&token, now), token, departure })
    }

    /// The living token, for a caller that sees to its renewal itself; whether that is due.
    pub(super) fn peek(&self, now: Now) -> Option<(Served, bool)> {
        let token = self.live(now)?.clone();
        let due = self.renewal_is_due(&token, now);
        Some((
            Served { look_again_at: self.look_again_at(&token, now), token, departure: None },
            due,
        ))
    }

    /// A token that is not due for renewal, or the way to one.
    pub(super) fn ask(&mut self, now: Now) -> Answer {
        let answer = self.ask_without_use(now);
        self.used = true;
        answer
    }

    /// The same for a caller whose next token is its own affair: this one is no reason for a
    /// renewal, as it is not to be had without asking a hook first.
    pub(super) fn ask_without_use(&mut self, now: Now) -> Answer {
        if let Some(UnderWay { unattended, .. }) = self.flight {
            return Answer::Wait { unattended };
        }
        let refusal = self
            .setback
            .as_ref()
            .filter(|setback| setback.stands_until.is_some_and(|until| !now.has_reached(until)));
        match (self.live(now), refusal) {
            // Also where a refusal stands: no renewal is due until it is over.
            (Some(token), _) if !self.renewal_is_due(token, now) => Answer::Token(token.clone()),
            (_, Some(setback)) => Answer::Refused(setback.error.clone()),
            (_, None) => Answer::Depart(self.depart(false)),
        }
    }

    /// The flight's result. False: it was given up meanwhile, and its result is for those alone who
    /// wait for it.
    pub(super) fn settle(
        &mut self,
        id: u64,
        result: Result<&Arc<Token>, &Error>,
        now: Now,
    ) -> bool {
        let Some(flight) = self.flight.take_if(|flight| flight.id == id) else { return false };
        match result {
            Ok(token) => {
                self.setback = None;
                self.failed_renewals_in_a_row = 0;
                self.refusals_in_a_row = 0;
                let replacement =
                    flight.reason == TokenRequestReason::Rejected && self.rejections_in_a_row > 0;
                if !replacement {
                    self.rejections_in_a_row = 0;
                }
                self.next_reason = TokenRequestReason::Expiring;
                // One that is over already serves those who wait and nobody else (TC-2).
                let held = Held { token: token.clone(), since: now, replacement, disliked: false };
                self.token = Some(held).filter(|held| held.token.is_live(now));
            }
            Err(error) => self.set_back(error, now),
        }
        true
    }

    /// A resource server refused this token. True if it was dropped: it is still the current one,
    /// and asking for another can help. A replacement that is refused at once as well is kept for a
    /// while, twice as long each time: it is not the token that this server dislikes, and every 401
    /// would cost a token request (BT-2). One that was good until then is as any other.
    pub(super) fn reject(&mut self, header: &str, now: Now) -> bool {
        let kept_for = self.doubled(self.rejections_in_a_row.saturating_sub(1));
        let Some(held) = self.token.as_mut().filter(|held| held.token.header() == header) else {
            return false;
        };
        if held.replacement && !now.has_reached(held.since.plus(kept_for)) {
            held.disliked = true;
            return false;
        }
        self.rejections_in_a_row =
            if held.disliked { self.rejections_in_a_row.saturating_add(1) } else { 1 };
        self.token = None;
        self.next_reason = TokenRequestReason::Rejected;
        true
    }

    /// Forgets everything: token, flight and refusals. True if there was a token or a flight.
    pub(super) fn clear(&mut self) -> bool {
        let held = self.token.take().is_some();
        let flew = self.flight.take().is_some();
        self.setback = None;
        self.failed_renewals_in_a_row = 0;
        self.refusals_in_a_row = 0;
        self.rejections_in_a_row = 0;
        self.next_reason = TokenRequestReason::Rejected;
        held || flew
    }

    /// When `wake` has something to do.
    pub(super) fn wakes_at(&self, now: Now) -> Option<Instant> {
        let schedule = self.token.as_ref()?.token.schedule?;
        let end = schedule.expires_at.monotonic;
        if self.flight.is_some() || !self.policy.background {
            return Some(end);
        }
        let renew_from = self.setback.as_ref().map(|setback| setback.renew_from.monotonic);
        let renewal = renew_from
            .map_or(schedule.renews_at.monotonic, |from| from.max(schedule.renews_at.monotonic));
        // A renewal point that has passed by was not used; whoever calls next sets the renewal off.
        Some(if renewal > now.monotonic { renewal.min(end) } else { end })
    }

    /// At its renewal point a token is renewed if it was used; at its end it is wiped. True: it was.
    pub(super) fn wake(&mut self, now: Now) -> (Option<Departure>, bool) {
        let Some(token) = self.live(now).cloned() else {
            return (None, self.token.take().is_some());
        };
        let renew = self.policy.background && self.used && self.renewal_is_due(&token, now);
        (renew.then(|| self.depart(true)), false)
    }

    /// What was refused will not be asked again: with another key the question is another one.
    pub(super) fn forget_setback(&mut self) {
        self.setback = None;
        self.refusals_in_a_row = 0;
    }

    fn depart(&mut self, unattended: bool) -> Departure {
        self.flights += 1;
        self.used = false;
        let (id, reason) = (self.flights, self.next_reason);
        self.flight = Some(UnderWay { id, reason, unattended });
        Departure { id, reason }
    }

    fn renewal_is_due(&self, token: &Token, now: Now) -> bool {
        token.is_due(now)
            && self.flight.is_none()
            && self.setback.as_ref().is_none_or(|setback| now.has_reached(setback.renew_from))
    }

    fn look_again_at(&self, token: &Token, now: Now) -> Now {
        let pause = self.setback.as_ref().map(|setback| setback.renew_from);
        token.schedule.map_or(now, |schedule| schedule.next_look(self.flight.is_some(), pause, now))
    }

    fn set_back(&mut self, error: &Error, now: Now) {
        let asked = error.retry_after();
        let stands = if error.is_transient() {
            // An outage is no refusal: what follows it starts anew.
            self.refusals_in_a_row = 0;
            asked.map(|asked| asked.min(self.policy.failure_cooldown))
        } else {
            self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
            Some(self.doubled(self.refusals_in_a_row - 1))
        };
        let end =
            self.live(now).and_then(|token| token.schedule).map(|schedule| schedule.expires_at);
        let left = end.map_or(Duration::ZERO, |end| now.monotonic_until(end));
        let doubled = back_off(self.failed_renewals_in_a_row).min(LONGEST_RENEWAL_PAUSE);
        self.failed_renewals_in_a_row = self.failed_renewals_in_a_row.saturating_add(1);
        let pause = match asked {
            Some(asked) => asked,
            None if error.is_transient() => doubled.min(left / 4),
            None => doubled,
        };
        // Nothing is asked of a server while its refusal stands.
        let pause = pause.max(SHORTEST_RENEWAL_PAUSE).max(stands.unwrap_or_default());
        self.setback = Some(Box::new(Setback {
            error: error.clone(),
            renew_from: now.plus(pause),
            stands_until: stands.map(|stands| now.plus(stands)),
        }));
    }

    /// 1 s, doubled, up to `renewal.failureCooldownSeconds`.
    fn doubled(&self, times: u32) -> Duration {
        back_off(times).min(self.policy.failure_cooldown)
    }
}

fn back_off(times: u32) -> Duration {
    FIRST_SETBACK.saturating_mul(2_u32.saturating_pow(times))
}
