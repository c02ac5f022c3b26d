//! A source as a reader of the rules would keep it, beside the real one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::*;
use crate::token::source::scripted::{busy_for, outage, refusal, token};

/// A renewal that failed is tried again after this at the latest, or when the refusal is over and as
/// much time has passed as the server has asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(super) enum Answered {
    Token { lifetime: Duration, chance: f64 },
    Refusal,
    Outage,
    Busy(Duration),
}

/// How often something happened.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn count(&mut self, what: &'static str, happened: bool) {
        *self.0.entry(what).or_default() += usize::from(happened);
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.iter().map(|(what, times)| (*what, *times))
    }
}

pub(super) struct Source {
    state: State,
    policy: RenewalPolicy,
    name: usize,
    /// Under way, those that were given up included.
    pub(super) flights: Vec<Flying>,
    /// Whose result will be kept.
    current: Option<u64>,
    held: Option<Kept>,
    failure: Option<Failed>,
    /// Since the latest departure.
    used: bool,
}

pub(super) struct Flying {
    departure: Departure,
    sent_at: Now,
    pub(super) waiters: u64,
}

struct Kept {
    token: Arc<Token>,
    since: Now,
    reason: TokenRequestReason,
}

/// The latest failure since a success.
struct Failed {
    at: Now,
    /// For which it stands at least.
    stands: Option<Duration>,
    /// `Retry-After`
    asked: Duration,
}

impl Kept {
    fn end(&self) -> Now {
        self.token.expires_at().unwrap()
    }
}

impl Source {
    pub(super) fn new(name: usize, policy: RenewalPolicy) -> Self {
        Self {
            state: State::new(policy),
            policy,
            name,
            flights: Vec::new(),
            current: None,
            held: None,
            failure: None,
            used: false,
        }
    }

    pub(super) fn check(&self, now: Now) {
        assert_eq!(self.state.flight.map(|flight| flight.id), self.current, "one flight");
        let live = self.state.live(now).map(|token| token.header());
        assert_eq!(live, self.live(now).map(|kept| kept.token.header()), "the current token");
        let end = self.held.as_ref().map(|kept| kept.end().monotonic);
        let wakes_at = self.state.wakes_at(now);
        assert_eq!(wakes_at.is_some(), end.is_some(), "the timer is set while there is a token");
        assert!(wakes_at <= end, "the timer fires at the end at the latest");
    }

    /// Of the current token; empty, if there is none.
    pub(super) fn header(&self) -> String {
        self.held.as_ref().map_or_else(String::new, |kept| kept.token.header().to_owned())
    }

    pub(super) fn wakes_in(&self, now: Now) -> Option<Duration> {
        let at = self.state.wakes_at(now)?;
        Some(at.saturating_duration_since(now.monotonic))
    }

    fn live(&self, now: Now) -> Option<&Kept> {
        self.held.as_ref().filter(|kept| !now.has_reached(kept.end()))
    }

    /// Whether a renewal of the living token may still be held up by a failure.
    fn may_pause(&self, now: Now) -> bool {
        let longest = LONGEST_PAUSE.max(self.policy.failure_cooldown);
        self.failure
            .as_ref()
            .is_some_and(|failed| !now.has_reached(failed.at.plus(longest.max(failed.asked))))
    }

    fn is_handed_out(&self, token: &Arc<Token>, now: Now) {
        let live = self.live(now).expect("a living token");
        assert!(Arc::ptr_eq(&live.token, token), "the current token");
        assert!(token.header().starts_with(&format!("Bearer source-{}-", self.name)), "its own");
    }

    fn departs(&mut self, departure: Departure, now: Now, waiters: u64) {
        assert_eq!(self.current, None, "never two flights");
        let stands = self.failure.as_ref().and_then(|failed| Some(failed.at.plus(failed.stands?)));
        assert!(stands.is_none_or(|until| now.has_reached(until)), "a refusal stands");
        assert!(self.flights.iter().all(|flying| flying.departure.id != departure.id));
        self.current = Some(departure.id);
        self.used = false;
        self.flights.push(Flying { departure, sent_at: now, waiters });
    }

    /// True if there was something to serve.
    pub(super) fn serve(&mut self, now: Now, seen: &mut Seen) -> bool {
        let due = self.live(now).map(|kept| kept.token.is_due(now));
        let flying = self.current.is_some();
        let Some(served) = self.state.serve(now) else {
            // Only where the next one is to be waited for is a living token held back.
            assert!(due.is_none() || (due == Some(true) && !self.policy.background && !flying));
            seen.count("a call that cannot be served", true);
            return false;
        };
        self.is_handed_out(&served.token, now);
        assert!(!now.has_reached(served.look_again_at), "looks again at once");
        let renewal = served.departure.is_some() || flying || self.may_pause(now);
        assert!(due == Some(false) || renewal, "a due token is renewed");
        assert!(due == Some(true) || served.departure.is_none(), "and no other");
        seen.count("a renewal by a call", served.departure.is_some());
        seen.count("a fresh token served", due == Some(false));
        seen.count("an old token served meanwhile", flying);
        self.used = true;
        if let Some(departure) = served.departure {
            assert!(self.policy.background);
            self.departs(departure, now, 0);
        }
        true
    }

