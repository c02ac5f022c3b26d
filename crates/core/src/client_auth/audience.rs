//! `aud` of an assertion: whom it is for (RFC 7523 §3; RFC 10070; AF-4).

use std::borrow::Cow;
use std::sync::Arc;

/// `audience`, as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The URL that the assertion is sent to, byte for byte.
    #[default]
    TokenEndpoint,
    /// The authorization server's issuer.
    Issuer,
    /// These words.
    Literal(String),
}

/// Where `aud` comes from. What the user has not chosen is the URL that the assertion is sent to, so that
/// no server can have one made that is good at another (RFC 10070).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum AudienceSource {
    #[default]
    TokenEndpoint,
    /// From the settings.
    Given(Arc<str>),
    /// The issuer that discovery has named and its own metadata has confirmed.
    ConfirmedIssuer,
}

/// Never normalised (SD-10). `force_http` swaps the scheme and nothing else.
pub(super) fn in_words(audience: &str, force_http: bool) -> Cow<'_, str> {
    const HTTPS: &str = "https:";
    match audience.split_at_checked(HTTPS.len()) {
        Some((scheme, rest)) if force_http && scheme.eq_ignore_ascii_case(HTTPS) => {
            Cow::Owned(format!("http:{rest}"))
        }
        _ => Cow::Borrowed(audience),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forcing_http_swaps_the_scheme_and_nothing_else() {
        assert_eq!(in_words("https://h:443/a/../t?x=https:", true), "http://h:443/a/../t?x=https:");
        assert_eq!(in_words("HTTPS://Host/x", true), "http://Host/x");
        assert_eq!(in_words("http://h/x", true), "http://h/x");
        assert_eq!(in_words("urn:example:https:", true), "urn:example:https:");
    }

    proptest! {
        #[test]
        fn without_forcing_any_audience_stays_as_it_is(audience in ".*") {
            prop_assert_eq!(in_words(&audience, false), audience.as_str());
        }
    }
}
