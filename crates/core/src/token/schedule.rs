//! From a lifetime to the two moments that matter: when to renew, and when it is over.

use std::time::Duration;

use crate::clock::Now;
use crate::fingerprint::Fingerprinter;

/// Servers name years; what they mean is not worth trusting for longer than a day.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const LARGEST_DEFAULT_MARGIN: Duration = Duration::from_secs(30);

/// When to renew, and how long a refusal stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RenewalPolicy {
    /// Before the end; `None`: min(30 s, 20 % of the lifetime).
    pub(crate) margin: Option<Duration>,
    /// Share of the margin by which the renewal point moves earlier at most, from 0 to 1.
    pub(crate) jitter: f64,
    /// False: the call that finds the token due waits for the next one.
    pub(crate) background: bool,
    /// Where the server names no lifetime.
    pub(crate) default_lifetime: Duration,
    /// The longest time that a terminal error answers for the server.
    pub(crate) failure_cooldown: Duration,
}

/// A token's times, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) renews_at: Now,
    pub(crate) expires_at: Now,
    pub(crate) lifetime: Duration,
}

impl RenewalPolicy {
    /// Nobody renews by somebody else's rules: they are part of a source's identity.
    pub(crate) fn identify(&self, fields: &mut Fingerprinter) {
        fields
            .optional(
                self.margin
                    .map(|margin| margin.as_nanos().to_be_bytes())
                    .as_ref()
                    .map(<[u8; 16]>::as_slice),
            )
            .field(&self.jitter.to_be_bytes())
            .field(&[u8::from(self.background)])
            .field(&self.default_lifetime.as_nanos().to_be_bytes())
            .field(&self.failure_cooldown.as_nanos().to_be_bytes());
    }

    /// `sent_at`: when the request left, so that the time it took is never counted as lifetime.
    /// `took`: how long the answer was in coming; the next one may take as long, and has to be
    /// there before the end. `chance`, from 0 to 1: where within the jitter.
    pub(crate) fn schedule(
        &self,
        sent_at: Now,
        took: Duration,
        lifetime: Duration,
        chance: f64,
    ) -> Schedule {
        let lifetime = lifetime.min(LONGEST_LIFETIME);
        let margin = self.margin.unwrap_or_else(|| LARGEST_DEFAULT_MARGIN.min(lifetime / 5));
        let early = margin.mul_f64(1.0 + self.jitter * chance).saturating_add(took);
        // A margin never eats a short token.
        let early = early.min(lifetime / 2);
        Schedule {
            renews_at: sent_at.plus(lifetime.saturating_sub(early)),
            expires_at: sent_at.plus(lifetime),
            lifetime,
        }
    }
}

impl Schedule {
    /// When whoever holds the token has to look at it again. `under_way`: its renewal, whose result is
    /// announced. `pause`: until then no renewal begins.
    pub(crate) fn next_look(&self, under_way: bool, pause: Option<Now>, now: Now) -> Now {
        let next = match pause {
            _ if under_way => self.expires_at,
            Some(pause) if now.has_reached(self.renews_at) => pause,
            _ => self.renews_at,
        };
        // A renewal that nobody sees to is nothing to come back for every time.
        if now.has_reached(next) { self.expires_at } else { next.or_earlier(self.expires_at) }
    }
}

#[cfg(any(test, fuzzing))]
impl RenewalPolicy {
    /// The defaults, without chance.
    pub(crate) const PLAIN: Self = Self {
        margin: None,
        jitter: 0.0,
        background: true,
        default_lifetime: Duration::from_secs(300),
        failure_cooldown: Duration::from_secs(10),
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn renewal_point(policy: &RenewalPolicy, took: u64, lifetime: u64, chance: f64) -> Duration {
        let start = Now::read();
        let (took, lifetime) = (Duration::from_secs(took), Duration::from_secs(lifetime));
        let schedule = policy.schedule(start, took, lifetime, chance);
        schedule.renews_at.monotonic - start.monotonic
    }

    fn with_margin(seconds: u64) -> RenewalPolicy {
        RenewalPolicy { margin: Some(Duration::from_secs(seconds)), ..RenewalPolicy::PLAIN }
    }

    #[test]
    fn the_margin_is_30_seconds_or_a_fifth_of_a_short_lifetime() {
        let point = |lifetime| renewal_point(&RenewalPolicy::PLAIN, 0, lifetime, 1.0);
        assert_eq!(point(3600), Duration::from_secs(3570));
        assert_eq!(point(300), Duration::from_secs(270));
        assert_eq!(point(5), Duration::from_secs(4));
    }

    #[test]
    fn a_margin_of_the_users_never_takes_more_than_half() {
        assert_eq!(renewal_point(&with_margin(120), 0, 3600, 0.0), Duration::from_secs(3480));
        assert_eq!(renewal_point(&with_margin(120), 0, 60, 0.0), Duration::from_secs(30));
    }

    #[test]
    fn jitter_moves_the_point_earlier_by_up_to_its_share_of_the_margin() {
        let policy = RenewalPolicy { jitter: 0.2, ..RenewalPolicy::PLAIN };
        assert_eq!(renewal_point(&policy, 0, 3600, 0.0), Duration::from_secs(3570));
        assert_eq!(renewal_point(&policy, 0, 3600, 0.5), Duration::from_secs(3567));
        assert_eq!(renewal_point(&policy, 0, 3600, 1.0), Duration::from_secs(3564));
    }

    #[test]
    fn a_slow_server_is_asked_earlier_by_the_time_that_it_takes() {
        assert_eq!(renewal_point(&RenewalPolicy::PLAIN, 20, 3600, 0.0), Duration::from_secs(3550));
        assert_eq!(renewal_point(&RenewalPolicy::PLAIN, 9, 10, 0.0), Duration::from_secs(5));
    }

    #[test]
    fn a_lifetime_of_years_counts_as_a_day() {
        let point = renewal_point(&RenewalPolicy::PLAIN, 0, u64::MAX / 4, 0.0);
        assert_eq!(point, Duration::from_secs(86_400 - 30));
    }

    proptest! {
        #[test]
        fn a_token_is_renewed_in_the_second_half_of_its_lifetime(
            margin in proptest::option::of(0_u64..100_000),
            jitter in 0.0..=1.0,
            took in 0_u64..1_000_000,
            lifetime in 1_u64..1_000_000,
            chance in 0.0..=1.0,
        ) {
            let margin = margin.map(Duration::from_secs);
            let policy = RenewalPolicy { margin, jitter, ..RenewalPolicy::PLAIN };
            let start = Now::read();
            let lifetime = Duration::from_secs(lifetime);
            let schedule = policy.schedule(start, Duration::from_secs(took), lifetime, chance);
            let lifetime = schedule.expires_at.monotonic - start.monotonic;
            prop_assert!(schedule.renews_at.monotonic >= start.monotonic + lifetime / 2);
            prop_assert!(schedule.renews_at.monotonic <= schedule.expires_at.monotonic);
        }
    }
}