    /// True if the caller waits now.
    pub(super) fn ask(&mut self, now: Now, seen: &mut Seen) -> bool {
        let answer = self.state.ask(now);
        let waits = self.answers(answer, now, seen);
        self.used = true;
        waits
    }

    /// The same for a caller whose next token is its own affair.
    pub(super) fn ask_without_use(&mut self, now: Now, seen: &mut Seen) -> bool {
        let answer = self.state.ask_without_use(now);
        self.answers(answer, now, seen)
    }

    fn answers(&mut self, answer: Answer, now: Now, seen: &mut Seen) -> bool {
        seen.count("a refusal from memory", matches!(answer, Answer::Refused(_)));
        seen.count("a shared flight", matches!(answer, Answer::Wait { .. }));
        match answer {
            Answer::Token(token) => {
                self.is_handed_out(&token, now);
                false
            }
            Answer::Refused(_) => {
                assert!(self.live(now).is_none(), "refused with a living token");
                let failed = self.failure.as_ref().expect("a failure");
                let longest = failed.at.plus(self.policy.failure_cooldown);
                assert!(!now.has_reached(longest), "refused for too long");
                false
            }
            Answer::Wait { .. } => {
                let current = self.current.expect("a flight to wait for");
                let mut flights = self.flights.iter_mut();
                flights.find(|flying| flying.departure.id == current).unwrap().waiters += 1;
                true
            }
            Answer::Depart(departure) => {
                self.departs(departure, now, 1);
                true
            }
        }
    }

    pub(super) fn peek(&self, now: Now) {
        let peeked = self.state.peek(now);
        assert_eq!(peeked.is_some(), self.live(now).is_some());
        if let Some((served, due)) = peeked {
            self.is_handed_out(&served.token, now);
            assert!(!now.has_reached(served.look_again_at), "looks again at once");
            assert!(served.departure.is_none() && (!due || self.current.is_none()));
        }
    }

    pub(super) fn wake(&mut self, now: Now, seen: &mut Seen) {
        let is_over = self.held.is_some() && self.live(now).is_none();
        let (departure, wiped) = self.state.wake(now);
        assert_eq!(wiped, is_over);
        seen.count("a renewal by the timer", departure.is_some());
        seen.count("a token wiped", wiped);
        if wiped {
            self.held = None;
        }
        let due = self.live(now).is_some_and(|kept| kept.token.is_due(now));
        let renewable = due && self.used && self.policy.background && self.current.is_none();
        assert!(departure.is_some() || !renewable || self.may_pause(now), "a due token is renewed");
        if let Some(departure) = departure {
            assert!(renewable, "and no other");
            self.departs(departure, now, 0);
        }
        let next = self.state.wakes_at(now);
        assert!(next.is_none_or(|at| at > now.monotonic), "the timer makes progress");
    }

    pub(super) fn settle(
        &mut self,
        flying: &Flying,
        name: &str,
        answered: &Answered,
        now: Now,
        seen: &mut Seen,
    ) {
        let Flying { departure: Departure { id, reason }, sent_at, .. } = *flying;
        let is_current = self.current == Some(id);
        let (result, stands) = match answered {
            Answered::Token { lifetime, chance } => {
                let schedule =
                    self.policy.schedule(sent_at, sent_at.until(now), *lifetime, *chance);
                (Ok(token(name, Some(schedule))), None)
            }
            Answered::Refusal => (Err(refusal()), Some(FIRST_SETBACK)),
            Answered::Outage => (Err(outage()), None),
            Answered::Busy(asked) => (Err(busy_for(*asked)), Some(*asked)),
        };
        let kept = self.state.settle(id, result.as_ref(), now);
        assert_eq!(kept, is_current, "kept, unless it was given up");
        seen.count("a result given up", !kept);
        if !kept {
            return;
        }
        self.current = None;
        if let Ok(token) = result {
            let is_live = token.is_live(now);
            seen.count("a token that was over at once", !is_live);
            self.held = is_live.then_some(Kept { token, since: now, reason });
            self.failure = None;
        } else {
            seen.count("a failed renewal", self.live(now).is_some());
            let stands = stands.map(|stands| stands.min(self.policy.failure_cooldown));
            let asked = if let Answered::Busy(asked) = answered { *asked } else { Duration::ZERO };
            self.failure = Some(Failed { at: now, stands, asked });
        }
    }

    pub(super) fn reject(&mut self, header: &str, now: Now, seen: &mut Seen) {
        let dropped = self.state.reject(header, now);
        let held = self.held.as_ref().filter(|kept| kept.token.header() == header);
        seen.count("a replacement kept in spite of a rejection", held.is_some() && !dropped);
        seen.count("a rejection too late", held.is_none());
        let Some(kept) = held else { return assert!(!dropped, "another token") };
        let for_long = now.has_reached(kept.since.plus(self.policy.failure_cooldown));
        let is_replacement = kept.reason == TokenRequestReason::Rejected;
        assert!(dropped || (is_replacement && !for_long), "a rejected token");
        if dropped {
            self.held = None;
        }
    }

    pub(super) fn clear(&mut self, seen: &mut Seen) {
        let something = self.held.is_some() || self.current.is_some();
        assert_eq!(self.state.clear(), something);
        seen.count("a flight given up", self.current.is_some());
        (self.held, self.current, self.failure) = (None, None, None);
    }
}
