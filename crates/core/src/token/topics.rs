//! What the words of a refusal are about: servers say it there, whatever they put into `error` (QK-11).

/// Something that a server can have against a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// `kid`, the key set, the signature.
    Key,
    /// What the client proves itself with.
    Credentials,
    /// `aud`
    Audience,
    /// `exp`, `iat`, `nbf`
    Time,
    /// A `jti` that was seen before.
    Replay,
    Scope,
}

/// The topics of one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Topics(u8);

/// Words are compared whole, so that `explain` is not about `exp`.
const WORDS: [(Topic, &[&str]); 6] = [
    (Topic::Key, &["kid", "jwk", "jwks", "key", "keys", "signature"]),
    (Topic::Credentials, &["credential", "credentials", "secret", "assertion"]),
    (Topic::Audience, &["aud", "audience"]),
    (
        Topic::Time,
        &[
            "exp",
            "iat",
            "nbf",
            "expired",
            "expires",
            "expiration",
            "expiry",
            "future",
            "lifetime",
            "clock",
        ],
    ),
    (Topic::Replay, &["jti", "replay", "replayed"]),
    (Topic::Scope, &["scope", "scopes"]),
];

impl Topics {
    pub(super) fn of(text: &str) -> Self {
        let mut topics = 0;
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            for (topic, words) in WORDS {
                if words.iter().any(|other| other.eq_ignore_ascii_case(word)) {
                    topics |= topic.bit();
                }
            }
        }
        Self(topics)
    }

    pub(super) const fn has(self, topic: Topic) -> bool {
        self.0 & topic.bit() != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Topic {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_in_the_words_of_known_servers() {
        for (text, topic) in [
            ("Invalid 'aud' claim", Topic::Audience),
            ("urn:cerner:error:authorization-server:oauth2:grant:empty-scopes", Topic::Scope),
            ("Token is not active, or issued in the future", Topic::Time),
            ("The JTI has already been used", Topic::Replay),
            ("No JWK found for kid 7", Topic::Key),
            ("Invalid client or Invalid client credentials", Topic::Credentials),
        ] {
            assert!(Topics::of(text).has(topic), "{text}");
        }
        assert!(Topics::of("explain the keyboard of our audiences").is_empty());
    }
}
