//! A private key, parsed once, that signs (JW-1 to JW-4).

use std::fmt;
use std::sync::Arc;

use ::pkcs8::der::Tag;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};

use super::algorithm::SigningAlgorithm;
use super::asn1::Fields;
use super::certificate::Certificate;
use super::ecdsa_signature::der_from_fixed;
use super::external_signer::{ExternalKey, SignerFailure};
use super::public_key::{Curve, PublicKey, without_leading_zeros};
use super::signing_threads;
use crate::error::{ErrorCode, Problem};

impl Curve {
    pub(super) fn signing_algorithm(self) -> &'static EcdsaSigningAlgorithm {
        // FIXED: R ‖ S of fixed length, not DER (RFC 7518 §3.4).
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }
}

/// Key material, wiped by aws-lc when dropped, or a way to have it used.
pub(crate) enum PrivateKey {
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    External(ExternalKey),
}

fn rejected(kind: &str, why: &str) -> Problem {
    let (code, text) = match why {
        "TooSmall" => (
            ErrorCode::KeystoreUnusableKey,
            "shorter than 2048 bits, which RFC 7518 §3.3 forbids; make a new key".to_owned(),
        ),
        "TooLarge" => (ErrorCode::KeystoreUnusableKey, "longer than 8192 bits".to_owned()),
        _ => (ErrorCode::KeystoreCorrupt, "its numbers do not belong together".to_owned()),
    };
    Problem::new(code, format!("{kind} key: {text}"))
}

impl PrivateKey {
    pub(super) fn rsa_from_pkcs1(der: &[u8]) -> Result<Self, Problem> {
        // RFC 8017 A.1.2: version 1 has more than two primes.
        let has_more_primes = Fields::of(der)
            .is_some_and(|mut fields| fields.unsigned() == Some(1) && fields.is_next(Tag::Integer));
        if has_more_primes {
            return Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                "an RSA key of more than two primes, which no JWK of servers can tell; make another key",
            ));
        }
        RsaKeyPair::from_der(der)
            .map(Self::Rsa)
            .map_err(|error| rejected("RSA", &error.to_string()))
    }

    pub(super) fn rsa_from_components(
        public: (&[u8], &[u8]),
        private: &RsaPrivateNumbers<'_>,
    ) -> Result<Self, Problem> {
        let components = KeyPairComponents {
            public_key: aws_lc_rs::rsa::PublicKeyComponents {
                n: without_leading_zeros(public.0),
                e: without_leading_zeros(public.1),
            },
            d: private.d,
            p: private.p,
            q: private.q,
            dP: private.dp,
            dQ: private.dq,
            qInv: private.qi,
        };
        RsaKeyPair::from_components(&components)
            .map(Self::Rsa)
            .map_err(|error| rejected("RSA", &error.to_string()))
    }

    /// SEC 1 (RFC 5915), with or without the public key and the curve.
    pub(super) fn ec_from_sec1(curve: Curve, der: &[u8]) -> Result<Self, Problem> {
        EcdsaKeyPair::from_private_key_der(curve.signing_algorithm(), der)
            .map(|pair| Self::Ec(curve, pair))
            .map_err(|error| rejected(curve.name(), &error.to_string()))
    }

    /// `d` and the point `04 ‖ x ‖ y`, both at full width.
    pub(super) fn ec_from_numbers(curve: Curve, d: &[u8], point: &[u8]) -> Result<Self, Problem> {
        EcdsaKeyPair::from_private_key_and_public_key(curve.signing_algorithm(), d, point)
            .map(|pair| Self::Ec(curve, pair))
            .map_err(|error| rejected(curve.name(), &error.to_string()))
    }

    pub(super) fn ed25519_from_pkcs8(der: &[u8]) -> Result<Self, Problem> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map(Self::Ed25519)
            .map_err(|error| rejected("Ed25519", &error.to_string()))
    }

    pub(super) fn ed25519_from_seed(seed: &[u8], public: &[u8]) -> Result<Self, Problem> {
        Ed25519KeyPair::from_seed_and_public_key(seed, public)
            .map(Self::Ed25519)
            .map_err(|error| rejected("Ed25519", &error.to_string()))
    }

    pub(crate) fn public_key(&self) -> Option<PublicKey> {
        match self {
            Self::Rsa(pair) => {
                let public = pair.public_key();
                Some(PublicKey::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                ))
            }
            Self::Ec(curve, pair) => PublicKey::ec_point(*curve, pair.public_key().as_ref()),
            Self::Ed25519(pair) => {
                Some(PublicKey::Ed25519 { x: pair.public_key().as_ref().to_vec() })
            }
            Self::External(key) => Some(key.public.clone()),
        }
    }
}

