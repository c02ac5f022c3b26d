//! The client assertion (RFC 7523 §2.2, §3; SMART client-confidential-asymmetric).

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::terms::{AssertionTerms, Validity};
use crate::clock::Now;
use crate::error::Error;
use crate::keys::{SigningAlgorithm, SigningFailed, SigningKey};
use crate::secret::Secret;

/// `client_assertion_type`
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Member order is that of the examples in the SMART guide, so that its RS384 assertion comes out
/// byte for byte (JW-11).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
}

/// What an assertion says.
pub(super) struct Assertion<'a> {
    pub(super) algorithm: &'static str,
    pub(super) key_id: Option<&'a str>,
    pub(super) jwks_url: Option<&'a str>,
    pub(super) sha1_thumbprint: Option<String>,
    pub(super) sha256_thumbprint: Option<String>,
    /// `x5c`
    pub(super) chain: Option<Vec<String>>,
    pub(super) client_id: &'a str,
    pub(super) audience: &'a str,
    pub(super) terms: &'a AssertionTerms,
}

impl Assertion<'_> {
    /// Signed, and good for one request.
    pub(super) async fn sign(
        &self,
        key: &Arc<SigningKey>,
        algorithm: SigningAlgorithm,
        now: Now,
    ) -> Result<Secret, Error> {
        let input = self.dated(now)?;
        let signature = key.sign_apart(algorithm, &input).await.map_err(|failed| match failed {
            SigningFailed::External(failure) => Error::Signer(failure),
            SigningFailed::Refused => {
                Error::Internal { reason: "the cryptographic library refused to sign".to_owned() }
            }
        })?;
        Ok(serialize(input, &signature))
    }

    /// What is signed, said now.
    pub(super) fn dated(&self, now: Now) -> Result<String, Error> {
        let Validity { dated, exp } = self.terms.validity(now);
        self.signing_input(&Claims {
            iss: self.client_id,
            sub: self.client_id,
            aud: self.audience,
            exp,
            jti: &unguessable_id()?,
            iat: self.terms.issued_at.then_some(dated),
            nbf: self.terms.not_before.then_some(dated),
        })
    }

    /// Compact serialisation (RFC 7515 §7.1). `jsonwebtoken` would parse the key again for every
    /// signature, which costs as much as signing.
    fn signing_input(&self, claims: &Claims<'_>) -> Result<String, Error> {
        let header = Header {
            alg: self.algorithm,
            kid: self.key_id,
            typ: self.terms.typ.as_deref(),
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

pub(super) fn serialize(input: String, signature: &[u8]) -> Secret {
    let mut assertion = input;
    assertion.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut assertion);
    Secret::new(assertion)
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
        nbf: None,
    };

    fn key(jwks: &str) -> SigningKey {
        jwk::parse(jwks).unwrap().select(&KeyChoice::default()).unwrap().key
    }

    fn assertion<'a>(key: &'a SigningKey, terms: &'a AssertionTerms) -> Assertion<'a> {
        Assertion {
            algorithm: key.algorithm().as_str(),
            key_id: Some(&key.key_id),
            jwks_url: None,
            sha1_thumbprint: None,
            sha256_thumbprint: None,
            chain: None,
            client_id: "client",
            audience: "https://h/token",
            terms,
        }
    }

    fn encode(key: &SigningKey, claims: &Claims<'_>) -> Result<Secret, Error> {
        let input = assertion(key, &AssertionTerms::default()).signing_input(claims)?;
        let signature = key.sign(key.algorithm(), input.as_bytes()).unwrap();
        Ok(serialize(input, &signature))
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

    async fn parts_of(terms: AssertionTerms, now: Now) -> [serde_json::Value; 2] {
        let key = Arc::new(key(ES384));
        let signed = assertion(&key, &terms).sign(&key, key.algorithm(), now).await.unwrap();
        let mut parts = signed.expose().split('.').map(|part| {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap_or_default()
        });
        [parts.next().unwrap(), parts.next().unwrap()]
    }

    #[tokio::test]
    async fn claims_are_dated_so_that_strict_servers_accept_them() {
        let now = Now::read();
        let [_, claims] = parts_of(AssertionTerms::default(), now).await;
        let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
        assert!(iat < now.epoch_seconds());
        assert!(exp > now.epoch_seconds() && exp - iat < 300);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
        assert!(claims.get("nbf").is_none());
    }

    #[tokio::test]
    async fn the_terms_decide_what_is_said_besides_the_necessary() {
        let terms = AssertionTerms {
            issued_at: false,
            not_before: true,
            typ: Some("client-authentication+jwt".to_owned()),
            ..AssertionTerms::default()
        };
        let now = Now::read();
        let [header, claims] = parts_of(terms.clone(), now).await;
        assert_eq!(header["typ"], "client-authentication+jwt");
        assert!(claims.get("iat").is_none());
        assert!(claims["nbf"].as_u64().unwrap() < now.epoch_seconds());
        let [header, _] = parts_of(AssertionTerms { typ: None, ..terms }, now).await;
        assert!(header.get("typ").is_none());
    }
}
