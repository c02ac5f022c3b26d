//! A state and its two clocks, moved by hand.

use std::time::Duration;

use super::super::*;
use crate::token::source::scripted::token;

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The states of the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Empty,
    Requesting,
    Fresh,
    Renewing,
    CoolingDown,
}

/// What a caller, or the timer, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Nothing,
    Token(&'static str),
    /// It has set off a renewal behind the token that it got.
    TokenAndDeparture(&'static str, TokenRequestReason),
    Departure(TokenRequestReason),
    Waits,
    /// For a renewal that nobody waited for so far.
    WaitsForRenewal,
    Refused,
    /// The timer has wiped a token that is over.
    Wiped,
}

pub(super) struct Scenario {
    pub(super) state: State,
    pub(super) now: Now,
    policy: RenewalPolicy,
    /// Every request so far, with the time at which it left.
    departures: Vec<(Departure, Now)>,
    names: Vec<&'static str>,
}

impl Scenario {
    pub(super) fn new() -> Self {
        Self::with(RenewalPolicy::PLAIN)
    }

    pub(super) fn with(policy: RenewalPolicy) -> Self {
        Self {
            state: State::new(policy),
            now: Now::read(),
            policy,
            departures: Vec::new(),
            names: Vec::new(),
        }
    }

    /// One whose first token is there. PLAIN renews at 80 % of the lifetime, up to 150 s of it.
    pub(super) fn holding(name: &'static str, lifetime: Duration) -> Self {
        Self::holding_with(RenewalPolicy::PLAIN, name, lifetime)
    }

    pub(super) fn holding_with(
        policy: RenewalPolicy,
        name: &'static str,
        lifetime: Duration,
    ) -> Self {
        let mut this = Self::with(policy);
        this.ask();
        this.brings(name, lifetime);
        this
    }

    /// Both clocks go on.
    pub(super) fn after(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
    }

    /// A millisecond less: `after(ms(1))` completes it.
    pub(super) fn almost_after(&mut self, duration: Duration) {
        self.after(duration.saturating_sub(ms(1)));
    }

    /// The machine is suspended, or somebody sets the wall clock forward.
    pub(super) fn wall_forward(&mut self, duration: Duration) {
        self.now.wall += duration;
    }

    pub(super) fn wall_back(&mut self, duration: Duration) {
        self.now.wall -= duration;
    }

    /// The wall clock stands: it is being slowed down, or set back all the time.
    pub(super) fn monotonic_forward(&mut self, duration: Duration) {
        self.now.monotonic += duration;
    }

    pub(super) fn ask(&mut self) -> Outcome {
        let answer = self.state.ask(self.now);
        self.answered(answer)
    }

    /// As a caller that has a hook to ask before the next token.
    pub(super) fn ask_without_use(&mut self) -> Outcome {
        let answer = self.state.ask_without_use(self.now);
        self.answered(answer)
    }

    fn answered(&mut self, answer: Answer) -> Outcome {
        match answer {
            Answer::Token(token) => Outcome::Token(self.name_of(&token)),
            Answer::Wait { unattended: false } => Outcome::Waits,
            Answer::Wait { unattended: true } => Outcome::WaitsForRenewal,
            Answer::Depart(departure) => self.departs(departure),
            Answer::Refused(_) => Outcome::Refused,
        }
    }

    pub(super) fn serve(&mut self) -> Outcome {
        let Some(served) = self.state.serve(self.now) else { return Outcome::Nothing };
        let name = self.name_of(&served.token);
        match served.departure {
            None => Outcome::Token(name),
            Some(departure) => {
                self.departs(departure);
                Outcome::TokenAndDeparture(name, departure.reason)
            }
        }
    }

    /// The token, and whether it is due.
    pub(super) fn peek(&self) -> Option<(&'static str, bool)> {
        let (served, due) = self.state.peek(self.now)?;
        assert_eq!(served.departure, None);
        Some((self.name_of(&served.token), due))
    }

    /// For how long a caller that is served now has no need to come back.
    pub(super) fn looks_again_in(&mut self) -> Duration {
        let served = self.state.serve(self.now).unwrap();
        assert_eq!(served.departure, None);
        self.now.until(served.look_again_at)
    }

    pub(super) fn wake(&mut self) -> Outcome {
        match self.state.wake(self.now) {
            (Some(departure), false) => self.departs(departure),
            (None, true) => Outcome::Wiped,
            (None, false) => Outcome::Nothing,
            (Some(_), true) => panic!("wiped a token and renewed it"),
        }
    }

    /// Until the timer's next look.
    pub(super) fn wakes_in(&self) -> Option<Duration> {
        let at = self.state.wakes_at(self.now)?;
        Some(at.saturating_duration_since(self.now.monotonic))
    }

    /// The latest request brings a token; its lifetime counts from when the request left.
    pub(super) fn brings(&mut self, name: &'static str, lifetime: Duration) {
        let request = self.departures.len() - 1;
        assert!(self.brings_to(request, name, lifetime), "the request was given up");
    }

    /// The same for any request, by its number from 0; whether its result counts.
    pub(super) fn brings_to(
        &mut self,
        request: usize,
        name: &'static str,
        lifetime: Duration,
    ) -> bool {
        let (departure, sent_at) = self.departures[request];
        let schedule = self.policy.schedule(sent_at, Duration::ZERO, lifetime, 0.0);
        self.names.push(name);
        self.state.settle(departure.id, Ok(&token(name, Some(schedule))), self.now)
    }

    pub(super) fn fails(&mut self, error: &Error) {
        let (departure, _) = self.departures[self.departures.len() - 1];
        assert!(self.state.settle(departure.id, Err(error), self.now), "the request was given up");
    }

    pub(super) fn reject(&mut self, name: &str) -> bool {
        self.state.reject(&format!("Bearer {name}"), self.now)
    }

    pub(super) fn phase(&self) -> Phase {
        let stands_until = self.state.setback.as_ref().and_then(|setback| setback.stands_until);
        match (self.state.live(self.now), self.state.flight) {
            (Some(_), Some(_)) => Phase::Renewing,
            (Some(_), None) => Phase::Fresh,
            (None, Some(_)) => Phase::Requesting,
            (None, None) if stands_until.is_some_and(|until| !self.now.has_reached(until)) => {
                Phase::CoolingDown
            }
            (None, None) => Phase::Empty,
        }
    }

    fn departs(&mut self, departure: Departure) -> Outcome {
        self.departures.push((departure, self.now));
        Outcome::Departure(departure.reason)
    }

    fn name_of(&self, token: &Token) -> &'static str {
        assert!(token.is_live(self.now), "a token past its end");
        self.names.iter().find(|name| **name == token.access_token()).unwrap()
    }
}
