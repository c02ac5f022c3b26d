//! From a lifetime to the two moments that matter: when to renew, and when it is over.

use std::time::Duration;

use crate::clock::Now;

/// Servers name years; what they mean is not worth trusting for longer than a day.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const LARGEST_DEFAULT_MARGIN: Duration = Duration::from_secs(30);

/// When to renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RenewalPolicy {
    /// Before the end; `None`: min(30 s, 20 % of the lifetime).
    pub(crate) margin: Option<Duration>,
    /// Where the server names no lifetime.
    pub(crate) default_lifetime: Duration,
}

/// A token's times, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) renews_at: Now,
    pub(crate) expires_at: Now,
}

impl RenewalPolicy {
    /// `sent_at`: when the request left, so that the time it took is never counted as lifetime.
    pub(crate) fn schedule(&self, sent_at: Now, lifetime: Duration) -> Schedule {
        let lifetime = lifetime.min(LONGEST_LIFETIME);
        let margin = self.margin.unwrap_or_else(|| LARGEST_DEFAULT_MARGIN.min(lifetime / 5));
        // A margin never eats a short token.
        let margin = margin.min(lifetime / 2);
        Schedule {
            renews_at: sent_at.plus(lifetime.saturating_sub(margin)),
            expires_at: sent_at.plus(lifetime),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn renewal_point(margin: Option<u64>, lifetime: u64) -> Duration {
        let policy = RenewalPolicy {
            margin: margin.map(Duration::from_secs),
            default_lifetime: Duration::from_secs(300),
        };
        let start = Now::read();
        let schedule = policy.schedule(start, Duration::from_secs(lifetime));
        schedule.renews_at.monotonic - start.monotonic
    }

    #[test]
    fn the_margin_is_30_seconds_or_a_fifth_of_a_short_lifetime() {
        assert_eq!(renewal_point(None, 3600), Duration::from_secs(3570));
        assert_eq!(renewal_point(None, 300), Duration::from_secs(270));
        assert_eq!(renewal_point(None, 5), Duration::from_secs(4));
    }

    #[test]
    fn a_margin_of_the_users_never_takes_more_than_half() {
        assert_eq!(renewal_point(Some(120), 3600), Duration::from_secs(3480));
        assert_eq!(renewal_point(Some(120), 60), Duration::from_secs(30));
    }

    #[test]
    fn a_lifetime_of_years_counts_as_a_day() {
        assert_eq!(renewal_point(None, u64::MAX / 4), Duration::from_secs(86_400 - 30));
    }

    proptest! {
        #[test]
        fn a_token_is_renewed_within_its_lifetime(margin in proptest::option::of(0_u64..100_000), lifetime in 1_u64..1_000_000) {
            let policy = RenewalPolicy {
                margin: margin.map(Duration::from_secs),
                default_lifetime: Duration::from_secs(300),
            };
            let start = Now::read();
            let schedule = policy.schedule(start, Duration::from_secs(lifetime));
            prop_assert!(schedule.renews_at.monotonic > start.monotonic);
            prop_assert!(schedule.renews_at.monotonic <= schedule.expires_at.monotonic);
        }
    }
}
