//! What an interceptor holds for one FHIR server.

use std::sync::Arc;
use std::time::Duration;

use super::Counts;
use crate::clock::Now;
use crate::epoch::EpochCell;
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::hook::TokenRequestReason;
use crate::runtime::Flight;
use crate::token::{Served, Token, TokenSource, Unattended};

/// Between acquisitions that fail while the token still lives: doubled each time.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The token of one FHIR server, and how the next one is being got.
pub(super) struct Slot {
    /// From the pre-token hook: for this interceptor alone, never in the shared source.
    supplied: Option<Arc<Token>>,
    /// Advances when `supplied` changes.
    cell: EpochCell,
    attached: Option<Attached>,
    /// Hook, discovery and token request, once for all callers.
    pub(super) acquisition: Option<Acquisition>,
    /// Of the hook's latest bare token, which is not kept itself: a server can still refuse it.
    bare: Option<Fingerprint>,
    had_token: bool,
    rejected: bool,
    failures_in_a_row: u32,
    pause_until: Option<Now>,
    pub(super) last_use: u64,
}

/// A source, shared with every interceptor of the same identity.
struct Attached {
    source: Arc<TokenSource>,
    /// When the discovery that led to it is to be repeated; `None`: the endpoint was given.
    stale_at: Option<Now>,
    /// What this interceptor has counted of it.
    counted: Unattended,
}

pub(super) struct Acquisition {
    pub(super) id: u64,
    pub(super) flight: Flight<Arc<Token>>,
}

