//! The client assertion of `private_key_jwt` (RFC 7523 §2.2, §3; SMART client-confidential-asymmetric).

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::clock::Now;
use crate::error::Error;
use crate::keys::{SigningAlgorithm, SigningFailed, SigningKey};
use crate::secret::Secret;

/// `client_assertion_type`
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Under SMART's 300 seconds, with a minute to spare for a client clock that runs ahead.
const LIFETIME_SECONDS: u64 = 240;
/// Servers refuse an assertion from the future; ours is never younger than a clock that lags this much.
const BACKDATE_SECONDS: u64 = 5;

/// Member order is that of the examples in the SMART guide, so that its RS384 assertion comes out
/// byte for byte (JW-11).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jku: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<&'a str>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5c: Option<&'a [String]>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
}

/// The token endpoint as a string, never normalised (SD-10). `force_http` swaps the scheme and nothing else.
pub(super) fn audience(token_endpoint: &str, force_http: bool) -> Cow<'_, str> {
    const HTTPS: &str = "https:";
    match token_endpoint.split_at_checked(HTTPS.len()) {
        Some((scheme, rest)) if force_http && scheme.eq_ignore_ascii_case(HTTPS) => {
            Cow::Owned(format!("http:{rest}"))
        }
        _ => Cow::Borrowed(token_endpoint),
    }
}

/// What an assertion says.
pub(super) struct Assertion<'a> {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) key_id: Option<&'a str>,
    pub(super) jwks_url: Option<&'a str>,
    pub(super) sha1_thumbprint: Option<String>,
    pub(super) sha256_thumbprint: Option<String>,
    /// `x5c`
    pub(super) chain: Option<Vec<String>>,
    pub(super) client_id: &'a str,
    pub(super) audience: &'a str,
}

impl Assertion<'_> {
    /// Signed, and good for one request.
    pub(super) async fn sign(&self, key: &Arc<SigningKey>, now: Now) -> Result<Secret, Error> {
        let now = now.epoch_seconds();
        let claims = Claims {
            iss: self.client_id,
            sub: self.client_id,
            aud: self.audience,
            exp: now + LIFETIME_SECONDS,
            jti: &unguessable_id()?,
            iat: Some(now.saturating_sub(BACKDATE_SECONDS)),
        };
        let input = self.signing_input(&claims)?;
        let signature = key.sign_apart(self.algorithm, &input).await;
        serialize(input, signature)
    }

    /// Compact serialisation (RFC 7515 §7.1). `jsonwebtoken` would parse the key again for every
    /// signature, which costs as much as signing.
    fn signing_input(&self, claims: &Claims<'_>) -> Result<String, Error> {
        let header = Header {
            alg: self.algorithm.as_str(),
            kid: self.key_id,
            typ: "JWT",
            jku: self.jwks_url,
            x5t: self.sha1_thumbprint.as_deref(),
            x5t_s256: self.sha256_thumbprint.as_deref(),
            x5c: self.chain.as_deref(),
        };
        let mut input = String::with_capacity(1024);
        append_json(&mut input, &header)?;
        input.push('.');
        append_json(&mut input, claims)?;
        Ok(input)
    }
}

fn serialize(input: String, signature: Result<Vec<u8>, SigningFailed>) -> Result<Secret, Error> {
    let signature = signature.map_err(|failed| match failed {
        SigningFailed::External(failure) => Error::Signer(failure),
        SigningFailed::Refused => {
            Error::Internal { reason: "the cryptographic library refused to sign".to_owned() }
        }
    })?;
    let mut assertion = input;
    assertion.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut assertion);
    Ok(Secret::new(assertion))
}

fn append_json(assertion: &mut String, part: &impl Serialize) -> Result<(), Error> {
    let json =
        serde_json::to_vec(part).map_err(|error| Error::Internal { reason: error.to_string() })?;
    URL_SAFE_NO_PAD.encode_string(json, assertion);
    Ok(())
}

/// 128 random bits in hexadecimal: within the length limits of every server (SA-4).
fn unguessable_id() -> Result<String, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)
        .map_err(|_| Error::Internal { reason: "the system gave no random numbers".to_owned() })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
    use proptest::prelude::*;

    use super::*;
    use crate::keys::{KeyChoice, jwk};

    const RS384: &str =
        include_str!("../../../../__test__/fixtures/smart-app-launch/RS384.private.json");
    const ES384: &str =
        include_str!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
    const RS384_ASSERTION: &str =
        include_str!("../../../../__test__/fixtures/smart-app-launch/RS384.assertion.txt");

    /// The claims of the examples in the SMART guide.
    const GUIDE: Claims<'_> = Claims {
        iss: "https://bili-monitor.example.com",
        sub: "https://bili-monitor.example.com",
        aud: "https://authorize.smarthealthit.org/token",
        exp: 1_422_568_860,
        jti: "random-non-reusable-jwt-id-123",
        iat: None,
    };

    fn key(jwks: &str) -> SigningKey {
        jwk::parse(jwks).unwrap().select(&KeyChoice::default()).unwrap().key
    }

    fn assertion(key: &SigningKey) -> Assertion<'_> {
        Assertion {
            algorithm: key.algorithm(),
            key_id: Some(&key.key_id),
            jwks_url: None,
            sha1_thumbprint: None,
            sha256_thumbprint: None,
            chain: None,
            client_id: "client",
            audience: "https://h/token",
        }
    }

    fn encode(key: &SigningKey, claims: &Claims<'_>) -> Result<Secret, Error> {
        let input = assertion(key).signing_input(claims)?;
        let signature = key.sign(key.algorithm(), input.as_bytes());
        serialize(input, signature)
    }

    #[test]
    fn the_rs384_assertion_of_the_guide_is_reproduced_byte_for_byte() {
        assert_eq!(encode(&key(RS384), &GUIDE).unwrap().expose(), RS384_ASSERTION.trim_end());
    }

    #[test]
    fn an_es384_assertion_with_the_claims_of_the_guide_verifies() {
        let key = key(ES384);
        let assertion = encode(&key, &GUIDE).unwrap();
        let (input, signature) = assertion.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert_eq!(signature.len(), 96);
        let jwk = key.public.to_jwk("", None);
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
            .verify(input.as_bytes(), &signature)
            .unwrap();
    }

    #[tokio::test]
    async fn claims_are_dated_so_that_strict_servers_accept_them() {
        let now = Now::read();
        let key = Arc::new(key(ES384));
        let assertion = assertion(&key).sign(&key, now).await.unwrap();
        let claims = assertion.expose().split('.').nth(1).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
        assert!(iat < now.epoch_seconds());
        assert!(exp > now.epoch_seconds() && exp - iat < 300);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
        assert!(claims.get("nbf").is_none());
    }

    #[test]
    fn forcing_http_swaps_the_scheme_and_nothing_else() {
        assert_eq!(audience("https://h:443/a/../t?x=https:", true), "http://h:443/a/../t?x=https:");
        assert_eq!(audience("HTTPS://Host/x", true), "http://Host/x");
        assert_eq!(audience("http://h/x", true), "http://h/x");
    }

    proptest! {
        #[test]
        fn without_forcing_any_endpoint_is_its_own_audience(endpoint in ".*") {
            prop_assert_eq!(audience(&endpoint, false), endpoint.as_str());
        }
    }
}
