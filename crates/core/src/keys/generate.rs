//! New key pairs, as a private JWKS (RFC 7517 §5; requirements SA-1).

use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, UintRef};
use pkcs8::der::{Decode as _, Reader as _, SliceReader};
use zeroize::Zeroizing;

use super::algorithm::SigningAlgorithm;
use super::key_entry::check_key_id;
use super::public_key::{Curve, PublicKey};
use super::signer::PrivateKey;
use crate::error::{Error, Problem};

const DEFAULT_MODULUS_BITS: f64 = 2048.0;

/// A key to generate.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// Default: RS384, which every SMART server supports (SA-1).
    pub algorithm: Option<SigningAlgorithm>,
    /// Of an RSA key: 2048, 3072, 4096 or 8192. Default: 2048.
    pub modulus_bits: Option<f64>,
    /// `kid`. Default: the RFC 7638 thumbprint.
    pub key_id: Option<String>,
}

impl NewKey {
    /// The text of a JWKS with this one private key: `alg`, `use` and `kid` are set.
    pub fn generate(&self) -> Result<Zeroizing<String>, Error> {
        if let Some(key_id) = &self.key_id {
            check_key_id("keyId", key_id)?;
        }
        let algorithm = self.algorithm.unwrap_or(SigningAlgorithm::Rs384);
        let private = match algorithm {
            SigningAlgorithm::Es256 => ec(Curve::P256)?,
            SigningAlgorithm::Es384 => ec(Curve::P384)?,
            SigningAlgorithm::Es512 => ec(Curve::P521)?,
            SigningAlgorithm::EdDsa => ed25519()?,
            _ => rsa(self.modulus_bits.unwrap_or(DEFAULT_MODULUS_BITS))?,
        };
        if self.modulus_bits.is_some() && !matches!(private.public, PublicKey::Rsa { .. }) {
            return Err(Problem::config(format!(
                "modulusLength belongs to RSA keys; a key for {} has none",
                algorithm.as_str()
            ))
            .into());
        }
        let key_id = self.key_id.clone().unwrap_or_else(|| private.public.thumbprint());
        private.to_jwks(algorithm, &key_id)
    }
}

/// Private members of a JWK beside its public half.
struct Generated {
    public: PublicKey,
    members: Vec<PrivateMember>,
}

/// Its name in RFC 7518 §6, and its octets.
type PrivateMember = (&'static str, Zeroizing<Vec<u8>>);

impl Generated {
    fn to_jwks(
        &self,
        algorithm: SigningAlgorithm,
        key_id: &str,
    ) -> Result<Zeroizing<String>, Error> {
        const LONGEST: usize = 16 * 1024;
        let mut jwk = self.public.to_jwk(key_id, Some(algorithm.as_str()));
        if let Some(members) = jwk.as_object_mut() {
            // With both, `use` is what servers and tools look at.
            members.remove("key_ops");
        }
        let public = serde_json::to_string(&jwk).map_err(|error| internal(&error.to_string()))?;
        // In one piece, so that no copy of a private member is left behind.
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        text.push_str("{\"keys\":[");
        text.push_str(public.trim_end_matches('}'));
        for (name, number) in &self.members {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":\"");
            URL_SAFE_NO_PAD.encode_string(number.as_slice(), &mut text);
            text.push('"');
        }
        text.push_str("}]}");
        Ok(text)
    }
}

fn rsa(bits: f64) -> Result<Generated, Error> {
    const SIZES: [(f64, KeySize); 4] = [
        (2048.0, KeySize::Rsa2048),
        (3072.0, KeySize::Rsa3072),
        (4096.0, KeySize::Rsa4096),
        (8192.0, KeySize::Rsa8192),
    ];
    let Some((_, size)) = SIZES.iter().find(|(length, _)| length.total_cmp(&bits).is_eq()) else {
        return Err(Problem::config("modulusLength: expected 2048, 3072, 4096 or 8192").into());
    };
    let pair = RsaKeyPair::generate(*size).map_err(|_| refused())?;
    let der: Pkcs8V1Der<'_> = aws_lc_rs::encoding::AsDer::as_der(&pair).map_err(|_| refused())?;
    let members = rsa_numbers(der.as_ref()).ok_or_else(refused)?;
    let public = PrivateKey::Rsa(pair).public_key().ok_or_else(refused)?;
    Ok(Generated { public, members })
}

/// `RSAPrivateKey` (RFC 8017 A.1.2) under the names of RFC 7518 §6.3.2.
fn rsa_numbers(pkcs8: &[u8]) -> Option<Vec<PrivateMember>> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).ok()?;
    let sequence = AnyRef::from_der(info.private_key.as_bytes()).ok()?;
    let mut numbers = SliceReader::new(sequence.value()).ok()?;
    for _public in ["version", "n", "e"] {
        numbers.decode::<UintRef<'_>>().ok()?;
    }
    ["d", "p", "q", "dp", "dq", "qi"]
        .into_iter()
        .map(|name| {
            let number: UintRef<'_> = numbers.decode().ok()?;
            Some((name, Zeroizing::new(number.as_bytes().to_vec())))
        })
        .collect()
}

fn ec(curve: Curve) -> Result<Generated, Error> {
    let pair = EcdsaKeyPair::generate(curve.signing_algorithm()).map_err(|_| refused())?;
    let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| refused())?;
    let d = Zeroizing::new(number.as_ref().to_vec());
    let public = PrivateKey::Ec(curve, pair).public_key().ok_or_else(refused)?;
    Ok(Generated { public, members: vec![("d", d)] })
}

fn ed25519() -> Result<Generated, Error> {
    let pair = Ed25519KeyPair::generate().map_err(|_| refused())?;
    let seed = pair.seed().map_err(|_| refused())?;
    let d = Zeroizing::new(seed.as_be_bytes().map_err(|_| refused())?.as_ref().to_vec());
    let public = PrivateKey::Ed25519(pair).public_key().ok_or_else(refused)?;
    Ok(Generated { public, members: vec![("d", d)] })
}

fn refused() -> Error {
    internal("the cryptographic library made no key")
}

fn internal(reason: &str) -> Error {
    Error::Internal { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyChoice, jwk};

    #[test]
    fn a_new_key_of_every_algorithm_is_read_back_with_its_thumbprint() {
        for algorithm in SigningAlgorithm::ALL {
            let new = NewKey { algorithm: Some(algorithm), ..NewKey::default() };
            let key = jwk::parse(&new.generate().unwrap()).unwrap();
            let key = key.select(&KeyChoice::default()).unwrap().key;
            assert_eq!(key.algorithm(), algorithm);
            assert_eq!(key.key_id, key.public.thumbprint());
        }
    }

    #[test]
    fn a_size_that_no_server_has_to_accept_is_refused() {
        for bits in [1024.0, 2047.0, f64::NAN] {
            let new = NewKey { modulus_bits: Some(bits), ..NewKey::default() };
            assert!(new.generate().unwrap_err().to_string().contains("4096"));
        }
        let new = NewKey {
            algorithm: Some(SigningAlgorithm::Es384),
            modulus_bits: Some(2048.0),
            key_id: None,
        };
        assert!(new.generate().is_err());
    }
}
