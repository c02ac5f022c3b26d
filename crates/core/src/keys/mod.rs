//! Keys: what people hold, read into something that signs (requirements KF, JW).

/// A file of `__test__/fixtures/keystores-core`.
#[cfg(test)]
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../__test__/fixtures/keystores-core/",
            $name
        ))
        .as_slice()
    };
}

mod algorithm;
mod asn1;
mod ber;
mod budget;
mod cbc;
mod certificate;
mod der;
mod ecdsa_signature;
mod external_signer;
mod format;
mod generate;
mod jks;
pub(crate) mod jwk;
mod key_entry;
mod key_set;
mod key_type;
mod passphrases;
mod pbe;
mod pem;
mod pkcs12;
mod pkcs8;
mod public_key;
mod rsa_primes;
mod sec1;
mod signer;
mod signing_threads;
mod text;
mod thumbprint;

pub use algorithm::SigningAlgorithm;
pub use external_signer::{ExternalSigner, SignerFailure};
pub use format::KeystoreFormat;
pub use generate::NewKey;
pub use key_set::KeyChoice;
pub use passphrases::Passphrases;

pub(crate) use certificate::Certificate;
pub(crate) use format::{MAX_BYTES, external, is_wrapped_keystore, parse};
pub(crate) use key_entry::check_key_id;
pub(crate) use signer::{SigningFailed, SigningKey};
