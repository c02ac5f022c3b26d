//! A key that cannot be exported, behind a call: HSM, KMS (requirements KF-11).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::algorithm::SigningAlgorithm;
use super::ecdsa_signature::fixed_from_der;
use super::public_key::{Curve, PublicKey};

/// Why an external signer gave no usable signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerFailure {
    /// A phrase that follows "the external signer", such as `threw: …`.
    pub reason: String,
    /// Which call it was, where the signer's own side knows more of it by that number.
    pub call: Option<u32>,
    /// True where the same call may succeed later with nothing changed.
    pub transient: bool,
}

impl SignerFailure {
    /// No answer in time; `setting` bounds it.
    pub(crate) fn late(limit: Duration, setting: &str) -> Self {
        let limit = limit.as_millis();
        let reason = format!(
            "did not answer within {limit} ms ({setting}); see whether the key service is up, or allow more time"
        );
        Self { reason, call: None, transient: true }
    }

    pub(crate) fn of_keystore(self, name: &str) -> Self {
        Self { reason: format!("of keystore '{name}' {}", self.reason), ..self }
    }
}

/// Signs with a key that only it has.
pub trait ExternalSigner: Send + Sync {
    /// The signature of `algorithm` over `signing_input`, as RFC 7515 has it; ECDSA as DER too, which
    /// is what most key services return.
    fn sign(
        &self,
        signing_input: &[u8],
        algorithm: SigningAlgorithm,
    ) -> BoxFuture<'static, Result<Vec<u8>, SignerFailure>>;
}

/// An external signer with the public half of its key.
#[derive(Clone)]
pub(crate) struct ExternalKey {
    signer: Arc<dyn ExternalSigner>,
    pub(super) public: PublicKey,
    time_limit: Duration,
}

impl fmt::Debug for ExternalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl ExternalKey {
    pub(super) fn new(
        signer: Arc<dyn ExternalSigner>,
        public: PublicKey,
        time_limit: Duration,
    ) -> Self {
        Self { signer, public, time_limit }
    }

    /// What comes back is checked like any input from outside: a server would only say `invalid_client`.
    pub(super) async fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SignerFailure> {
        let answer = timeout(self.time_limit, self.signer.sign(message, algorithm)).await;
        let signature = answer
            .map_err(|_| SignerFailure::late(self.time_limit, "timeoutMs of the keystore"))??;
        let signature = match &self.public {
            PublicKey::Ec { curve, .. } => fixed_width(*curve, signature),
            PublicKey::Rsa { .. } | PublicKey::Ed25519 { .. } => signature,
        };
        if is_signature(&self.public, algorithm, message, &signature) {
            return Ok(signature);
        }
        let reason = format!(
            "returned {} bytes that are no {} signature by the key of publicJwk over the input; \
             is it the same key, is the input hashed just once, and is the algorithm the one asked for?",
            signature.len(),
            algorithm.as_str()
        );
        Err(SignerFailure { reason, call: None, transient: false })
    }
}

/// R ‖ S, of DER or as it is (RFC 7518 §3.4, RFC 3279 §2.2.3).
fn fixed_width(curve: Curve, signature: Vec<u8>) -> Vec<u8> {
    if signature.len() == 2 * curve.width() {
        return signature;
    }
    fixed_from_der(curve, &signature).unwrap_or(signature)
}

fn is_signature(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    match key {
        PublicKey::Rsa { n, e } => rsa_parameters(algorithm).is_some_and(|parameters| {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        }),
        PublicKey::Ec { curve, x, y } => {
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            UnparsedPublicKey::new(curve.verification_algorithm(), point)
                .verify(message, signature)
                .is_ok()
        }
        PublicKey::Ed25519 { x } => {
            UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok()
        }
    }
}

fn rsa_parameters(algorithm: SigningAlgorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        SigningAlgorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        SigningAlgorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        SigningAlgorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        SigningAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        SigningAlgorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        SigningAlgorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair as _,
    };
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    struct Scripted(Option<Result<Vec<u8>, SignerFailure>>);

    impl ExternalSigner for Scripted {
        fn sign(
            &self,
            _: &[u8],
            _: SigningAlgorithm,
        ) -> BoxFuture<'static, Result<Vec<u8>, SignerFailure>> {
            match &self.0 {
                Some(answer) => std::future::ready(answer.clone()).boxed(),
                None => std::future::pending().boxed(),
            }
        }
    }

    /// A signature in this format, and the key that made it.
    fn signature(format: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, PublicKey) {
        let pair = EcdsaKeyPair::generate(format).unwrap();
        let public = PublicKey::ec_point(Curve::P256, pair.public_key().as_ref()).unwrap();
        (pair.sign(&SystemRandom::new(), b"message").unwrap().as_ref().to_vec(), public)
    }

    async fn sign(
        answer: Option<Result<Vec<u8>, SignerFailure>>,
        public: PublicKey,
    ) -> Result<Vec<u8>, SignerFailure> {
        let key = ExternalKey::new(Arc::new(Scripted(answer)), public, Duration::from_millis(20));
        key.sign(SigningAlgorithm::Es256, b"message").await
    }

    #[tokio::test]
    async fn an_ecdsa_signature_may_be_der_or_raw_and_goes_out_raw() {
        for format in [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_FIXED_SIGNING] {
            let (signature, public) = signature(format);
            assert_eq!(sign(Some(Ok(signature)), public).await.unwrap().len(), 64);
        }
    }

    #[tokio::test]
    async fn what_is_no_signature_of_the_key_is_refused_and_not_tried_again() {
        let (signature, _) = signature(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let (_, other) = self::signature(&ECDSA_P256_SHA256_ASN1_SIGNING);
        for answer in [signature, Vec::new(), vec![0x30; 64]] {
            let failure = sign(Some(Ok(answer)), other.clone()).await.unwrap_err();
            assert!(failure.reason.contains("ES256") && !failure.transient);
        }
    }

    #[tokio::test]
    async fn a_signer_that_does_not_answer_is_waited_for_no_longer_than_its_limit() {
        let (_, public) = signature(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let failure = sign(None, public).await.unwrap_err();
        assert!(failure.reason.contains("20 ms") && failure.transient);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_for_a_signature_without_a_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            for curve in Curve::ALL {
                let _ = fixed_width(curve, bytes.clone());
            }
        }
    }
}
