//! Two clocks read together: the monotonic one, which nobody sets, and the wall clock, which
//! goes on while the machine is suspended (architecture, "Time").

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub(crate) monotonic: Instant,
    pub(crate) wall: SystemTime,
}

impl Now {
    /// Both clocks, now.
    #[must_use]
    pub fn read() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// This reading moved forward on both clocks.
    pub(crate) fn plus(self, duration: Duration) -> Self {
        /// Later than anything that counts here, and within what the clocks hold.
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
        let duration = duration.min(CENTURY);
        Self {
            monotonic: self.monotonic.checked_add(duration).unwrap_or(self.monotonic),
            wall: self.wall.checked_add(duration).unwrap_or(self.wall),
        }
    }

    /// True once either clock has reached `end`: the earlier one wins.
    pub(crate) fn has_reached(self, end: Self) -> bool {
        self.monotonic >= end.monotonic || self.wall >= end.wall
    }

    /// The earlier of the two on each clock.
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        Self { monotonic: self.monotonic.min(other.monotonic), wall: self.wall.min(other.wall) }
    }

    /// How long until `end`, by the monotonic clock alone.
    #[must_use]
    pub fn monotonic_until(self, end: Self) -> Duration {
        end.monotonic.saturating_duration_since(self.monotonic)
    }

    /// How long until `end`, by the clock that gets there first.
    #[must_use]
    pub fn until(self, end: Self) -> Duration {
        let wall = end.wall.duration_since(self.wall).unwrap_or(Duration::ZERO);
        end.monotonic.saturating_duration_since(self.monotonic).min(wall)
    }

    /// Seconds since 1970 (RFC 7519 NumericDate).
    pub(crate) fn epoch_seconds(self) -> u64 {
        self.wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Milliseconds since 1970, as a JavaScript `Date` counts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "2^53 ms are 285,000 years")]
    pub fn epoch_milliseconds(self) -> f64 {
        self.wall.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_far_away_for_a_clock_is_still_in_the_future() {
        let now = Now::read();
        assert!(!now.has_reached(now.plus(Duration::MAX)));
    }

    #[test]
    fn an_end_is_reached_when_either_clock_has_reached_it() {
        let start = Now::read();
        let end = start.plus(Duration::from_secs(10));
        assert!(!start.has_reached(end));
        assert!(start.plus(Duration::from_secs(10)).has_reached(end));
        // Suspended: the wall clock went on alone.
        let resumed = Now { wall: start.wall + Duration::from_secs(11), ..start };
        assert!(resumed.has_reached(end));
        // Set back: the monotonic clock still knows.
        let set_back = Now {
            monotonic: start.monotonic + Duration::from_secs(11),
            wall: start.wall - Duration::from_secs(3600),
        };
        assert!(set_back.has_reached(end));
    }
}
