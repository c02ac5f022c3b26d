//! What the assertions of a client say, whoever signs them (RFC 7521 §4.2, RFC 7523 §3).

use std::borrow::Cow;

use super::audience::{self, AudienceSource};
use crate::clock::Now;
use crate::fingerprint::Fingerprinter;

/// Servers refuse an assertion from the future; ours is never younger than a clock that lags this much.
const BACKDATE_SECONDS: u64 = 5;

/// Of everything but the signer.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssertionTerms {
    /// From now to `exp`, as far as `LONGEST_LIFETIME` leaves room for the backdate.
    pub(crate) lifetime_seconds: u16,
    /// Whether there is an `iat`.
    pub(crate) issued_at: bool,
    /// Whether there is an `nbf`, of the value that `iat` has.
    pub(crate) not_before: bool,
    /// `typ` of the header; some servers take none but their own, others none at all (QK-18).
    pub(crate) typ: Option<String>,
    /// Whether the form says once more who asks (RFC 7521 §4.2).
    pub(crate) include_client_id: bool,
    /// Whom they are for.
    pub(crate) audience: AudienceSource,
    /// For servers behind a proxy that ends TLS: `aud` says `http:` where the URL says `https:`.
    pub(crate) force_http_in_audience: bool,
}

/// When an assertion begins and ends, in seconds of the epoch.
pub(super) struct Validity {
    pub(super) dated: u64,
    pub(super) exp: u64,
}

impl Default for AssertionTerms {
    fn default() -> Self {
        Self {
            // Not over yet where the server's clock is two minutes ahead, and not beyond SMART's 300
            // seconds where it is as far behind.
            lifetime_seconds: 170,
            issued_at: true,
            not_before: false,
            typ: Some("JWT".to_owned()),
            include_client_id: false,
            audience: AudienceSource::default(),
            force_http_in_audience: false,
        }
    }
}

impl AssertionTerms {
    /// SMART's bound, which servers measure from now, from `iat` and from `nbf` (QK-7).
    pub(crate) const LONGEST_LIFETIME: u16 = 300;

    pub(super) fn validity(&self, now: Now) -> Validity {
        let now = now.epoch_seconds();
        let dated = now.saturating_sub(BACKDATE_SECONDS);
        let latest = dated + u64::from(Self::LONGEST_LIFETIME);
        Validity { dated, exp: (now + u64::from(self.lifetime_seconds)).min(latest) }
    }

    /// `aud`, as it is written.
    pub(super) fn aud<'a>(&self, audience: &'a str) -> Cow<'a, str> {
        audience::in_words(audience, self.force_http_in_audience)
    }

    /// All but the audience, whose words the token request has.
    pub(super) fn identify(&self, fields: &mut Fingerprinter) {
        let switches =
            [self.issued_at, self.not_before, self.include_client_id, self.force_http_in_audience];
        fields
            .field(&self.lifetime_seconds.to_be_bytes())
            .field(&switches.map(u8::from))
            .optional(self.typ.as_deref().map(str::as_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lifetime_makes_an_assertion_longer_than_300_seconds_from_its_date() {
        let now = Now::read();
        for lifetime_seconds in [1, 170, 295, 296, 300] {
            let terms = AssertionTerms { lifetime_seconds, ..AssertionTerms::default() };
            let Validity { dated, exp } = terms.validity(now);
            assert!(exp > now.epoch_seconds(), "it is still good when it is sent");
            assert!(dated < now.epoch_seconds() && exp - dated <= 300, "{lifetime_seconds}");
            assert_eq!(exp - now.epoch_seconds(), u64::from(lifetime_seconds.min(295)));
        }
    }
}
