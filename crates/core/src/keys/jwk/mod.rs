//! JWK and JWKS (RFC 7517), read tolerantly: what people hold was written by many hands
//! (requirements JW-8, KF-1, KF-8).

mod members;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use self::members::{decode, full_width};
use super::certificate::Certificate;
use super::key_entry::{KeyContent, KeyEntry};
use super::key_set::{KeySet, MAX_ENTRIES, too_many};
use super::public_key::{Curve, PublicKey, without_leading_zeros};
use super::rsa_primes::{self, RsaPrimes};
use super::signer::{PrivateKey, RsaPrivateNumbers};
use crate::error::{ErrorCode, Problem};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Option<Vec<&'a RawValue>>,
    kty: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Zeroizing<String>>,
    p: Option<Zeroizing<String>>,
    q: Option<Zeroizing<String>>,
    dp: Option<Zeroizing<String>>,
    dq: Option<Zeroizing<String>>,
    qi: Option<Zeroizing<String>>,
    x5c: Option<Vec<String>>,
}

/// One JWK, or a set of them.
pub(crate) fn parse(text: &str) -> Result<KeySet, Problem> {
    let corrupt = |why: &str| Err(Problem::new(ErrorCode::KeystoreCorrupt, why));
    let text = text.trim_start_matches('\u{feff}');
    let document = match serde_json::from_str::<Document<'_>>(text) {
        Ok(document) => document,
        // The parser's own words could quote the value that it choked on.
        Err(error) if error.is_eof() => return corrupt("a JWK or JWKS that is cut short"),
        Err(_) => return corrupt("not a JWK or JWKS: expected a JSON object with `keys` or `kty`"),
    };
    let jwks: Vec<_> = match document {
        Document { keys: Some(keys), .. } => keys.into_iter().map(RawValue::get).collect(),
        Document { kty: Some(_), .. } => vec![text],
        Document { .. } => {
            return corrupt("not a JWK or JWKS: the JSON object has neither `keys` nor `kty`");
        }
    };
    if jwks.len() > MAX_ENTRIES {
        return Err(too_many());
    }
    let entries = jwks
        .into_iter()
        .map(|jwk| match serde_json::from_str::<Jwk>(jwk) {
            Ok(jwk) => jwk.into_entry(),
            // The parser's own words could quote the value that it choked on.
            Err(_) => KeyEntry::new(
                None,
                None,
                Err(Problem::new(
                    ErrorCode::KeystoreCorrupt,
                    "not a JWK: a member is missing or of the wrong type (RFC 7517 §4)",
                )),
            ),
        })
        .collect();
    Ok(KeySet::new(entries))
}

impl Jwk {
    fn into_entry(self) -> KeyEntry {
        let content = self.content();
        let chain: Vec<_> = self.x5c.iter().flatten().map(|base64| certificate(base64)).collect();
        KeyEntry::new(self.kid, self.alg, content).certified(chain)
    }

    fn content(&self) -> Result<KeyContent, Problem> {
        self.check_usage()?;
        let (public, private) = match self.kty.as_str() {
            "RSA" => self.rsa()?,
            "EC" => self.ec()?,
            "OKP" => self.okp()?,
            "oct" => {
                return Err(unusable(
                    "a symmetric key (kty oct) cannot sign for private_key_jwt; use an RSA or EC key",
                ));
            }
            _ => return Err(unusable("its key type (kty) is not RSA, EC or OKP")),
        };
        Ok(match private {
            Some(private) => KeyContent::Private { private: Box::new(private), public },
            None => KeyContent::Public(public),
        })
    }

    fn check_usage(&self) -> Result<(), Problem> {
        if self.usage.as_deref() == Some("enc") {
            return Err(unusable(
                "it is for encryption (use: enc); a key for signatures is needed",
            ));
        }
        let operations = self.key_ops.as_deref().unwrap_or_default();
        let allowed = if self.d.is_some() { "sign" } else { "verify" };
        if operations.is_empty() || operations.iter().any(|operation| operation == allowed) {
            return Ok(());
        }
        Err(unusable(&format!("its key_ops do not include {allowed}")))
    }

    fn rsa(&self) -> Result<(PublicKey, Option<PrivateKey>), Problem> {
        let n = decode("n", self.n.as_deref())?;
        let e = decode("e", self.e.as_deref())?;
        let public = PublicKey::rsa(&n, &e);
        let Some(d) = &self.d else {
            return Ok((public, None));
        };
        let d = decode("d", Some(d.as_str()))?;
        let RsaPrimes { p, q, dp, dq, qi } = self.primes(&n, &e, &d)?;
        let numbers = RsaPrivateNumbers {
            d: without_leading_zeros(&d),
            p: without_leading_zeros(&p),
            q: without_leading_zeros(&q),
            dp: without_leading_zeros(&dp),
            dq: without_leading_zeros(&dq),
            qi: without_leading_zeros(&qi),
        };
        let private = PrivateKey::rsa_from_components((&n, &e), &numbers)?;
        Ok((public, Some(private)))
    }

