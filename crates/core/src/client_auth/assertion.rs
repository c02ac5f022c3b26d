//! The client assertion of `private_key_jwt` (RFC 7523 §2.2, §3; SMART client-confidential-asymmetric).

use std::borrow::Cow;
use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::clock::Now;
use crate::error::Error;
use crate::keys::{SigningFailed, SigningKey};
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
    kid: &'a str,
    typ: &'a str,
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

/// A new one-time assertion.
pub(super) async fn sign(
    key: &Arc<SigningKey>,
    client_id: &str,
    audience: &str,
    now: Now,
) -> Result<Secret, Error> {
    let now = now.epoch_seconds();
    let claims = Claims {
        iss: client_id,
        sub: client_id,
        aud: audience,
        exp: now + LIFETIME_SECONDS,
        jti: &unguessable_id()?,
        iat: Some(now.saturating_sub(BACKDATE_SECONDS)),
    };
    let input = signing_input(key, &claims)?;
    let signature = key.sign_apart(&input).await;
    serialize(input, signature)
}

/// Compact serialisation (RFC 7515 §7.1). `jsonwebtoken` would parse the key again for every
/// signature, which costs as much as signing.
fn signing_input(key: &SigningKey, claims: &Claims<'_>) -> Result<String, Error> {
    let header = Header { alg: key.algorithm.as_str(), kid: &key.key_id, typ: "JWT" };
    let mut input = String::with_capacity(1024);
    append_json(&mut input, &header)?;
    input.push('.');
    append_json(&mut input, claims)?;
    Ok(input)
}

fn serialize(input: String, signature: Result<Vec<u8>, SigningFailed>) -> Result<Secret, Error> {
    let signature = signature.map_err(|_| Error::Internal {
        reason: "the cryptographic library refused to sign".to_owned(),
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
    use crate::keys::jwk;

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
        jwk::parse(jwks).unwrap().select(None).unwrap().key
    }

    fn encode(key: &SigningKey, claims: &Claims<'_>) -> Result<Secret, Error> {
        let input = signing_input(key, claims)?;
        let signature = key.sign(input.as_bytes());
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
        let assertion = sign(&key, "client", "https://h/token", now).await.unwrap();
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
