//! `client_secret_jwt`: an assertion that the client secret authenticates (RFC 7523 §2.2; OpenID Connect
//! Core 1.0 §9).

use aws_lc_rs::hmac;

use super::assertion::{self, Assertion};
use super::terms::AssertionTerms;
use crate::clock::Now;
use crate::error::{Error, Problem};
use crate::secret::Secret;

/// A client that proves that it knows its secret, without sending it.
#[derive(Clone, Debug)]
pub(crate) struct ClientSecretJwt {
    pub(crate) secret: Secret,
    pub(crate) terms: AssertionTerms,
}

impl ClientSecretJwt {
    /// The one that a secret can sign here.
    pub(super) const ALGORITHM: &str = "HS256";
    /// No key may be shorter than the hash (RFC 7518 §3.2).
    const SHORTEST_SECRET: usize = 32;

    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.secret.expose().len() >= Self::SHORTEST_SECRET {
            return Ok(());
        }
        Err(Problem::config(format!(
            "clientAuthMethod client_secret_jwt needs a clientSecret of at least {} octets (RFC 7518 §3.2); \
             have the server issue a longer one, or use client_secret_basic",
            Self::SHORTEST_SECRET
        )))
    }

    /// A new assertion. Without `kid`: there is one secret.
    pub(super) fn sign(&self, client_id: &str, audience: &str, now: Now) -> Result<Secret, Error> {
        let audience = self.terms.aud(audience);
        let assertion = Assertion {
            algorithm: Self::ALGORITHM,
            key_id: None,
            jwks_url: None,
            sha1_thumbprint: None,
            sha256_thumbprint: None,
            chain: None,
            client_id,
            audience: &audience,
            terms: &self.terms,
        };
        let input = assertion.dated(now)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let tag = hmac::sign(&key, input.as_bytes());
        Ok(assertion::serialize(input, tag.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn method(secret: &str) -> ClientSecretJwt {
        let secret = Secret::new(secret.to_owned());
        ClientSecretJwt { secret, terms: AssertionTerms::default() }
    }

    #[test]
    fn the_secret_authenticates_an_assertion_without_a_kid() {
        let secret = "a-secret-of-thirty-two-octets-xx";
        let signed = method(secret).sign("client", "https://h/token", Now::read()).unwrap();
        let (input, tag) = signed.expose().rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, input.as_bytes(), &URL_SAFE_NO_PAD.decode(tag).unwrap()).unwrap();
        let header = URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }

    #[test]
    fn a_secret_has_as_many_octets_as_the_hash_and_letters_may_have_several() {
        assert!(method(&"a".repeat(32)).check().is_ok());
        assert!(method(&"ä".repeat(16)).check().is_ok());
        let refused = method("s3cret").check().unwrap_err();
        assert!(refused.message.contains("at least 32 octets"));
        assert!(!format!("{refused:?} {:?}", method("s3cret")).contains("s3cret"));
    }
}