    /// As written; computed, where they are not all there.
    #[expect(clippy::many_single_char_names, reason = "the names are those of RFC 7518 §6.3")]
    fn primes(&self, n: &[u8], e: &[u8], d: &[u8]) -> Result<RsaPrimes, Problem> {
        let (Some(p), Some(q), Some(dp), Some(dq), Some(qi)) =
            (&self.p, &self.q, &self.dp, &self.dq, &self.qi)
        else {
            let (n, e, d) =
                (without_leading_zeros(n), without_leading_zeros(e), without_leading_zeros(d));
            return rsa_primes::recover(n, e, d).ok_or_else(|| {
                Problem::new(
                    ErrorCode::KeystoreCorrupt,
                    "RSA key: its numbers (n, e, d) do not belong together",
                )
            });
        };
        Ok(RsaPrimes {
            p: decode("p", Some(p.as_str()))?,
            q: decode("q", Some(q.as_str()))?,
            dp: decode("dp", Some(dp.as_str()))?,
            dq: decode("dq", Some(dq.as_str()))?,
            qi: decode("qi", Some(qi.as_str()))?,
        })
    }

    fn ec(&self) -> Result<(PublicKey, Option<PrivateKey>), Problem> {
        let curve = self
            .crv
            .as_deref()
            .and_then(Curve::parse)
            .ok_or_else(|| unusable("its curve (crv) is not P-256, P-384 or P-521"))?;
        let x = full_width("x", &decode("x", self.x.as_deref())?, curve.width())?;
        let y = full_width("y", &decode("y", self.y.as_deref())?, curve.width())?;
        let public = PublicKey::Ec { curve, x: x.to_vec(), y: y.to_vec() };
        let Some(d) = &self.d else {
            return Ok((public, None));
        };
        let d = full_width("d", &decode("d", Some(d.as_str()))?, curve.width())?;
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        let private = PrivateKey::ec_from_numbers(curve, &d, &point)?;
        Ok((public, Some(private)))
    }

    fn okp(&self) -> Result<(PublicKey, Option<PrivateKey>), Problem> {
        if self.crv.as_deref() != Some("Ed25519") {
            return Err(unusable("its curve (crv) is not Ed25519"));
        }
        let x = decode("x", self.x.as_deref())?;
        let public = PublicKey::Ed25519 { x: x.to_vec() };
        let Some(d) = &self.d else {
            return Ok((public, None));
        };
        let private = PrivateKey::ed25519_from_seed(&decode("d", Some(d.as_str()))?, &x)?;
        Ok((public, Some(private)))
    }
}

/// Standard base64 (RFC 7517 §4.7); one that cannot be read is no reason to refuse the key.
fn certificate(base64: &str) -> Option<Certificate> {
    Certificate::parse(&STANDARD.decode(base64).ok()?)
}

