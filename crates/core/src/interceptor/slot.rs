//! What an interceptor holds for one FHIR server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hook::TokenRequestReason;
use crate::runtime::Flight;
use crate::token::{Token, TokenSource};

/// A caller that makes up base URLs must not fill the memory.
const MAX_SLOTS: usize = 4096;

/// Between renewals that fail while the token still lives: doubled each time.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The token of one FHIR server, and how the next one is being got.
#[derive(Default)]
pub(super) struct Slot {
    /// From the pre-token hook: for this interceptor alone, never in the shared source.
    pub(super) supplied: Option<Arc<Token>>,
    /// Shared with every interceptor of the same identity.
    pub(super) source: Option<Arc<TokenSource>>,
    /// Hook, discovery and token request, once for all callers.
    pub(super) acquisition: Option<Acquisition>,
    /// Of the hook's latest bare token, which is not kept itself: a server can still refuse it.
    bare: Option<Fingerprint>,
    had_token: bool,
    rejected: bool,
    failures_in_a_row: u32,
    pause_until: Option<Now>,
    last_use: u64,
}

pub(super) struct Acquisition {
    pub(super) id: u64,
    pub(super) flight: Flight<Arc<Token>>,
}

impl Slot {
    /// The token that may still be used.
    pub(super) fn live(&self, now: Now) -> Option<Arc<Token>> {
        let supplied = self.supplied.as_ref().filter(|token| token.is_live(now));
        supplied.cloned().or_else(|| self.source.as_ref()?.live(now))
    }

    /// True when somebody should start a renewal of this living token now.
    pub(super) fn needs_renewal(&self, token: &Token, now: Now) -> bool {
        token.is_due(now)
            && self.acquisition.is_none()
            && self.pause_until.is_none_or(|until| now.has_reached(until))
    }

    /// A hook that supplies a token is asked again after it, whatever others have requested meanwhile.
    pub(super) fn keep_supplied(&mut self, token: &Arc<Token>, now: Now) {
        self.source = None;
        self.supplied = Some(token.clone()).filter(|token| token.is_live(now));
        self.bare = self.supplied.is_none().then(|| digest(token.header()));
    }

    pub(super) fn reason(&self) -> TokenRequestReason {
        match self {
            Self { rejected: true, .. } => TokenRequestReason::Rejected,
            Self { had_token: true, .. } => TokenRequestReason::Expiring,
            _ => TokenRequestReason::Initial,
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.had_token = true;
        self.rejected = false;
        self.failures_in_a_row = 0;
        self.pause_until = None;
    }

    /// A caller without a token tries again at once; one with a living token has time.
    pub(super) fn failed(&mut self, error: &Error, now: Now) {
        let doubled = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures_in_a_row));
        let pause = error.retry_after().unwrap_or(doubled).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.pause_until = Some(now.plus(pause));
    }

    /// Drops the token with this header, or whichever there is.
    pub(super) fn invalidate(&mut self, header: Option<&str>) -> bool {
        let supplied =
            self.supplied.take_if(|token| header.is_none_or(|header| token.header() == header));
        let bare = self.bare.take_if(|bare| header.is_none_or(|header| *bare == digest(header)));
        let requested = self.source.as_ref().is_some_and(|source| source.invalidate(header));
        if header.is_none() {
            // Its callers still get what it brings; later ones start anew.
            self.acquisition = None;
        }
        let dropped = supplied.is_some() || bare.is_some() || requested;
        self.rejected |= dropped || header.is_none();
        if dropped {
            self.pause_until = None;
        }
        dropped
    }
}

fn digest(header: &str) -> Fingerprint {
    let mut fields = Fingerprinter::new("bare token");
    fields.field(header.as_bytes());
    fields.finish()
}

/// Slots by FHIR base URL; the empty one is that of requests without any.
#[derive(Default)]
pub(super) struct Slots {
    by_base: HashMap<String, Slot>,
    uses: u64,
    last_used: Option<String>,
}

impl Slots {
    pub(super) fn get(&mut self, base: &str) -> Option<&mut Slot> {
        self.by_base.get_mut(base)
    }

    /// The slot of a caller, if there is one, marked as used.
    pub(super) fn get_used(&mut self, base: &str) -> Option<&mut Slot> {
        let slot = self.by_base.get_mut(base)?;
        self.uses += 1;
        slot.last_use = self.uses;
        if self.last_used.as_deref() != Some(base) {
            self.last_used = Some(base.to_owned());
        }
        Some(slot)
    }

    /// The slot of a caller, marked as used.
    pub(super) fn get_or_insert(&mut self, base: &str) -> &mut Slot {
        if !self.by_base.contains_key(base) {
            self.make_room();
        }
        self.uses += 1;
        if self.last_used.as_deref() != Some(base) {
            self.last_used = Some(base.to_owned());
        }
        let slot = self.by_base.entry(base.to_owned()).or_default();
        slot.last_use = self.uses;
        slot
    }

    pub(super) fn last_used(&self) -> Option<&Slot> {
        self.by_base.get(self.last_used.as_deref()?)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.by_base.values_mut()
    }

    pub(super) fn clear(&mut self) {
        self.by_base.clear();
    }

    /// Lets the slot go that was not used for the longest time.
    fn make_room(&mut self) {
        if self.by_base.len() < MAX_SLOTS {
            return;
        }
        let idle = self.by_base.iter().filter(|(_, slot)| slot.acquisition.is_none());
        let oldest = idle.min_by_key(|(_, slot)| slot.last_use).map(|(base, _)| base.clone());
        if let Some(base) = oldest {
            self.by_base.remove(&base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_the_one_unused_for_longest_goes_first() {
        let mut slots = Slots::default();
        for index in 0..MAX_SLOTS {
            slots.get_or_insert(&format!("https://h/{index}"));
        }
        slots.get_or_insert("https://h/0");
        slots.get_or_insert("https://new");
        assert_eq!(slots.by_base.len(), MAX_SLOTS);
        assert!(slots.get("https://h/0").is_some());
        assert!(slots.get("https://h/1").is_none());
    }

    #[test]
    fn failing_renewals_pause_longer_and_longer() {
        let mut slot = Slot::default();
        let now = Now::read();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            slot.failed(&Error::Closed, now);
            pauses.push((slot.pause_until.unwrap().monotonic - now.monotonic).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        slot.succeeded();
        assert!(slot.pause_until.is_none());
    }
}