/// Private members of an RSA JWK (RFC 7518 §6.3.2).
pub(super) struct RsaPrivateNumbers<'a> {
    pub(super) d: &'a [u8],
    pub(super) p: &'a [u8],
    pub(super) q: &'a [u8],
    pub(super) dp: &'a [u8],
    pub(super) dq: &'a [u8],
    pub(super) qi: &'a [u8],
}

/// A private key with what it is known under.
pub(crate) struct SigningKey {
    private: PrivateKey,
    pub(crate) public: PublicKey,
    pub(crate) key_id: String,
    /// `alg` of its JWK.
    pub(crate) declared: Option<SigningAlgorithm>,
    /// The key's own first.
    pub(crate) certificates: Vec<Certificate>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// `key_id`: the key's own, else its RFC 7638 thumbprint (KF-9).
    pub(crate) fn new(
        private: PrivateKey,
        key_id: Option<String>,
        declared: Option<SigningAlgorithm>,
        certificates: Vec<Certificate>,
    ) -> Result<Self, Problem> {
        let public = private.public_key().ok_or_else(|| {
            Problem::new(ErrorCode::KeystoreCorrupt, "the key has no valid public half")
        })?;
        if let Some(declared) = declared {
            declared.check(&public)?;
        }
        let key_id = key_id.unwrap_or_else(|| public.thumbprint());
        Ok(Self { private, public, key_id, declared, certificates })
    }

    /// What it signs with when neither the user nor the server says otherwise (KF-12).
    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.declared.unwrap_or_else(|| SigningAlgorithm::of_key(&self.public))
    }

    /// The same as `sign`, without keeping the calling thread: an elliptic-curve signature costs
    /// no more than handing it over would; an RSA signature is made elsewhere.
    pub(crate) async fn sign_apart(
        self: &Arc<Self>,
        algorithm: SigningAlgorithm,
        message: &str,
    ) -> Result<Vec<u8>, SigningFailed> {
        let message = message.as_bytes();
        match self.private {
            PrivateKey::Rsa(_) => signing_threads::sign(self, algorithm, message).await,
            PrivateKey::Ec(..) | PrivateKey::Ed25519(_) => self.sign(algorithm, message),
            PrivateKey::External(ref key) => {
                key.sign(algorithm, message).await.map_err(SigningFailed::External)
            }
        }
    }

    /// JWS signature bytes over `message`, by a key that is in memory.
    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningFailed> {
        let random = SystemRandom::new();
        match &self.private {
            PrivateKey::Rsa(pair) => {
                let encoding = algorithm.rsa_encoding().ok_or(SigningFailed::Refused)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .map_err(|_| SigningFailed::Refused)?;
                Ok(signature)
            }
            PrivateKey::Ec(_, pair) => {
                let signature = pair.sign(&random, message).map_err(|_| SigningFailed::Refused)?;
                Ok(signature.as_ref().to_vec())
            }
            PrivateKey::Ed25519(pair) => {
                Ok(pair.try_sign(message).map_err(|_| SigningFailed::Refused)?.as_ref().to_vec())
            }
            PrivateKey::External(_) => Err(SigningFailed::Refused),
        }
    }

    /// The same as TLS has it (RFC 8446 §4.2.3).
    pub(crate) fn sign_for_tls(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningFailed> {
        let signature = self.sign(algorithm, message)?;
        match &self.private {
            PrivateKey::Ec(..) => der_from_fixed(&signature).ok_or(SigningFailed::Refused),
            _ => Ok(signature),
        }
    }
}

/// Why there is no signature.
#[derive(Debug)]
pub(crate) enum SigningFailed {
    /// The cryptographic library refused; it does not say why.
    Refused,
    /// The external signer's own failure.
    External(SignerFailure),
}