fn unusable(why: &str) -> Problem {
    Problem::new(ErrorCode::KeystoreUnusableKey, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::KeyChoice;

    const ES384: &str =
        include_str!("../../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
    const RS384: &str =
        include_str!("../../../../../__test__/fixtures/smart-app-launch/RS384.private.json");

    fn refusal(text: &str) -> Problem {
        let Err(problem) = parse(text).and_then(|set| set.select(&KeyChoice::default())) else {
            panic!("accepted: {text}")
        };
        problem
    }

    #[test]
    fn a_kid_listed_twice_gives_the_private_entry() {
        for (text, kid, alg) in [
            (RS384, "eee9f17a3b598fd86417a980b591fbe6", "RS384"),
            (ES384, "cd520211e5661dbba2256f67f6d53f97", "ES384"),
        ] {
            for key_id in [None, Some(kid)] {
                let selected = parse(text)
                    .unwrap()
                    .select(&KeyChoice { key_id: key_id.map(str::to_owned), alias: None })
                    .unwrap();
                assert_eq!(selected.key.key_id, kid);
                assert_eq!(selected.key.algorithm().as_str(), alg);
                assert!(selected.warnings.is_empty());
                assert_eq!(selected.public_jwks["keys"].as_array().unwrap().len(), 1);
            }
        }
    }

    #[test]
    fn the_keys_of_the_guide_have_their_thumbprints() {
        let thumbprint = |text| {
            parse(text).unwrap().select(&KeyChoice::default()).unwrap().key.public.thumbprint()
        };
        assert_eq!(thumbprint(RS384), "I99tVmIhN2uhvx12lO4Zrjk9OhGDH6LvIyYALIZivws");
        assert_eq!(thumbprint(ES384), "gpusNZnFRvG96B1APEttC6NcJetjhM0q2LJagnlW6Tc");
    }

    #[test]
    fn an_rsa_key_without_its_primes_signs_all_the_same() {
        for missing in [&["p", "q", "dp", "dq", "qi"][..], &["qi"], &["p"]] {
            let mut jwks: serde_json::Value = serde_json::from_str(RS384).unwrap();
            for name in missing {
                jwks["keys"][1].as_object_mut().unwrap().remove(*name).unwrap();
            }
            let selected = parse(&jwks.to_string()).unwrap().select(&KeyChoice::default()).unwrap();
            assert_eq!(
                selected.key.public.thumbprint(),
                "I99tVmIhN2uhvx12lO4Zrjk9OhGDH6LvIyYALIZivws"
            );
        }
    }

    #[test]
    fn an_unknown_key_type_is_skipped_with_a_warning() {
        let text = ES384.replacen("\"keys\": [", r#""keys": [{"kty":"ML-DSA","kid":"pq"},"#, 1);
        assert_ne!(text, ES384);
        let selected = parse(&text).unwrap().select(&KeyChoice::default()).unwrap();
        assert_eq!(selected.key.key_id, "cd520211e5661dbba2256f67f6d53f97");
        assert_eq!(selected.warnings.len(), 1);
    }

    #[test]
    fn keys_that_cannot_sign_say_why() {
        for (text, code, word) in [
            (r#"{"keys":[]}"#, ErrorCode::KeystoreUnusableKey, "no key"),
            (r#"{"kty":"oct","k":"c2VjcmV0"}"#, ErrorCode::KeystoreUnusableKey, "symmetric"),
            (
                r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA","d":"AA"}"#,
                ErrorCode::KeystoreUnusableKey,
                "P-256",
            ),
            (r#"{"kty":"EC","use":"enc"}"#, ErrorCode::KeystoreUnusableKey, "encryption"),
            (
                r#"{"kty":"RSA","key_ops":["verify"],"d":"AA"}"#,
                ErrorCode::KeystoreUnusableKey,
                "key_ops",
            ),
            (
                r#"{"kty":"RSA","n":"AA","e":"AQAB","d":"AA"}"#,
                ErrorCode::KeystoreCorrupt,
                "belong together",
            ),
            (r#"{"kty":"RSA","n":5}"#, ErrorCode::KeystoreCorrupt, "wrong type"),
            (r#"{"kty":"RSA","n":"***","e":"AQAB"}"#, ErrorCode::KeystoreCorrupt, "base64url"),
            ("[]", ErrorCode::KeystoreCorrupt, "JSON object"),
            ("{}", ErrorCode::KeystoreCorrupt, "neither"),
        ] {
            let problem = refusal(text);
            assert_eq!(problem.code, code, "{text}");
            assert!(problem.message.contains(word), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn a_private_key_that_cannot_sign_with_its_alg_is_passed_over() {
        let jwks: serde_json::Value = serde_json::from_str(RS384).unwrap();
        let mut encryption = jwks["keys"][1].clone();
        encryption["alg"] = "RSA-OAEP".into();
        encryption["kid"] = "enc".into();
        let text = ES384.replacen("\"keys\": [", &format!("\"keys\": [{encryption},"), 1);
        let selected = parse(&text).unwrap().select(&KeyChoice::default()).unwrap();
        assert_eq!(selected.key.algorithm().as_str(), "ES384");
        assert_eq!(selected.warnings.len(), 1);
    }

    #[test]
    fn a_key_id_that_is_not_there_is_answered_with_those_that_are() {
        let problem = parse(ES384)
            .unwrap()
            .select(&KeyChoice { key_id: Some("other".to_owned()), alias: None })
            .err()
            .unwrap();
        assert_eq!(problem.code, ErrorCode::KeystoreUnusableKey);
        assert!(problem.message.contains("cd520211e5661dbba2256f67f6d53f97"));
    }

    #[test]
    fn numbers_that_do_not_belong_together_are_refused() {
        let swapped = ES384.replace("\"y\": \"", "\"y\": \"B");
        assert!(parse(&swapped).and_then(|set| set.select(&KeyChoice::default())).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,200}") {
            let _ = parse(&text).and_then(|set| set.select(&KeyChoice::default()));
        }

        #[test]
        fn any_members_are_read_without_a_panic(
            kty in "RSA|EC|OKP|oct", crv in "P-256|P-521|Ed25519",
            a in "[A-Za-z0-9_+/=-]{0,90}", b in "[A-Za-z0-9_-]{0,90}",
        ) {
            let text = format!(
                r#"{{"kty":"{kty}","crv":"{crv}","n":"{a}","e":"AQAB","x":"{a}","y":"{b}","d":"{b}",
                "p":"{a}","q":"{b}","dp":"{a}","dq":"{b}","qi":"{a}"}}"#
            );
            let _ = parse(&text).and_then(|set| set.select(&KeyChoice::default()));
        }
    }
}