/// A living token, and for how long its holder needs no other look.
pub struct CachedToken {
    /// Living.
    pub token: Arc<Token>,
    /// When to come back at the latest.
    pub look_again_at: Now,
    /// Index of the cell in `epochs()` that announces a change.
    pub cell: usize,
    /// The cell's value before any such change.
    pub epoch: i32,
    /// True when the holder should call `renew`, for the sake of the next one.
    pub acquisition_wanted: bool,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self {
            supplied: None,
            cell: EpochCell::assign(),
            attached: None,
            acquisition: None,
            bare: None,
            had_token: false,
            rejected: false,
            failures_in_a_row: 0,
            pause_until: None,
            last_use: 0,
        }
    }

    /// The token that may still be used.
    pub(super) fn live(&self, now: Now) -> Option<Arc<Token>> {
        let supplied = self.supplied.as_ref().filter(|token| token.is_live(now));
        supplied.cloned().or_else(|| self.attached.as_ref()?.source.live(now))
    }

    /// The living token at once. `None`: there is none, or its renewal is to be waited for.
    pub(super) fn serve(&self, hooked: bool, background: bool, now: Now) -> Option<CachedToken> {
        let supplied = self.supplied.as_ref().filter(|token| token.is_live(now));
        if let Some(token) = supplied {
            let wanted = token.is_due(now) && self.may_acquire(now);
            let epoch = self.cell.value();
            let look_again_at = self.look_again_at(token, now);
            let served = Served { token: token.clone(), look_again_at, epoch };
            return hand_out(served, self.cell, wanted, background);
        }
        let Attached { source, .. } = self.attached.as_ref()?;
        if hooked {
            let (mut served, due) = source.peek(now)?;
            served.look_again_at =
                self.look_again_at(&served.token, now).or_earlier(served.look_again_at);
            return hand_out(served, source.cell(), due && self.may_acquire(now), background);
        }
        let wanted = self.should_rediscover(now) && self.may_acquire(now);
        hand_out(source.serve(now)?, source.cell(), wanted, true)
    }

    /// The source that can be asked without an acquisition.
    pub(super) fn source(&self, now: Now) -> Option<&Arc<TokenSource>> {
        self.attached
            .as_ref()
            .filter(|_| !self.should_rediscover(now))
            .map(|attached| &attached.source)
    }

    fn should_rediscover(&self, now: Now) -> bool {
        let stale_at = self.attached.as_ref().and_then(|attached| attached.stale_at);
        stale_at.is_some_and(|stale_at| now.has_reached(stale_at)) || self.endpoint_is_gone()
    }

    /// True when the endpoint was discovered, and has answered that it is gone.
    pub(super) fn endpoint_is_gone(&self) -> bool {
        self.attached.as_ref().is_some_and(|Attached { source, stale_at, .. }| {
            stale_at.is_some() && source.endpoint_is_gone()
        })
    }

    fn may_acquire(&self, now: Now) -> bool {
        self.acquisition.is_none() && self.pause_until.is_none_or(|until| now.has_reached(until))
    }

    fn look_again_at(&self, token: &Token, now: Now) -> Now {
        let under_way = self.acquisition.is_some();
        token.schedule.map_or(now, |schedule| schedule.next_look(under_way, self.pause_until, now))
    }

    /// The source of the latest acquisition. A token that the hook has supplied before it served
    /// until there was another one.
    pub(super) fn attach(&mut self, source: &Arc<TokenSource>, stale_at: Option<Now>) {
        self.announce();
        let counted = match &self.attached {
            Some(attached) if Arc::ptr_eq(&attached.source, source) => attached.counted,
            _ => source.unattended(),
        };
        self.attached = Some(Attached { source: source.clone(), stale_at, counted });
    }

    /// True if the source holds no token that the new one would have to wait for.
    pub(super) fn has_no_living_source(&self, now: Now) -> bool {
        self.attached.as_ref().is_none_or(|attached| attached.source.live(now).is_none())
    }

    pub(super) fn forget_supplied(&mut self) {
        self.supplied = None;
    }

    /// A hook that supplies a token is asked again after it, whatever others have requested meanwhile.
    pub(super) fn keep_supplied(&mut self, token: &Arc<Token>, now: Now) {
        self.announce();
        self.attached = None;
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

    /// Whoever holds a token of this slot looks again.
    pub(super) fn announce(&self) {
        self.cell.advance();
        if let Some(attached) = &self.attached {
            attached.source.cell().advance();
        }
    }

    /// Counts the renewals of the source that nobody waited for, as far as they are not counted yet.
    pub(super) fn count_unattended(&mut self, stats: &mut Counts) {
        let Some(attached) = &mut self.attached else { return };
        let latest = attached.source.unattended();
        let renewals = latest.renewals - attached.counted.renewals;
        let failures = latest.failures - attached.counted.failures;
        stats.token_requests += renewals;
        stats.renewals += renewals;
        stats.failures += failures;
        if failures > 0 {
            stats.last_error = latest.last_error;
        }
        attached.counted = latest;
    }

    /// Drops the token with this header, or whichever there is.
    pub(super) fn invalidate(&mut self, header: Option<&str>) -> bool {
        let refused = |token: &mut Arc<Token>| header.is_none_or(|header| token.header() == header);
        let supplied = self.supplied.take_if(refused).is_some();
        let bare = self.bare.take_if(|bare| header.is_none_or(|header| *bare == digest(header)));
        let requested =
            self.attached.as_ref().is_some_and(|Attached { source, .. }| match header {
                Some(header) => source.reject(header),
                None => source.clear(),
            });
        if header.is_none() {
            // Its callers still get what it brings; later ones start anew.
            self.acquisition = None;
        }
        let dropped = supplied || bare.is_some() || requested;
        self.rejected |= dropped || header.is_none();
        if dropped {
            self.pause_until = None;
            self.announce();
        }
        dropped
    }
}

fn hand_out(
    served: Served,
    cell: EpochCell,
    acquisition_wanted: bool,
    background: bool,
) -> Option<CachedToken> {
    let Served { token, look_again_at, epoch } = served;
    (background || !acquisition_wanted).then(|| CachedToken {
        token,
        look_again_at,
        cell: cell.index(),
        epoch,
        acquisition_wanted,
    })
}

fn digest(header: &str) -> Fingerprint {
    let mut fields = Fingerprinter::new("bare token");
    fields.field(header.as_bytes());
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_acquisitions_pause_longer_and_longer() {
        let mut slot = Slot::new();
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
