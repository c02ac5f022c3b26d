//! A few sources, those who wait for them, and the time that they all live in.

use std::time::Duration;

use super::source::{Answered, Seen, Source};
use crate::clock::Now;
use crate::token::RenewalPolicy;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Served, or else ready to wait.
    Call(usize),
    /// Ready to wait at once, as an acquisition is.
    Ask(usize),
    /// The same of a caller with a hook.
    AskOnce(usize),
    Peek(usize),
    Pass(Passing),
    /// Time goes on until the timer fires, or should.
    Timer {
        source: usize,
        is_late: bool,
    },
    /// The timer fires, whatever the time.
    Wake(usize),
    Settle {
        source: usize,
        flight: usize,
        answered: Answered,
    },
    Reject {
        source: usize,
        header: Header,
    },
    Clear(usize),
    /// One caller that waits leaves.
    Abort(usize),
    /// All that wait for this source leave.
    Close(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Passing {
    Both(Duration),
    MonotonicAlone(Duration),
    WallForward(Duration),
    WallBack(Duration),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Header {
    Current,
    Past(usize),
    OfSource(usize),
    Of(&'static str),
}

pub(super) struct World {
    now: Now,
    sources: Vec<Source>,
    /// Of every token that was ever brought.
    headers: Vec<String>,
    waiters: u64,
    answered: u64,
    left: u64,
    seen: Seen,
}

impl World {
    pub(super) fn new(policies: Vec<RenewalPolicy>) -> Self {
        let sources = policies.into_iter().enumerate();
        Self {
            now: Now::read(),
            sources: sources.map(|(name, policy)| Source::new(name, policy)).collect(),
            headers: Vec::new(),
            waiters: 0,
            answered: 0,
            left: 0,
            seen: Seen::default(),
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        let Self { now, sources, seen, .. } = self;
        match step {
            Step::Call(source) => {
                let source = &mut sources[source];
                if !source.serve(*now, seen) {
                    self.waiters += u64::from(source.ask(*now, seen));
                }
            }
            Step::Ask(source) => self.waiters += u64::from(sources[source].ask(*now, seen)),
            Step::AskOnce(source) => {
                self.waiters += u64::from(sources[source].ask_without_use(*now, seen));
            }
            Step::Peek(source) => sources[source].peek(*now),
            Step::Pass(passing) => self.pass(passing),
            Step::Timer { source, is_late } => {
                if let Some(wait) = sources[source].wakes_in(*now) {
                    *now = now.plus(wait);
                    if !is_late {
                        sources[source].wake(*now, seen);
                    }
                }
            }
            Step::Wake(source) => sources[source].wake(*now, seen),
            Step::Settle { source, flight, answered } => {
                let flights = sources[source].flights.len();
                if flights > 0 {
                    self.settle(source, flight % flights, &answered);
                }
            }
            Step::Reject { source, header } => {
                let header = self.header(source, header);
                self.sources[source].reject(&header, self.now, &mut self.seen);
            }
            Step::Clear(source) => sources[source].clear(seen),
            Step::Abort(waiter) => {
                let flights = sources.iter_mut().flat_map(|source| &mut source.flights);
                let mut waited_for: Vec<_> = flights.filter(|flight| flight.waiters > 0).collect();
                if !waited_for.is_empty() {
                    let flight = waiter % waited_for.len();
                    waited_for[flight].waiters -= 1;
                    self.left += 1;
                }
            }
            Step::Close(source) => {
                for flight in &mut sources[source].flights {
                    self.left += std::mem::take(&mut flight.waiters);
                }
            }
        }
    }

    fn pass(&mut self, passing: Passing) {
        match passing {
            Passing::Both(time) => self.now = self.now.plus(time),
            Passing::MonotonicAlone(time) => self.now.monotonic += time,
            Passing::WallForward(time) => self.now.wall += time,
            Passing::WallBack(time) => self.now.wall -= time,
        }
    }

    fn settle(&mut self, source: usize, flight: usize, answered: &Answered) {
        let name = format!("source-{source}-token-{}", self.headers.len());
        let source = &mut self.sources[source];
        let flight = source.flights.swap_remove(flight);
        self.answered += flight.waiters;
        source.settle(&flight, &name, answered, self.now, &mut self.seen);
        self.headers.push(format!("Bearer {name}"));
    }

    fn header(&self, source: usize, header: Header) -> String {
        match header {
            Header::Current => self.sources[source].header(),
            Header::OfSource(other) => self.sources[other].header(),
            Header::Past(_) if self.headers.is_empty() => String::new(),
            Header::Past(index) => self.headers[index % self.headers.len()].clone(),
            Header::Of(header) => header.to_owned(),
        }
    }

    /// What holds at every moment.
    pub(super) fn check(&self) {
        self.sources.iter().for_each(|source| source.check(self.now));
    }

    /// Every flight settles some time.
    pub(super) fn finish(mut self) -> Seen {
        for source in 0..self.sources.len() {
            while !self.sources[source].flights.is_empty() {
                self.settle(source, 0, &Answered::Outage);
                self.check();
            }
        }
        assert_eq!(self.waiters, self.answered + self.left, "every waiter is answered");
        // No refusal stands longer than this.
        let hour = Duration::from_secs(3600);
        self.now = self.now.plus(hour);
        for source in 0..self.sources.len() {
            if self.sources[source].ask(self.now, &mut self.seen) {
                self.settle(source, 0, &Answered::Token { lifetime: hour, chance: 0.0 });
            }
            assert!(!self.sources[source].ask(self.now, &mut self.seen), "a token again");
            self.check();
        }
        self.seen
    }
}
